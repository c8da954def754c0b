/** Destroys keys as a unit does, and stands still before its log is overwritten: it is killed there. */
import Database from "better-sqlite3";
import { openStoreFile } from "../../../../src/store/store.ts";
import { draft } from "../../../support/records.ts";

const path = process.argv[2] ?? "";
const store = openStoreFile({ path, unitId: "door-1" });
for (let number = 1; number <= 40; number++) {
  await store.commit(draft(number, `holder-${number % 5}`));
}
const database = new Database(path);
const keys = database.prepare<[], Buffer>("SELECT key FROM holder_keys").pluck().all();
database.pragma("secure_delete = ON");
database.exec("DELETE FROM sealed; DELETE FROM holder_keys");
process.send?.({ keys: keys.map((key) => key.toString("hex")) });
setInterval(() => {}, 60_000);
