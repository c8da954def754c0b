/** A stand-in for a unit, to be killed: holds a guarded line, raises it, says so, and waits. */
import { createGuardedLine } from "../../../../hal/linux/guard/gate-guard.ts";

const [path = "", maximum = ""] = process.argv.slice(2);
const maximumMs = Number(maximum);
const line = await createGuardedLine({ line: { kind: "file", path }, maximumMs });
await line.energise(maximumMs);
console.log(JSON.stringify({ guardPid: line.guardPid }));
