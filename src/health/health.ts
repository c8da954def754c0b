/** A unit's health from its parts: for its server, its service manager and Prometheus. */
import { CARD_READERS, CODE_READERS, someWork } from "../core/alarm.ts";
import type { Clock } from "../../hal/clock.ts";
import type { ScreenView } from "../core/view/view.ts";
import {
  UnitMetrics,
  type MeasuredVisit,
  type DataSetFigures,
  type UplinkFigures,
} from "./metrics.ts";
import { Tally, type CountedTurn, type UnitFigures } from "./telemetry.ts";
import { VitalSigns, type BeatingLoop } from "./vitals.ts";

export interface HealthOptions {
  unitId: string;
  version: string;
  clock: Clock;
  /** The gateway now running; asked at each use. */
  gateway: () => BeatingLoop & { view(): ScreenView };
  store: {
    settings: { set(name: string, value: string): Promise<void> };
    outbox: { pending(): number; lost(): number; head(): number };
  };
  uplink?: () => UplinkFigures | undefined;
  /** What a part is to be asked for more about, by its name; what is no part yet becomes one that is not well. */
  remarks?: () => Iterable<readonly [name: string, detail: string]>;
  /** Sets of data from the district. */
  dataSets?: () => DataSetFigures | undefined;
}

interface Part {
  name: string;
  ok: boolean;
  detail?: string;
}

interface Report {
  ok: boolean;
  parts: Part[];
}

/** The setting that a look commits when no record was committed lately. */
const HEARTBEAT = "health.last-look-ms";

/** A unit's health. `src/ui` serves it; the service manager's watchdog rests on `alive`. */
export class Health {
  readonly #options: HealthOptions;
  readonly #vitals: VitalSigns;
  readonly #metrics: UnitMetrics;
  readonly #tally = new Tally();

  constructor(options: HealthOptions) {
    this.#options = options;
    const { clock, gateway, store, unitId, version, uplink, dataSets } = options;
    this.#vitals = new VitalSigns({
      clock,
      loop: gateway,
      commit: (atMs) => store.settings.set(HEARTBEAT, String(atMs)),
    });
    this.#metrics = new UnitMetrics({
      unitId,
      version,
      view: () => gateway().view(),
      outbox: store.outbox,
      uplink: () => uplink?.(),
      ...(dataSets === undefined ? {} : { dataSets }),
    });
  }

  /** For the gateway's `onTurn`. */
  sawTurn(turn: CountedTurn): void {
    this.#metrics.sawTurn(turn);
    this.#tally.saw(turn);
  }

  /** For the gateway's `onTimings`. */
  sawVisit(timings: MeasuredVisit): void {
    this.#metrics.sawVisit(timings);
  }

  /** The decision loop turned now, and the database committed within the last seconds. */
  async alive(): Promise<Report> {
    const { loop, database } = await this.#vitals.look();
    const parts = [{ name: "decision-loop", ...loop }, databasePart(database)];
    return { ok: parts.every(({ ok }) => ok), parts };
  }

  /**
   * Whether a visitor could be admitted now: alive, a gate that moves, and one reader at least.
   * What a unit works without (broker, directory's source, thermometer, panel) is reported and does not count.
   */
  async ready(): Promise<Report> {
    const alive = await this.alive();
    const { devices, links, mode, clockTrusted, outbox } = this.#options.gateway().view();
    const reads = someWork(devices, [...CODE_READERS, ...CARD_READERS]);
    const ok = alive.ok && devices.gate === true && reads && outbox.state !== "full";
    const parts: Part[] = [
      ...alive.parts,
      ...Object.entries(devices).map(([name, each]) => ({ name: `device/${name}`, ok: each })),
      ...Object.entries(links).map(([name, each]) => ({ name: `link/${name}`, ok: each })),
      { name: "clock", ok: clockTrusted },
      { name: "outbox", ok: outbox.state === "normal", detail: outbox.state },
      { name: "mode", ok: mode === "normal", detail: mode },
    ];
    for (const [name, detail] of this.#options.remarks?.() ?? []) {
      const part = parts.find((each) => each.name === name);
      if (part === undefined) parts.push({ name, ok: false, detail });
      else part.detail = detail;
    }
    return { ok, parts };
  }

  /** The figures of the telemetry. */
  figures(): UnitFigures {
    const { gateway, store, uplink } = this.#options;
    const { commandsRefused } = uplink?.() ?? {};
    return this.#tally.figures(gateway().view(), store.outbox.lost(), commandsRefused);
  }

  metrics(): Promise<{ contentType: string; text: string }> {
    return this.#metrics.text();
  }
}

function databasePart({
  ok,
  ageMs,
  detail,
}: {
  ok: boolean;
  ageMs: number;
  detail?: string;
}): Part {
  const age = Number.isFinite(ageMs) ? `${Math.round(ageMs)} ms since a commit` : "no commit yet";
  return { name: "database", ok, detail: detail === undefined ? age : `${age}: ${detail}` };
}
