/** What a collector lacks of its units' records, and asks for once it no longer comes by itself. */
import type { Presence, Stream } from "./record-archive.ts";
import { RangeSet, type Range } from "../base/range-set.ts";

/** How far a unit said it is, at its last birth. */
interface Head {
  epoch: string;
  seq: number;
}

interface Stuck {
  /** What was there when it was last looked at. */
  there: string;
  /** Looks without any change so far. */
  looks: number;
}

/** What is lacking of one stream. */
export interface Gap {
  stream: Stream;
  ranges: Range[];
}

/** Ranges asked for in one word; the rest follows. */
const ASKED = 100;

/**
 * A gap is usual while a unit replays its backlog, and closes by itself. One that stays means that
 * the unit believes it has delivered: a collector that goes on from an older copy of its database,
 * or from none, has lost what the units no longer keep ready.
 */
export class GapDetector {
  readonly #heads = new Map<string, Head>();
  readonly #stuck = new Map<string, Stuck>();

  /** Takes what a unit says of itself. */
  noteHead({ unit, state }: Presence): void {
    const head = headIn(state);
    if (head !== undefined) this.#heads.set(unit, head);
  }

  /** Looks at what is there. @returns what to ask for now: at the second look, the 4th, the 8th … */
  check(streams: readonly Stream[]): Gap[] {
    const asked: Gap[] = [];
    for (const stream of [...streams, ...this.#unknown(streams)]) {
      const name = `${stream.unit}/${stream.epoch}`;
      const ranges = this.#lacking(stream);
      if (ranges.length === 0) {
        this.#stuck.delete(name);
        continue;
      }
      const there = JSON.stringify(stream.ranges);
      const before = this.#stuck.get(name);
      const looks = before?.there === there ? before.looks + 1 : 1;
      this.#stuck.set(name, { there, looks });
      if (looks > 1 && (looks & (looks - 1)) === 0) {
        asked.push({ stream, ranges: ranges.slice(0, ASKED) });
      }
    }
    return asked;
  }

  /** Streams that units have, and of which nothing is here. */
  #unknown(streams: readonly Stream[]): Stream[] {
    const known = new Set(streams.map(({ unit, epoch }) => `${unit}/${epoch}`));
    return [...this.#heads]
      .filter(([unit, { epoch }]) => !known.has(`${unit}/${epoch}`))
      .map(([unit, { epoch }]) => ({ unit, epoch, through: 0, ranges: [], gaps: [] }));
  }

  #lacking({ unit, epoch, ranges }: Stream): Range[] {
    const head = this.#heads.get(unit);
    const last = ranges.at(-1)?.[1] ?? 0;
    const end = head?.epoch === epoch ? Math.max(head.seq, last) : last;
    return new RangeSet(ranges).missing(1, end);
  }
}

function headIn(state: string): Head | undefined {
  try {
    const { epoch, outbox } = JSON.parse(state) as { epoch?: unknown; outbox?: { head?: unknown } };
    const seq = outbox?.head;
    const whole = typeof seq === "number" && Number.isSafeInteger(seq);
    return typeof epoch === "string" && epoch !== "" && whole ? { epoch, seq } : undefined;
  } catch {
    return undefined;
  }
}
