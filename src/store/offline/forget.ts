/** Forgetting from outside: beside a running unit, whose own thread keeps the database open. */
import Database from "better-sqlite3";
import { asStoreError, StoreError } from "../errors.ts";
import { Meta, UNIT_APPLICATION_ID } from "../schema.ts";
import { closeDatabase, scrubLog } from "../../base/sqlite/scrub-log.ts";
import { PersonalDataTable } from "../personal-data.ts";
import { quarantinedDatabases } from "../quarantine.ts";

/** How long a running unit's own transaction is waited for. */
const WAIT_MS = 5_000;
const STILL_IN_THE_LOG =
  "another process uses the database, and its log may still hold keys destroyed before: try again";

/** What came of forgetting one person in all databases of a unit. */
export interface Forgotten {
  /** Records that lost their link to the person. */
  links: number;
  /** Damaged databases beside it that could not be asked: they may still lead to the person. */
  unasked: string[];
}

/**
 * Forgets in a unit's database, and in the damaged ones that were set aside: they hold keys too.
 *
 * @throws StoreError `foreign` or `disk`, for the unit's database itself
 */
export function forgetEverywhere(path: string, holderPseudonym: string): Forgotten {
  const forgotten: Forgotten = { links: forgetHolder(path, holderPseudonym), unasked: [] };
  for (const damaged of quarantinedDatabases(path)) {
    try {
      forgotten.links += forgetHolder(damaged, holderPseudonym);
    } catch {
      forgotten.unasked.push(damaged);
    }
  }
  return forgotten;
}

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
    database.pragma("temp_store = MEMORY");
    const meta = new Meta(database);
    const tagKey = Buffer.from(meta.get("tag-key") ?? "", "hex");
    const noRandom = (): never => {
      throw new StoreError("invalid", "forgetting makes no keys");
    };
    const forgotten = new PersonalDataTable(database, "", tagKey, noRandom, WAIT_MS).forget(
      holderPseudonym,
    );
    if (!scrubLog(database, WAIT_MS)) throw new StoreError("disk", STILL_IN_THE_LOG);
    return forgotten;
  } catch (error) {
    throw asStoreError(error, `forgetting in ${path}`);
  } finally {
    closeDatabase(database);
  }
}
