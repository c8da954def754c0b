/** Disk, broker and resolver of a doorway in real time: a database in a folder, a broker on a real socket. */
import { join } from "node:path";
import type { Clock } from "../../hal/clock.ts";
import type { MqttConfig } from "../../src/unit/platform.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { createSimulatedResolver, type SimulatedResolver } from "../actors/resolver.ts";
import type { SimulatedDistrict } from "../actors/district.ts";
import { createNoTrace } from "../kernel/trace.ts";
import { createDisk } from "./disk.ts";
import { startEmbeddedBroker, type EmbeddedBroker } from "./embedded-broker.ts";
import { MemoryFiles } from "./memory-files.ts";
import type { Backend } from "./simulated-platform.ts";

export interface RealBackendOptions {
  clock: Clock;
  folder: string;
  unitId: string;
  district: SimulatedDistrict;
  /** Another broker than the embedded one. */
  mqtt?: Pick<MqttConfig, "url" | "version"> | undefined;
}

export interface RealBackend extends Backend {
  readonly broker: EmbeddedBroker;
  readonly files: MemoryFiles;
  readonly resolver: SimulatedResolver;
  /** All of the unit's memory; `disk.store` is the way records take into it. */
  readonly memory: Store;
  close(): Promise<void>;
}

/** Opens the store in `folder` and starts a broker of its own on the loopback interface. */
export async function createRealBackend(options: RealBackendOptions): Promise<RealBackend> {
  const { clock, folder, unitId, district } = options;
  const memory = openStore({ path: join(folder, "records.db"), unitId, clock });
  const files = new MemoryFiles(() => clock.wallMs());
  const broker = await startEmbeddedBroker();
  const mqtt = options.mqtt ?? { url: broker.url, version: "3.1.1" as const };
  return {
    disk: createDisk({ clock, trace: createNoTrace(), store: memory, files }),
    files,
    memory,
    broker,
    link: () => createMqttJsLink(mqtt),
    resolver: createSimulatedResolver(clock, (token) => district.entryOfToken(token)),
    chance: () => Math.random(),
    async close() {
      await broker.stop();
      await memory.close();
    },
  };
}
