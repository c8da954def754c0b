/** The serial contract on the simulated wire, in virtual time. */
import { createSimulatedSerial, type SerialPeer } from "../../sim/bus/serial.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../sim/kernel/random.ts";
import { serialContract } from "./serial.contract.ts";

serialContract("the simulated wire", async () => {
  const clock = new VirtualClock(0);
  const host = createSimulatedSerial({ clock, random: createRandom(1) });
  const received: number[] = [];
  let transmit: (bytes: Uint8Array) => void = () => {};
  const peer: SerialPeer = {
    baudRate: 115_200,
    receive: (bytes) => {
      received.push(...bytes);
    },
    onSend: (send) => {
      transmit = send;
    },
  };
  host.attach(peer);
  // Virtual time passes by itself while the suite waits for a write.
  const disposed = new AbortController();
  const passing = (async () => {
    while (!disposed.signal.aborted) await clock.run(1);
  })();
  return {
    host,
    send: async (bytes) => transmit(bytes),
    received: () => [...received],
    unplug: async () => host.unplug(),
    replug: async () => host.plug(),
    async until(condition) {
      for (let left = 10_000; !condition(); left--) {
        if (left === 0) throw new Error("the condition did not come to hold in 10 s");
        await new Promise((resolve) => {
          clock.after(1, () => resolve(undefined));
        });
      }
    },
    async dispose() {
      disposed.abort();
      await passing;
    },
  };
});
