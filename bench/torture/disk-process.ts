/** A unit's store as a process: commits one numbered record after another, and says what became of each. */
import process from "node:process";
import { delay } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { StoreError } from "../../src/store/errors.ts";
import { openStore } from "../../src/store/store.ts";
import { say } from "./say.ts";
import { recordOf, UNIT } from "./story.ts";

const [, , path = "", last = "0"] = process.argv;
const clock = createSystemClock();
const store = openStore({ path, unitId: UNIT, clock });
const RETRY_MS = 20;

say("up");
for (let number = 1; number <= Number(last);) {
  try {
    const { seq } = await store.commit(recordOf(number));
    say(`durable ${number} ${seq}`);
    number += 1;
  } catch (error) {
    const code = error instanceof StoreError ? `${error.kind} ${error.context["code"]}` : "unknown";
    // What is on the disk must be readable while nothing can be written.
    const [newest] = await store.recent(1);
    say(`refused ${code} ${newest?.seq ?? 0}`);
    await delay(clock, RETRY_MS);
  }
}
say("done");
await delay(clock, 2 ** 30);
