/** A stand-in for a unit that is killed: starts the engine, prints its processes, and stays. */
import { createProcessEngine } from "../../../../../hal/drivers/code-reader/engine/process-engine.ts";
import { createSystemClock } from "../../../../../hal/linux/clock.ts";

const engine = createProcessEngine({ clock: createSystemClock() });
await engine.ready();
console.log(JSON.stringify(Object.values(engine.pids)));
setInterval(() => {}, 1_000);
