/** How long a visit's record takes to the far end's disk, with and without a backlog under way. */
import { until } from "../../tests/support/until.ts";
import { record } from "./record.ts";
import { fill, reached, setUp } from "./rig.ts";

const LIMIT_MS = 60_000;
const SAMPLES = 150;
const EVERY_MS = 50;
/** What a unit replays a second when nothing else is set; enough of it for the whole measurement. */
const REPLAYED_PER_SECOND = 1_000;
const BACKLOG = (REPLAYED_PER_SECOND * SAMPLES * EVERY_MS * 1.5) / 1_000;

export interface LiveDelays {
  /** From the asking to commit to the collector's acknowledgement, ms, one a record. */
  delaysMs: number[];
  /** Records of the backlog that went out a second meanwhile. */
  replayedPerSecond: number;
}

/** Sends one record every 50 ms as a busy door would, twenty times what one does. */
export async function liveDelays(roundTripMs: number, withBacklog: boolean): Promise<LiveDelays> {
  const acknowledgedAtMs = new Map<number, number>();
  let firstLive = Infinity;
  const rig = await setUp({
    roundTripMs,
    acknowledgedBy: "collector",
    onDelivered: (from, to) => {
      for (let seq = Math.max(from, firstLive); seq <= to; seq++) {
        if (!acknowledgedAtMs.has(seq)) acknowledgedAtMs.set(seq, performance.now());
      }
    },
  });
  const { store } = rig;
  try {
    // One at least: its acknowledgement says that the far end is up.
    await fill(store, withBacklog ? BACKLOG : 1);
    firstLive = store.outbox.head() + 1;
    const uplink = await rig.start();
    const replayed = (): number => uplink.counters().acknowledged - acknowledgedAtMs.size;
    const first = until("the far end acknowledges", () => replayed() > 0, LIMIT_MS);
    await reached(rig, first);
    const askedAtMs = new Map<number, number>();
    const before = replayed();
    const startMs = performance.now();
    for (let sample = 0; sample < SAMPLES; sample++) {
      const askedMs = performance.now();
      const { seq } = await store.commit(record(BACKLOG + sample));
      askedAtMs.set(seq, askedMs);
      const nextMs = startMs + (sample + 1) * EVERY_MS - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs)));
    }
    const replayedPerSecond = ((replayed() - before) / (performance.now() - startMs)) * 1_000;
    const all = (): boolean => [...askedAtMs.keys()].every((seq) => acknowledgedAtMs.has(seq));
    await reached(rig, until("every live record is acknowledged", all, LIMIT_MS));
    const delaysMs = [...askedAtMs].map(([seq, atMs]) => (acknowledgedAtMs.get(seq) ?? 0) - atMs);
    return { delaysMs, replayedPerSecond };
  } finally {
    await rig.end();
  }
}
