/** Two ways to carry records away, as a storm sees them: this project's outbox, and a broker beside the unit. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { delay } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { recordsIn } from "../../tests/support/archive.ts";
import type { ArchivedRecord } from "../../src/district/record-archive.ts";
import { SqliteRecordArchive } from "../../src/district/sqlite-record-archive.ts";
import { startMosquitto, type Mosquitto } from "../../tests/support/mosquitto.ts";
import type { PublisherOrders } from "./bridge-publisher-process.ts";
import type { CollectorOrders } from "./collector-process.ts";
import { numberOf } from "./story.ts";
import type { UnitOrders } from "./unit-process.ts";
import { Victim } from "./victim.ts";

/** How often each record is at the far end, and what was dropped there as a duplicate. */
export interface Arrivals {
  numbers: ReadonlySet<number>;
  duplicates: number;
}

/** One way, with its processes. */
export interface Contestant {
  /** The unit's side begins to make records; resolves when it is up. */
  startUnit(from: number, to: number): Promise<void>;
  /** SIGKILL to everything on the unit. */
  killUnit(): Promise<void>;
  startCollector(): Promise<void>;
  killCollector(): Promise<void>;
  /** Resolves when all is made and what can arrive has arrived. */
  settled(): Promise<void>;
  /** After both sides have ended. */
  arrivals(): Promise<Arrivals>;
  dispose(): Promise<void>;
}

export interface Ground {
  folder: string;
  /** The far broker. */
  far: Mosquitto;
  perSecond: number;
  /** Called with each record the unit's side was told is safe. */
  onTold: (number: number) => void;
}

const clock = createSystemClock();

function told(onTold: Ground["onTold"]): (line: string) => void {
  return (line) => {
    const [word, number] = line.split(" ");
    if (word === "durable") onTold(Number(number));
  };
}

/** Store, outbox and uplink of a unit, and the collector. */
export function outboxContestant({ folder, far, perSecond, onTold }: Ground): Contestant {
  const archivePath = join(folder, "archive.db");
  let duplicates = 0;
  let duplicatesOfLife = 0;
  const unit = new Victim("./unit-process.ts", told(onTold));
  const collector = new Victim("./collector-process.ts", (line) => {
    const [word, , count] = line.split(" ");
    if (word === "stored") duplicatesOfLife = Number(count);
  });
  let empty: Promise<void> = Promise.resolve();
  const killCollector = async (): Promise<void> => {
    await collector.kill();
    duplicates += duplicatesOfLife;
    duplicatesOfLife = 0;
  };
  return {
    async startUnit(from, to) {
      const orders: UnitOrders = {
        database: join(folder, "unit.db"),
        broker: far.url,
        acknowledgedBy: "collector",
        from,
        to,
        perSecond,
      };
      empty = unit.heard("empty");
      await unit.start([JSON.stringify(orders)]);
    },
    killUnit: () => unit.kill(),
    startCollector: () => {
      const orders: CollectorOrders = { database: archivePath, broker: far.url };
      return collector.start([JSON.stringify(orders)]);
    },
    killCollector,
    settled: () => Promise.race([empty, unit.gone()]),
    async arrivals() {
      const archive = new SqliteRecordArchive(archivePath);
      try {
        const rows: ArchivedRecord[] = [];
        for (const { unit: name, epoch } of await archive.streams()) {
          rows.push(...(await recordsIn(archive, name, epoch)));
        }
        return {
          numbers: new Set(rows.map(({ canonical }) => numberOf(canonical) ?? 0)),
          duplicates,
        };
      } finally {
        await archive.close();
      }
    },
    async dispose() {
      await unit.kill();
      await killCollector();
    },
  };
}

/** A bridge is through when nothing came for so long: it tries again a second after a failure. */
const QUIET_MS = 4_000;

/** A mosquitto on the unit, with persistence, that passes everything on to the far broker. */
export async function bridgeContestant(
  { folder, far, perSecond, onTold }: Ground,
  settings: readonly string[],
): Promise<Contestant> {
  const path = join(folder, "arrived.db");
  const near = await startMosquitto([
    "allow_anonymous true",
    "persistence true",
    "persistence_location {folder}/",
    ...settings,
    "connection far",
    `address 127.0.0.1:${far.port}`,
    "topic # out 1",
    "cleansession false",
    "restart_timeout 1",
    "bridge_protocol_version mqttv50",
  ]);
  let up = true;
  const publisher = new Victim("./bridge-publisher-process.ts", told(onTold));
  const collector = new Victim("./bridge-collector-process.ts");
  let done: Promise<void> = Promise.resolve();
  return {
    async startUnit(from, to) {
      if (!up) await near.start();
      up = true;
      const orders: PublisherOrders = { broker: near.url, from, to, perSecond };
      done = publisher.heard("done");
      await publisher.start([JSON.stringify(orders)]);
    },
    async killUnit() {
      up = false;
      await Promise.all([near.kill(), publisher.kill()]);
    },
    startCollector: () => collector.start([path, far.url]),
    killCollector: () => collector.kill(),
    async settled() {
      await Promise.race([done, publisher.gone()]);
      for (let last = -1, now = countIn(path); now !== last; now = countIn(path)) {
        last = now;
        await delay(clock, QUIET_MS);
      }
    },
    async arrivals() {
      const database = new Database(path, { readonly: true });
      try {
        const rows = database
          .prepare<[], { number: number; times: number }>("SELECT number, times FROM arrived")
          .all();
        const deliveries = rows.reduce((sum, { times }) => sum + times, 0);
        const numbers = new Set(rows.map(({ number }) => number));
        return { numbers, duplicates: deliveries - rows.length };
      } finally {
        database.close();
      }
    },
    async dispose() {
      await publisher.kill();
      await collector.kill();
      await near.dispose();
    },
  };
}

function countIn(path: string): number {
  const database = new Database(path, { readonly: true });
  try {
    return Number(database.prepare("SELECT count(*) FROM arrived").pluck().get());
  } finally {
    database.close();
  }
}
