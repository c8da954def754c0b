/** The unit of the gate's torture: holds a guarded line behind its gate, and releases it once when told. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import process from "node:process";
import { createGate } from "../../hal/drivers/gate/guarded-line/gate.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { createGuardedLine } from "../../hal/linux/guard/gate-guard.ts";
import { say } from "./say.ts";

const [path = "", maximum = ""] = process.argv.slice(2);
const maximumMs = Number(maximum);
const gate = createGate({
  clock: createSystemClock(),
  maximumMs,
  line: async () => {
    const line = await createGuardedLine({ line: { kind: "file", path }, maximumMs });
    say(`guard ${line.guardPid}`);
    return line;
  },
});
await gate.start();
say("up");
await once(createInterface({ input: process.stdin }), "line");
say("releasing");
// A guard that is killed under it is what this is for.
await gate.release(maximumMs).catch(() => undefined);
