/** Zeroes a database's write-ahead log in place: old pages in it hold keys that were destroyed since. */
import { closeSync, ftruncateSync, openSync, readSync, statSync } from "node:fs";
import type Database from "better-sqlite3";
import { zeroSync } from "../base/erase.ts";
import { StoreError } from "./errors.ts";

/** Closes a database without leaving its last pages in the blocks that SQLite frees with the log. */
export function closeDatabase(database: Database.Database): void {
  try {
    if (database.open) scrubLog(database, 0);
  } catch {
    // A failing disk, or a database that is damaged: the log stays for whoever opens it next.
  }
  database.close();
}

const ATTEMPTS = 3;
/** First bytes of a log that SQLite will read (fileformat2 §4.1), whichever byte order it has. */
const LOG_MAGIC = 0x37_7f_06_82;

/**
 * Copies the log into the database and overwrites it, so that no block of it, freed or not, holds an
 * old page. SQLite's own TRUNCATE and its closing of the last connection free the blocks unwritten.
 *
 * @param waitMs how long a reader or writer of another process is waited for
 * @returns false while another connection still uses the log; nothing was overwritten then
 */
export function scrubLog(database: Database.Database, waitMs: number): boolean {
  if (database.memory) return true;
  const path = `${database.name}-wal`;
  if (sizeOf(path) === 0) return true;
  database.pragma(`busy_timeout = ${waitMs}`);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const outcome = tryToScrub(database, path);
      if (outcome !== "again") return outcome === "scrubbed";
    }
    return false;
  } finally {
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

/** What better-sqlite3 sets for every connection. */
const BUSY_TIMEOUT_MS = 5_000;

function tryToScrub(database: Database.Database, path: string): "scrubbed" | "busy" | "again" {
  const before = database.pragma("data_version", { simple: true });
  // RESTART returns 0 once every page of the log is in the database and no reader uses the log.
  if (database.pragma("wal_checkpoint(RESTART)", { simple: true }) !== 0) return "busy";
  try {
    database.exec("BEGIN IMMEDIATE");
  } catch {
    return "busy";
  }
  try {
    // Another process committed meanwhile: the log has pages again that are nowhere else.
    if (database.pragma("data_version", { simple: true }) !== before) {
      database.exec("ROLLBACK");
      return "again";
    }
    zeroAndCut(path);
    // The next frame begins the log anew, header included; done here, under the same write lock.
    const version = database.pragma("user_version", { simple: true });
    database.pragma(`user_version = ${Number(version)}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
  if (!beginsAnew(path)) {
    // SQLite appended instead of restarting: what it wrote must not depend on a log without a header.
    if (database.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) !== 0) {
      throw new StoreError("disk", `${path} could not be restarted after it was overwritten`);
    }
  }
  return "scrubbed";
}

function zeroAndCut(path: string): void {
  const log = openSync(path, "r+");
  try {
    zeroSync(log, sizeOf(path));
    ftruncateSync(log, 0);
  } finally {
    closeSync(log);
  }
}

function beginsAnew(path: string): boolean {
  const head = Buffer.alloc(4);
  const log = openSync(path, "r");
  try {
    readSync(log, head, 0, head.length, 0);
  } finally {
    closeSync(log);
  }
  // The lowest bit is the byte order of the checksums.
  return ((head.readUInt32BE() ^ LOG_MAGIC) & ~1) === 0;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
