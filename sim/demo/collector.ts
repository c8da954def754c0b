/** The district's collector behind the simulated doorway: takes the unit's records and acknowledges them. */
import { join } from "node:path";
import type { Clock } from "../../hal/clock.ts";
import { createCollector } from "../../src/district/collector.ts";
import { SqliteRecordArchive } from "../../src/district/sqlite-record-archive.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";

/** A person is watching: a broker that is back is found again soon. */
const RECONNECT = { firstMs: 500, longestMs: 3_000 };

export interface DoorwayCollectorOptions {
  clock: Clock;
  /** Uniform in [0, 1). */
  chance: () => number;
  brokerUrl: string;
  district: string;
  /** Keeps its database. */
  folder: string;
}

/** Starts it. */
export function startDoorwayCollector(options: DoorwayCollectorOptions): {
  stop(): Promise<void>;
} {
  const { clock, chance, brokerUrl, district, folder } = options;
  const archive = new SqliteRecordArchive(join(folder, "collector.db"));
  const collector = createCollector({
    link: createMqttJsLink({ url: brokerUrl, version: "3.1.1" }),
    archive,
    clock,
    chance,
    reconnect: RECONNECT,
    district,
  });
  collector.start();
  return {
    async stop() {
      await collector.stop();
      await archive.close();
    },
  };
}
