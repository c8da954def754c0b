/** Store, outbox and broker of a doorway in real time: a file on the disk, a broker on a real socket. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../hal/clock.ts";
import { openStore } from "../src/store/store.ts";
import { createMqttJsLink } from "../src/uplink/mqttjs-link.ts";
import { createUplink, type Uplink } from "../src/uplink/uplink.ts";
import { createDisk } from "./disk.ts";
import type { Backend } from "./doorway.ts";
import { startEmbeddedBroker, type EmbeddedBroker } from "./embedded-broker.ts";
import { createNoTrace } from "./trace.ts";

export interface RealBackend extends Backend {
  readonly broker: EmbeddedBroker;
  close(): Promise<void>;
}

/** Opens the store in `folder` and starts a broker of its own on the loopback interface. */
export async function createRealBackend(options: {
  clock: Clock;
  folder: string;
  unitId: string;
}): Promise<RealBackend> {
  const { clock, folder, unitId } = options;
  const store = openStore({ path: join(folder, "records.db"), unitId, clock });
  const broker = await startEmbeddedBroker();
  let uplink: Uplink | undefined;
  let forget: () => void = () => {};
  return {
    store: createDisk(clock, createNoTrace(), store),
    outbox: store.outbox,
    broker,
    connect(unit) {
      uplink = createUplink({
        link: createMqttJsLink({ url: broker.url, version: "3.1.1" }),
        outbox: store.outbox,
        clock,
        unitId,
        district: "simulated",
        bootId: randomUUID(),
        version: "0.1.0",
        chance: () => Math.random(),
        onDelivered: (from, to) => unit.delivered(from, to),
      });
      forget = uplink.onLink((ok) => {
        unit.dispatch({ kind: "link-changed", link: "broker", ok });
      });
      uplink.start();
    },
    async disconnect() {
      const stopping = uplink;
      // Saying goodbye is no loss of the broker.
      forget();
      uplink = undefined;
      await stopping?.stop();
    },
    async close() {
      await broker.stop();
      await store.close();
    },
  };
}
