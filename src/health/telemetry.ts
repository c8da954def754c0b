/** A unit's figures as it tells them to its district: counts and states, nothing about any person. */
import type { Effect } from "../core/effect.ts";
import type { ScreenView } from "../core/view.ts";

const word = (ok: boolean): "ok" | "failed" => (ok ? "ok" : "failed");

const wordsOf = <Name extends string>(
  states: Readonly<Partial<Record<Name, boolean>>>,
): Partial<Record<Name, "ok" | "failed">> =>
  Object.fromEntries(
    Object.entries(states).map(([name, ok]) => [name, word(ok === true)]),
  ) as Partial<Record<Name, "ok" | "failed">>;

/** What of a unit's telemetry follows from its decisions and its state. */
export type UnitFigures = ReturnType<Tally["figures"]>;

/** Counts what was decided since the unit's start. */
export class Tally {
  readonly #visits = { granted: 0, denied: 0, referred: 0 };
  #releases = 0;

  /** What a turn of the loop led to. */
  sawEffects(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "commit-record") continue;
      const { body } = effect.record;
      if (body.type === "visit-decided") this.#visits[body.decision.outcome] += 1;
      if (body.type === "gate-released") this.#releases += 1;
    }
  }

  figures(view: ScreenView, lost: number) {
    const { mode, alarms, devices, links, clockTrusted, outbox } = view;
    return {
      mode,
      clock: clockTrusted ? ("trusted" as const) : ("untrusted" as const),
      visits: { ...this.#visits },
      releases: this.#releases,
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
