/** The unit's figures for Prometheus: counts and times, never anything about a person. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { ALARM_KINDS } from "../core/alarm.ts";
import type { Outcome } from "../core/decision/decision.ts";
import type { RecordBody, ReleaseCause, VisitEnding } from "../core/record.ts";
import type { ScreenView } from "../core/view/view.ts";
import { openingsOf, recordedIn, type CountedTurn } from "./telemetry.ts";

/** Counts of the uplink since its start, as far as they are shown. */
export interface UplinkFigures {
  published: number;
  acknowledged: number;
  withoutSubscriber: number;
  refused: number;
  resent: number;
  connections: number;
  failedConnections: number;
  commandsRefused: Readonly<Record<string, number>>;
  acknowledgementsRefused: Readonly<Record<string, number>>;
}

/** Data sets from the district: the active versions, and failures since the start. */
export interface DataSetFigures {
  reports: Readonly<Record<string, { version?: number; asOfMs?: number }>>;
  /** By set and reason. */
  failures: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface MetricsSources {
  unitId: string;
  version: string;
  view: () => ScreenView;
  outbox: { pending(): number; lost(): number; head(): number };
  /** Absent while there is no uplink. */
  uplink: () => UplinkFigures | undefined;
  /** Absent where no district gives this unit data. */
  dataSets?: () => DataSetFigures | undefined;
}

/** Times of one visit, monotonic ms. */
export interface MeasuredVisit {
  readyAtMs: number;
  decidedAtMs: number;
  committedAtMs: number;
  gateAtMs?: number;
}

const SECOND_MS = 1_000;
const OUTCOMES: readonly Outcome[] = ["granted", "denied", "referred"];
const ENDINGS: readonly VisitEnding[] = ["taken", "not-taken", "unobserved", "abandoned"];
const CAUSES: readonly ReleaseCause[] = [
  "granted",
  "exit-request",
  "operator",
  "command",
  "fire",
  "evacuation",
];
/** Around what a visitor notices: a tenth of a second is at once, more than one is slow. */
const STAGE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5];

/** Counts what happens and reads the rest when it is asked for. */
export class UnitMetrics {
  readonly #registry = new Registry();
  readonly #sources: MetricsSources;
  readonly #visits: Counter<"outcome">;
  readonly #endings: Counter<"ending">;
  readonly #releases: Counter<"cause">;
  readonly #raised: Counter<"kind">;
  readonly #decision: Histogram;
  readonly #commit: Histogram;
  readonly #gate: Histogram;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    const registers = [this.#registry];
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Counter({ name, help, labelNames, registers });
    const stage = (name: string, help: string): Histogram =>
      new Histogram({ name, help, buckets: STAGE_BUCKETS, registers });
    this.#visits = counter("sentinel_visits_total", "Visits decided, by outcome", ["outcome"]);
    this.#endings = counter("sentinel_visit_endings_total", "Visits over, by ending", ["ending"]);
    this.#releases = counter("sentinel_gate_releases_total", "Gate opened, by cause", ["cause"]);
    this.#raised = counter("sentinel_alarms_raised_total", "Alarms raised, by kind", ["kind"]);
    this.#decision = stage("sentinel_decision_seconds", "Readable credential to decision");
    this.#commit = stage("sentinel_record_commit_seconds", "Decision to its record on the disk");
    this.#gate = stage("sentinel_gate_seconds", "Decision to the gate's line");
    // A count that appears with its first event has no increase to be seen.
    for (const outcome of OUTCOMES) this.#visits.inc({ outcome }, 0);
    for (const ending of ENDINGS) this.#endings.inc({ ending }, 0);
    for (const cause of CAUSES) this.#releases.inc({ cause }, 0);
    for (const kind of ALARM_KINDS) this.#raised.inc({ kind }, 0);
    collectDefaultMetrics({ register: this.#registry });
    this.#gauges();
    this.#uplink();
    if (sources.dataSets !== undefined) this.#dataSets(sources.dataSets);
  }

  sawTurn(turn: CountedTurn): void {
    for (const body of recordedIn(turn)) this.#sawRecord(body);
    for (const cause of openingsOf(turn)) this.#releases.inc({ cause });
  }

  sawVisit({ readyAtMs, decidedAtMs, committedAtMs, gateAtMs }: MeasuredVisit): void {
    // A visit that staff decides later was not waiting for the machine.
    if (decidedAtMs <= 0) return;
    this.#decision.observe(Math.max(0, decidedAtMs - readyAtMs) / SECOND_MS);
    if (committedAtMs > 0) {
      this.#commit.observe(Math.max(0, committedAtMs - decidedAtMs) / SECOND_MS);
    }
    if (gateAtMs !== undefined) {
      this.#gate.observe(Math.max(0, gateAtMs - decidedAtMs) / SECOND_MS);
    }
  }

  async text(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #sawRecord(body: RecordBody): void {
    if (body.type === "visit-decided") this.#visits.inc({ outcome: body.decision.outcome });
    if (body.type === "visit-ended") this.#endings.inc({ ending: body.ending });
    if (body.type === "alarm-raised") this.#raised.inc({ kind: body.alarm });
  }

  /** A figure that is read at the moment it is asked for. */
  #read<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    read: (set: (value: number, labels?: Partial<Record<Label, string>>) => void) => void,
  ): void {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        gauge.reset();
        read((value, labels) => gauge.set(labels ?? {}, value));
      },
    });
  }

  /** A count kept elsewhere, read when it is asked for. */
  #count<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    read: (set: (value: number, labels?: Partial<Record<Label, string>>) => void) => void,
  ): void {
    const counter: Counter<Label> = new Counter({
      name: `${name}_total`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        counter.reset();
        read((value, labels) => counter.inc(labels ?? {}, value));
      },
    });
  }

  #gauges(): void {
    const { unitId, version, view, outbox } = this.#sources;
    this.#read("sentinel_info", "Which unit, which program", ["unit", "version"], (set) =>
      set(1, { unit: unitId, version }),
    );
    this.#read("sentinel_alarms", "Active alarms, by kind", ["kind"], (set) => {
      const { alarms } = view();
      for (const kind of ALARM_KINDS) {
        set(alarms.filter((alarm) => alarm.kind === kind).length, { kind });
      }
    });
    this.#read("sentinel_device_ok", "1 while the device works", ["device"], (set) => {
      for (const [device, ok] of Object.entries(view().devices)) set(Number(ok), { device });
    });
    this.#read(
      "sentinel_link_ok",
      "1 while the other side of the link answers",
      ["link"],
      (set) => {
        for (const [link, ok] of Object.entries(view().links)) set(Number(ok), { link });
      },
    );
    this.#read("sentinel_clock_trusted", "1 while the wall clock can be believed", [], (set) =>
      set(Number(view().clockTrusted)),
    );
    this.#read("sentinel_data_age_seconds", "Age of what decisions rest on", ["data"], (set) => {
      const { freshness, atMs } = view();
      const { directoryAsOfMs, trustListAsOfMs, policy } = freshness;
      const ages = { directory: directoryAsOfMs, "trust-list": trustListAsOfMs };
      for (const [data, asOfMs] of Object.entries({ ...ages, policy: policy.issuedAtMs })) {
        if (asOfMs !== undefined) set((atMs - asOfMs) / SECOND_MS, { data });
      }
    });
    this.#read(
      "sentinel_outbox_pending",
      "Records not yet confirmed by broker or collector",
      [],
      (set) => set(outbox.pending()),
    );
    this.#count("sentinel_outbox_lost", "Records refused or given up at the limit", [], (set) =>
      set(outbox.lost()),
    );
    this.#count("sentinel_records", "Records of this unit's chain", [], (set) =>
      set(outbox.head()),
    );
  }

  #dataSets(figures: () => DataSetFigures | undefined): void {
    const reports = (): DataSetFigures["reports"] => figures()?.reports ?? {};
    this.#read("sentinel_data_set_version", "Version of the active set", ["set"], (set) => {
      for (const [kind, { version }] of Object.entries(reports())) {
        if (version !== undefined) set(version, { set: kind });
      }
    });
    this.#read("sentinel_data_set_age_seconds", "Age of the active set", ["set"], (set) => {
      const { atMs } = this.#sources.view();
      for (const [kind, { asOfMs }] of Object.entries(reports())) {
        if (asOfMs !== undefined) set((atMs - asOfMs) / SECOND_MS, { set: kind });
      }
    });
    this.#count("sentinel_data_set_failures", "Sets not taken, by why", ["set", "why"], (set) => {
      for (const [kind, reasons] of Object.entries(figures()?.failures ?? {})) {
        for (const [why, count] of Object.entries(reasons)) set(count, { set: kind, why });
      }
    });
  }

  #uplink(): void {
    const { uplink } = this.#sources;
    const figure = (name: string, help: string, of: (figures: UplinkFigures) => number): void => {
      this.#count(`sentinel_uplink_${name}`, help, [], (set) => {
        const figures = uplink();
        if (figures !== undefined) set(of(figures));
      });
    };
    figure("published", "Records the broker took", ({ published }) => published);
    figure(
      "delivered",
      "Records confirmed by broker or collector",
      ({ acknowledged }) => acknowledged,
    );
    figure("resent", "Records sent again", ({ resent }) => resent);
    figure("unheard", "Records without a subscriber", ({ withoutSubscriber }) => withoutSubscriber);
    figure("refused", "Records the broker refused", ({ refused }) => refused);
    figure("connections", "Connections to the broker", ({ connections }) => connections);
    figure("failures", "Failed tries to connect", ({ failedConnections }) => failedConnections);
    const refusals = (
      name: string,
      help: string,
      of: (figures: UplinkFigures) => Readonly<Record<string, number>>,
    ): void => {
      this.#count(`sentinel_${name}_refused`, help, ["why"], (set) => {
        const figures = uplink();
        if (figures === undefined) return;
        for (const [why, count] of Object.entries(of(figures))) set(count, { why });
      });
    };
    refusals(
      "commands",
      "Commands that did nothing, by why",
      ({ commandsRefused }) => commandsRefused,
    );
    refusals(
      "acknowledgements",
      "Words about stored records that counted for nothing, by why",
      ({ acknowledgementsRefused }) => acknowledgementsRefused,
    );
  }
}
