/** Overwrites what is over of a database's write-ahead log: old pages in it hold keys that were destroyed since. */
import { closeSync, ftruncateSync, openSync, readSync, statSync } from "node:fs";
import type Database from "better-sqlite3";
import { zeroSync } from "../erase.ts";

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

/**
 * Copies the log into the database, has SQLite begin the log anew, and overwrites what is left of the
 * old one, so that no block of it, freed or not, holds an old page. SQLite's own TRUNCATE and its
 * closing of the last connection free the blocks unwritten.
 *
 * Only frames that SQLite no longer reads are overwritten, never the header that says so: whenever
 * the power goes, the log is whole.
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
  const before = saltsOf(path);
  // RESTART returns 0 once every page of the log is in the database and no reader uses the log.
  if (database.pragma("wal_checkpoint(RESTART)", { simple: true }) !== 0) return "busy";
  try {
    // The first page that is written now begins the log anew, under other salts.
    database.exec("BEGIN IMMEDIATE");
    const version = database.pragma("user_version", { simple: true });
    database.pragma(`user_version = ${Number(version)}`);
    database.exec("COMMIT");
    // Nobody writes to the log while this connection may.
    database.exec("BEGIN IMMEDIATE");
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    if (isBusy(error)) return "busy";
    throw error;
  }
  try {
    // SQLite went on in the old log: its frames are in use, whoever kept it from beginning anew.
    if (before !== undefined && saltsOf(path) === before) return "again";
    overwriteOldFrames(path);
    return "scrubbed";
  } finally {
    database.exec("ROLLBACK");
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");

// The write-ahead log's format: https://www.sqlite.org/fileformat2.html#walformat §4.1.
const HEADER_BYTES = 32;
const PAGE_SIZE_AT = 8;
const SALTS_AT = 16;
const FRAME_HEADER_BYTES = 24;
const FRAME_SALTS_AT = 8;
const SALTS_BYTES = 8;

/** Zeroes the log behind the last frame that belongs to it, and cuts it there. */
function overwriteOldFrames(path: string): void {
  const log = openSync(path, "r+");
  try {
    const end = endOfLog(log);
    zeroSync(log, sizeOf(path), end);
    ftruncateSync(log, end);
  } finally {
    closeSync(log);
  }
}

/** Where the frames end that SQLite reads: those with the salts of the header, one after the other. */
function endOfLog(log: number): number {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(log, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return 0;
  const salts = header.subarray(SALTS_AT, SALTS_AT + SALTS_BYTES);
  const frameBytes = FRAME_HEADER_BYTES + header.readUInt32BE(PAGE_SIZE_AT);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES);
  let end = HEADER_BYTES;
  while (readSync(log, frame, 0, FRAME_HEADER_BYTES, end) === FRAME_HEADER_BYTES) {
    if (!frame.subarray(FRAME_SALTS_AT, FRAME_SALTS_AT + SALTS_BYTES).equals(salts)) break;
    end += frameBytes;
  }
  return end;
}

/** What marks the frames of the log as it is now; undefined where it has no header. */
function saltsOf(path: string): string | undefined {
  const salts = Buffer.alloc(SALTS_BYTES);
  const log = openSync(path, "r");
  try {
    const read = readSync(log, salts, 0, SALTS_BYTES, SALTS_AT);
    return read === SALTS_BYTES ? salts.toString("hex") : undefined;
  } finally {
    closeSync(log);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
