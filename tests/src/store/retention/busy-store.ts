/** A process that uses a unit's database all the time: it records, forgets or reads until it is killed. */
import Database from "better-sqlite3";
import { forgetEverywhere } from "../../../../src/store/offline/forget.ts";
import { openStoreFile } from "../../../../src/store/store.ts";
import { draft } from "../../../support/records.ts";

const HOLDERS = 7;
const [, , role, path = ""] = process.argv;
// A test that fails or is killed must not leave a process that reads for ever.
process.once("disconnect", () => process.exit());

async function record(): Promise<never> {
  const store = openStoreFile({ path, unitId: "door-1" });
  for (let number = 1; ; number++) {
    const { seq } = await store.commit(draft(number, `holder-${number % HOLDERS}`));
    process.send?.(seq);
    if (number % 50 === 0) await store.forget(`holder-${number % HOLDERS}`).catch(() => 0);
    // The message leaves only when the loop turns.
    await new Promise(setImmediate);
  }
}

async function forget(): Promise<never> {
  for (let round = 0; ; round++) {
    try {
      forgetEverywhere(path, `holder-${round % HOLDERS}`);
    } catch {
      // A reader or the unit itself was in the way; the next round does it.
    }
    process.send?.(round);
    await new Promise(setImmediate);
  }
}

async function read(): Promise<never> {
  const database = new Database(path, { readonly: true });
  for (;;) {
    for (const _row of database.prepare("SELECT * FROM records ORDER BY seq").iterate());
    await new Promise(setImmediate);
  }
}

if (role === "unit") await record();
else if (role === "forgetter") await forget();
else await read();
