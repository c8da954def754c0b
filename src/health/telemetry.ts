/** Computes the figures of the telemetry: counts and states, nothing about any person. */
import type { Effect } from "../core/effect.ts";
import type { Event } from "../core/event.ts";
import type { RecordBody, ReleaseCause } from "../core/record.ts";
import type { ScreenView } from "../core/view/view.ts";

const word = (ok: boolean): "ok" | "failed" => (ok ? "ok" : "failed");

const wordsOf = <Name extends string>(
  states: Readonly<Partial<Record<Name, boolean>>>,
): Partial<Record<Name, "ok" | "failed">> =>
  Object.fromEntries(
    Object.entries(states).map(([name, ok]) => [name, word(ok === true)]),
  ) as Partial<Record<Name, "ok" | "failed">>;

/** What of a unit's telemetry follows from its decisions and its state. */
export type UnitFigures = ReturnType<Tally["figures"]>;

/** A turn of the loop, as far as figures follow from it. */
export interface CountedTurn {
  event: Event;
  effects: readonly Effect[];
}

/** Why the gate was opened in a turn; holding it open longer is no other opening. */
export function openingsOf({ event, effects }: CountedTurn): ReleaseCause[] {
  if (event.kind === "timer-elapsed" && event.timer === "hold-open") return [];
  return effects.flatMap((effect) => (effect.kind === "release-gate" ? [effect.cause] : []));
}

/** What was recorded in a turn. */
export function recordedIn({ effects }: CountedTurn): RecordBody[] {
  return effects.flatMap((effect) => (effect.kind === "commit-record" ? [effect.record.body] : []));
}

/** Counts what was decided since the unit's start. */
export class Tally {
  readonly #visits = { granted: 0, denied: 0, referred: 0 };
  #releases = 0;

  saw(turn: CountedTurn): void {
    for (const body of recordedIn(turn)) {
      if (body.type === "visit-decided") this.#visits[body.decision.outcome] += 1;
    }
    this.#releases += openingsOf(turn).length;
  }

  figures(view: ScreenView, lost: number, commandsRefused: Readonly<Record<string, number>> = {}) {
    const { mode, alarms, devices, links, clockTrusted, outbox } = view;
    return {
      mode,
      clock: clockTrusted ? ("trusted" as const) : ("untrusted" as const),
      visits: { ...this.#visits },
      releases: this.#releases,
      commandsRefused: Object.fromEntries(
        Object.entries(commandsRefused).filter(([, count]) => count > 0),
      ),
      alarms: {
        count: alarms.length,
        inForce: alarms.map(({ kind, subject }) => ({
          kind,
          ...(subject === undefined ? {} : { subject }),
        })),
      },
      outbox: { ...outbox, lost },
      devices: wordsOf(devices),
      links: wordsOf(links),
    };
  }
}
