/** Forgetting from outside: beside a running unit, whose own thread keeps the database open. */
import Database from "better-sqlite3";
import { asStoreError, StoreError } from "./errors.ts";
import { Meta, UNIT_APPLICATION_ID } from "./schema.ts";
import { Seals } from "./seal.ts";

/**
 * Destroys the keys of one holder in a unit's database.
 *
 * @returns how many records lost their link to the person
 * @throws StoreError `foreign` or `disk`
 */
export function forgetHolder(path: string, holderPseudonym: string): number {
  const database = new Database(path, { fileMustExist: true });
  try {
    if (database.pragma("application_id", { simple: true }) !== UNIT_APPLICATION_ID) {
      throw new StoreError("foreign", `${path} is not a unit's database: name another file`);
    }
    database.pragma("synchronous = FULL");
    database.pragma("secure_delete = ON");
    const meta = new Meta(database);
    const tagKey = Buffer.from(meta.get("tag-key") ?? "", "hex");
    const noRandom = (): never => {
      throw new StoreError("invalid", "forgetting makes no keys");
    };
    return new Seals(database, "", tagKey, noRandom).forget(holderPseudonym);
  } catch (error) {
    throw asStoreError(error, `forgetting in ${path}`);
  } finally {
    database.close();
  }
}
