/** Durable records a second, how fast a backlog drains beside a mosquitto bridge, and what it costs who comes meanwhile. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSystemClock } from "../hal/linux/clock.ts";
import { openStoreInWorker } from "../src/store/worker/worker.ts";
import { percentile, printTable, spread } from "./figures.ts";
import { drainBridge, drainOutbox } from "./outbox/drain.ts";
import { liveDelays, type LiveDelays } from "./outbox/live.ts";
import { record } from "./outbox/record.ts";

/** `npm run bench -- outbox [--records N] [--json]`. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { records: { type: "string", default: "20000" }, json: { type: "boolean" } },
  });
  const records = Number(values.records);
  if (!Number.isSafeInteger(records) || records < 1_000) {
    throw new RangeError("--records takes a whole number of at least 1000");
  }
  const durable = [];
  for (const atOnce of [1, 10, 100]) durable.push(await commitRate(atOnce));
  const drains = [];
  const live = [];
  for (const roundTripMs of ROUND_TRIPS_MS) {
    drains.push({
      roundTripMs,
      broker: await drainOutbox(records, roundTripMs, "broker"),
      collector: await drainOutbox(records, roundTripMs, "collector"),
      bridge: await drainBridge(records, roundTripMs),
    });
    for (const backlog of [false, true]) {
      live.push({ roundTripMs, backlog, ...(await liveDelays(roundTripMs, backlog)) });
    }
  }
  const measured: Measured = { records, durable, drains, live };
  if (values.json === true) console.log(JSON.stringify(measured));
  else print(measured);
}

const ROUND_TRIPS_MS = [0, 50];

interface Measured {
  records: number;
  durable: { atOnce: number; perSecond: number; commitMs: number[] }[];
  /** Records a second. */
  drains: { roundTripMs: number; broker: number; collector: number; bridge: number }[];
  live: ({ roundTripMs: number; backlog: boolean } & LiveDelays)[];
}

function print({ records, durable, drains, live }: Measured): void {
  console.log("durable records (one transaction and one fsync for those that come at once)\n");
  printTable(
    ["at once", "records/s", "p50 ms", "p95 ms", "p99 ms"],
    durable.map(({ atOnce, perSecond, commitMs }) => [
      `${atOnce}`,
      perSecond.toFixed(0),
      ...spread(commitMs),
    ]),
  );
  console.log(`\ndraining ${records} records, records/s (window 100, rate limit lifted)\n`);
  printTable(
    ["round trip", "outbox, PUBACK", "outbox, collector", "mosquitto bridge"],
    drains.map(({ roundTripMs, broker, collector, bridge }) => [
      `${roundTripMs} ms`,
      ...[broker, collector, bridge].map((rate) => rate.toFixed(0)),
    ]),
  );
  console.log(
    "\nThe bridge loses what it has acknowledged when it is killed: npm run torture -- peers.\n" +
      "\na live record, from its commit to the collector's acknowledgement; a unit replays its\n" +
      "backlog at 1,000 records/s at most\n",
  );
  printTable(
    ["round trip", "backlog", "replayed/s", "p50 ms", "p95 ms", "p99 ms", "longest ms"],
    live.map(({ roundTripMs, backlog, replayedPerSecond, delaysMs }) => [
      `${roundTripMs} ms`,
      backlog ? "under way" : "none",
      replayedPerSecond.toFixed(0),
      ...spread(delaysMs),
      percentile(delaysMs, 1).toFixed(2),
    ]),
  );
}

const COMMIT_SECONDS = 3;

async function commitRate(
  atOnce: number,
): Promise<{ atOnce: number; perSecond: number; commitMs: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-bench-"));
  const clock = createSystemClock();
  const store = await openStoreInWorker({ path: join(folder, "unit.db"), unitId: "unit", clock });
  const commitMs: number[] = [];
  let count = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < COMMIT_SECONDS * 1_000) {
    const beforeMs = performance.now();
    await Promise.all(
      Array.from({ length: atOnce }, (_, index) => store.commit(record(count + index))),
    );
    commitMs.push(performance.now() - beforeMs);
    count += atOnce;
  }
  const perSecond = (count / (performance.now() - startMs)) * 1_000;
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  return { atOnce, perSecond, commitMs };
}
