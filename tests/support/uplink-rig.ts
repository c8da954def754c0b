/** A unit's uplink with a store of its own, against whatever broker a test has; ended with the test. */
import { afterEach } from "vitest";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { createMqttJsLink, type MqttJsOptions } from "../../src/mqtt/mqttjs.ts";
import { createUplink, type Uplink, type UplinkOptions } from "../../src/uplink/uplink.ts";
import { draft, START_MS } from "./records.ts";

export interface UplinkRig {
  uplink: Uplink;
  store: Store;
  /** Writes records from one number through another. */
  commit: (from: number, to: number) => Promise<void>;
}

/** Makes units whose uplinks end with the test, and ends other things with it. */
export function uplinkRigs(): {
  ending: (() => Promise<unknown>)[];
  unit: (link: MqttJsOptions, options?: Partial<UplinkOptions>) => UplinkRig;
} {
  const ending: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });
  return {
    ending,
    unit(link, options = {}) {
      const clock = new VirtualClock(START_MS);
      const store = openStore({ path: ":memory:", unitId: "door-1", clock });
      ending.push(() => store.close());
      const uplink = createUplink({
        link: createMqttJsLink({ version: "5", ...link }),
        outbox: store.outbox,
        clock: createSystemClock(),
        chance: () => 0,
        reconnect: { firstMs: 20, longestMs: 50 },
        unitId: "door-1",
        district: "pudong",
        bootId: "boot-1",
        version: "test",
        backlogPerSecond: 100_000,
        retryMs: 50,
        ...options,
      });
      ending.push(() => uplink.stop());
      uplink.start();
      return {
        uplink,
        store,
        async commit(from, to) {
          for (let number = from; number <= to; number++) await store.commit(draft(number));
        },
      };
    },
  };
}
