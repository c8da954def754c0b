/** A unit at the moment of its death: it has just opened the gate, and will never close it. */
import process from "node:process";
import { createGuardedLine } from "../../hal/linux/guard/gate-guard.ts";

const maximumMs = Number(process.argv[2]);
const line = { kind: "gpio", line: 17 } as const;
const guard = await createGuardedLine({ line, maximumMs, startMs: 60_000 });
await guard.energise(maximumMs);
setInterval(() => {}, 1_000);
