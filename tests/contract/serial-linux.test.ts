/** The serial contract on real pseudo-terminals through the kernel. */
import { createLinuxSerial } from "../../hal/linux/serial.ts";
import { createPtyPair } from "../support/pty.ts";
import { serialContract } from "./serial.contract.ts";
import { openFarEnd } from "../support/far-end.ts";

serialContract("a pseudo-terminal", async () => {
  const pair = await createPtyPair();
  const received: number[] = [];
  let far = await openFarEnd(pair.far, (bytes) => received.push(...bytes));
  return {
    host: createLinuxSerial({ path: pair.near }),
    send: (bytes) => far.send(bytes),
    received: () => [...received],
    unplug: () => pair.unplug(),
    async replug() {
      await far.close();
      await pair.plug();
      far = await openFarEnd(pair.far, (bytes) => received.push(...bytes));
    },
    async until(condition) {
      const giveUpAt = performance.now() + 10_000;
      while (!condition()) {
        if (performance.now() > giveUpAt) throw new Error("the condition did not come to hold");
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    },
    async dispose() {
      await far.close();
      await pair.dispose();
    },
  };
});
