/** A stand-in for a unit under a service manager: holds a raised line, and says that it lives. */
import { connectServiceManager } from "../../../../hal/linux/service-manager.ts";
import { createGuardedLine } from "../../../../hal/linux/guard/gate-guard.ts";

const [path = "", maximum = ""] = process.argv.slice(2);
const maximumMs = Number(maximum);
const manager = connectServiceManager();
const line = await createGuardedLine({ line: { kind: "file", path }, maximumMs });
await line.energise(maximumMs);
manager.ready();
setInterval(() => manager.alive(), (manager.watchdogMs ?? 0) / 3);
console.log(JSON.stringify({ guardPid: line.guardPid }));
