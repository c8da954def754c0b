/** Unit, broker and collector killed at random and at every write point, under load; then an audit. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { delay, withDeadline } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { createRandom, type Random } from "../../sim/kernel/random.ts";
import { startMosquitto, type Mosquitto } from "../../tests/support/mosquitto.ts";
import { printTable } from "../figures.ts";
import { audit, type Findings } from "./audit.ts";
import type { CollectorOrders, FarPoint } from "./collector-process.ts";
import type { UnitOrders, WritePoint } from "./unit-process.ts";
import { Victim } from "./victim.ts";

export interface StormOptions {
  kills: number;
  records: number;
  seed: number;
  /** Called after each life of the unit. */
  onProgress?: (progress: StormProgress) => void;
}

export interface StormProgress {
  kills: number;
  /** Records the unit said were durable so far. */
  decided: number;
  seconds: number;
}

export interface StormResult extends Findings {
  /** Records the storm asked for: it counts them itself, whatever the unit says of them. */
  asked: number;
  /** Records the unit said were durable; all that were asked for, in the end. */
  decided: number;
  /** Messages the far end had already; of collectors that were killed, as far as they said. */
  duplicates: number;
  killed: Readonly<Record<"unit" | "broker" | "collector", number>>;
  killedAt: Readonly<Record<string, number>>;
  seconds: number;
}

const POINTS: readonly WritePoint[] = [
  "commit asked",
  "in the transaction",
  "committed",
  "told",
  "publish asked",
  "broker took it",
  "collector's word heard",
  "outbox cleared",
];
/** Passed once for many records, so only a few times in a life. */
const ONCE_A_BATCH: ReadonlySet<WritePoint> = new Set(["collector's word heard", "outbox cleared"]);
const FAR_POINTS: readonly FarPoint[] = [
  "batch in hand",
  "batch stored",
  "told the broker",
  "told the unit",
];
const PER_SECOND = 2_000;
/** From the last kill to an empty outbox. */
const HEAL_MS = 300_000;
/** A named point is passed within this time, or the process is killed where it is. */
const PATIENCE_MS = 2_000;

const clock = createSystemClock();

/** Resolves when the work is done or the time is over, whichever comes first. */
async function withinMs(limitMs: number, work: Promise<unknown>): Promise<void> {
  await withDeadline(clock, limitMs, work, () => new Error("over")).catch(() => {});
}

/** One storm: processes, what they said, and what was done to them. */
class Storm {
  readonly #options: StormOptions;
  readonly #random: Random;
  readonly #folder = mkdtempSync(join(tmpdir(), "sentinel-crash-"));
  readonly #told = new Map<number, number>();
  readonly #killed = { unit: 0, broker: 0, collector: 0 };
  readonly #killedAt: Record<string, number> = {};
  readonly #unit = new Victim("./unit-process.ts", (line) => this.#heard(line));
  readonly #collector = new Victim("./collector-process.ts", (line) => this.#counted(line));
  #contradictions: string[] = [];
  #broker: Mosquitto | undefined;
  #duplicates = 0;
  #duplicatesOfLife = 0;
  #kills = 0;
  #untold = 1;
  #collectorDiesAt: FarPoint | undefined;

  constructor(options: StormOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
  }

  async run(): Promise<StormResult> {
    const beganMs = clock.monotonicMs();
    const broker = await startMosquitto();
    this.#broker = broker;
    try {
      await this.#startCollector();
      while (this.#kills < this.#options.kills) {
        // What is left is spread over the kills that are left, so that every one meets a load.
        const left = this.#options.records - this.#told.size;
        const share = Math.ceil((left / (this.#options.kills - this.#kills)) * 2);
        await this.#unitLife(Math.max(20, share));
        this.#options.onProgress?.({
          kills: this.#kills,
          decided: this.#told.size,
          seconds: (clock.monotonicMs() - beganMs) / 1_000,
        });
      }
      await this.#renewCollector({ mortal: false });
      const drained = this.#unit.heard("empty");
      await this.#startUnit({ to: this.#options.records });
      await withinMs(HEAL_MS, Promise.race([drained, this.#unit.gone()]));
      await this.#unit.kill("SIGTERM");
      await this.#collector.kill();
      this.#endCollectorLife();
      const findings = await audit(this.#path("unit.db"), this.#path("archive.db"), this.#told);
      return {
        ...findings,
        chainFaults: [...findings.chainFaults, ...this.#contradictions],
        asked: this.#options.records,
        decided: this.#told.size,
        duplicates: this.#duplicates,
        killed: this.#killed,
        killedAt: this.#killedAt,
        seconds: (clock.monotonicMs() - beganMs) / 1_000,
      };
    } finally {
      await this.#unit.kill();
      await this.#collector.kill();
      await broker.dispose();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** One life of the unit, with its end; others may die in its course. */
  async #unitLife(share: number): Promise<void> {
    const point = this.#random.chance(0.6) ? this.#random.pick(POINTS) : undefined;
    const to = Math.min(this.#options.records, this.#told.size + share);
    const often = point !== undefined && ONCE_A_BATCH.has(point) ? 4 : 60;
    const time = this.#random.integer(1, Math.max(1, Math.min(share, often)));
    await this.#startUnit({ to, ...(point === undefined ? {} : { die: { at: point, time } }) });
    if (this.#random.chance(0.25)) await this.#killCollector();
    if (this.#random.chance(0.25)) await this.#killBroker();
    const patienceMs = point === undefined ? this.#random.integer(0, 400) : PATIENCE_MS;
    await withinMs(patienceMs, this.#unit.gone());
    const itself = !this.#unit.running();
    if (itself && !this.#unit.killed()) {
      throw new Error(`the unit ended by itself: ${this.#unit.complaint()}`);
    }
    await this.#unit.kill();
    this.#count("unit", itself && point !== undefined ? point : "anywhere");
    if (!this.#collector.running()) await this.#renewCollector({ mortal: true });
  }

  async #killCollector(): Promise<void> {
    await delay(clock, this.#random.integer(0, 150));
    await this.#renewCollector({ mortal: true });
  }

  /** Kills it, where it has not done so itself, and starts another; a mortal one may die at a point. */
  async #renewCollector({ mortal }: { mortal: boolean }): Promise<void> {
    const itself = !this.#collector.running();
    if (itself && !this.#collector.killed()) {
      throw new Error(`the collector ended by itself: ${this.#collector.complaint()}`);
    }
    await this.#collector.kill();
    this.#endCollectorLife();
    this.#count("collector", (itself && this.#collectorDiesAt) || "the collector, anywhere");
    await this.#startCollector(mortal);
  }

  async #killBroker(): Promise<void> {
    await delay(clock, this.#random.integer(0, 150));
    await this.#broker?.kill();
    this.#count("broker", "broker");
    await this.#broker?.start();
  }

  #startUnit(orders: { to: number; die?: UnitOrders["die"] }): Promise<void> {
    const full: UnitOrders = {
      database: this.#path("unit.db"),
      broker: this.#broker?.url ?? "",
      from: this.#firstUntold(),
      perSecond: PER_SECOND,
      acknowledgedBy: "collector",
      to: orders.to,
      ...(orders.die === undefined ? {} : { die: orders.die }),
    };
    return this.#unit.start([JSON.stringify(full)]);
  }

  #startCollector(mortal = true): Promise<void> {
    const at = mortal && this.#random.chance(0.8) ? this.#random.pick(FAR_POINTS) : undefined;
    this.#collectorDiesAt = at;
    const often = at === "told the broker" ? 200 : 6;
    const orders: CollectorOrders = {
      database: this.#path("archive.db"),
      broker: this.#broker?.url ?? "",
      ...(at === undefined ? {} : { die: { at, time: this.#random.integer(1, often) } }),
    };
    return this.#collector.start([JSON.stringify(orders)]);
  }

  // A record that was committed but not told is asked for again under its key: once is still once.
  #firstUntold(): number {
    while (this.#told.has(this.#untold)) this.#untold += 1;
    return this.#untold;
  }

  #heard(line: string): void {
    const [word, number, seq] = line.split(" ");
    if (word !== "durable") return;
    const before = this.#told.get(Number(number));
    if (before !== undefined && before !== Number(seq)) {
      this.#contradictions.push(`record ${number} was told as ${before} and as ${seq}`);
    }
    this.#told.set(Number(number), Number(seq));
  }

  #counted(line: string): void {
    const [word, , duplicates] = line.split(" ");
    if (word === "stored") this.#duplicatesOfLife = Number(duplicates);
  }

  #endCollectorLife(): void {
    this.#duplicates += this.#duplicatesOfLife;
    this.#duplicatesOfLife = 0;
  }

  #count(who: keyof StormResult["killed"], where: string): void {
    this.#kills += 1;
    this.#killed[who] += 1;
    this.#killedAt[where] = (this.#killedAt[where] ?? 0) + 1;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

/** Runs a storm to its end; nothing of it is left on the machine. */
export function storm(options: StormOptions): Promise<StormResult> {
  return new Storm(options).run();
}

/** Whether a storm's result is what the unit promises. */
export function held(result: StormResult): boolean {
  const { asked, decided, lost, twice, misattributed, pending, chainFaults } = result;
  const wrong = lost.length + twice.length + misattributed.length + chainFaults.length;
  // A unit that said nothing of a record has not kept it either.
  return wrong + pending === 0 && decided === asked && result.stored === asked;
}

const SHORT = { kills: 60, records: 6_000 };
const LONG = { kills: 1_000, records: 100_000 };
const PROGRESS_KILLS = 25;

/** Prints how far it is, now and then, beside the table. */
function progressLine({ kills, records }: StormOptions): (progress: StormProgress) => void {
  let next = PROGRESS_KILLS;
  return (progress) => {
    if (progress.kills < next) return;
    next = progress.kills + PROGRESS_KILLS;
    const left = (progress.seconds / progress.kills) * (kills - progress.kills);
    console.error(
      `${progress.kills} of ${kills} kills, ${progress.decided} of ${records} records, ${progress.seconds.toFixed(0)} s, about ${Math.max(0, left).toFixed(0)} s to go`,
    );
  };
}

export async function run(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      long: { type: "boolean", default: false },
      kills: { type: "string" },
      records: { type: "string" },
      seed: { type: "string", default: "1" },
    },
  });
  const usual = values.long ? LONG : SHORT;
  const options: StormOptions = {
    kills: Number(values.kills ?? usual.kills),
    records: Number(values.records ?? usual.records),
    seed: Number(values.seed),
  };
  console.log(
    `crash: ${options.kills} kills over ${options.records} records, seed ${options.seed}: unit (store in its thread, uplink over mqtt.js), mosquitto without persistence, collector; all SIGKILL\n`,
  );
  options.onProgress = progressLine(options);
  const result = await storm(options);
  printTable(
    ["killed with SIGKILL", "times"],
    [
      ...POINTS.map((point) => [`unit: ${point}`, String(result.killedAt[point] ?? 0)]),
      ["unit: anywhere", String(result.killedAt["anywhere"] ?? 0)],
      ["broker", String(result.killed.broker)],
      ...FAR_POINTS.map((point) => [`collector: ${point}`, String(result.killedAt[point] ?? 0)]),
      ["collector: anywhere", String(result.killedAt["the collector, anywhere"] ?? 0)],
    ],
  );
  console.log("");
  printTable(
    [
      "asked",
      "decided",
      "delivered",
      "duplicates dropped",
      "twice",
      "misattributed",
      "lost",
      "left in outbox",
      "seconds",
    ],
    [
      [
        String(result.asked),
        String(result.decided),
        String(result.stored),
        String(result.duplicates),
        String(result.twice.length),
        String(result.misattributed.length),
        String(result.lost.length),
        String(result.pending),
        result.seconds.toFixed(0),
      ],
    ],
  );
  console.log(
    result.chainFaults.length === 0
      ? "\nboth chains verify from the first record to the last"
      : `\nchain faults:\n  ${result.chainFaults.join("\n  ")}`,
  );
  if (!held(result)) {
    console.log(`\nNOT HELD. Again: npm run torture -- crash ${args.join(" ")}`);
    console.log(`lost: ${result.lost.slice(0, 20).join(" ")}`);
  }
  return held(result);
}
