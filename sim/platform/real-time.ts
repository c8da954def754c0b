/** Store, outbox and broker of a doorway in real time: a file on the disk, a broker on a real socket. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../hal/clock.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import type { UplinkOptions } from "../../src/uplink/uplink.ts";
import { createDisk } from "./disk.ts";
import type { Backend } from "../doorway/doorway.ts";
import { startEmbeddedBroker, type EmbeddedBroker } from "./embedded-broker.ts";
import { createNoTrace } from "../kernel/trace.ts";
import { createUplinkSocket, type UplinkSocket } from "./power.ts";

export interface RealBackendOptions {
  clock: Clock;
  folder: string;
  unitId: string;
  /** What this unit's uplink has beyond the usual, e.g. who may command it. */
  uplink?: (memory: Store, clock: Clock) => Partial<UplinkOptions>;
}

export interface RealBackend extends Backend, UplinkSocket {
  readonly broker: EmbeddedBroker;
  /** All of the unit's memory; `store` is the way records take into it. */
  readonly memory: Store;
  close(): Promise<void>;
}

/** Opens the store in `folder` and starts a broker of its own on the loopback interface. */
export async function createRealBackend(options: RealBackendOptions): Promise<RealBackend> {
  const { clock, folder, unitId, uplink } = options;
  const memory = openStore({ path: join(folder, "records.db"), unitId, clock });
  const disk = createDisk(clock, createNoTrace(), memory);
  const broker = await startEmbeddedBroker();
  const socket = createUplinkSocket(() => ({
    link: createMqttJsLink({ url: broker.url, version: "3.1.1" }),
    outbox: memory.outbox,
    clock,
    unitId,
    district: "simulated",
    bootId: randomUUID(),
    version: "0.1.0",
    chance: () => Math.random(),
    ...uplink?.(memory, clock),
  }));
  return {
    ...socket,
    answerCommand: (commandId, result, detail) =>
      socket.uplink()?.answerCommand(commandId, result, detail),
    store: disk,
    settings: disk.settings,
    outbox: memory.outbox,
    memory,
    broker,
    async close() {
      await broker.stop();
      await memory.close();
    },
  };
}
