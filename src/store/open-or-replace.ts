/** Opens a unit's database, whatever has become of it: a damaged one is set aside and a new one begins. */
import { existsSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { wipingMarkerOf } from "./sidecar-files.ts";
import { asStoreError, StoreError } from "./errors.ts";
import { UNIT_APPLICATION_ID } from "./schema.ts";
import { survivingFactsOf, seedOf, settingsOf } from "./offline/salvage.ts";
import { openStoreFile, type Store, type StoreFile } from "./store.ts";
import { clearCorruptionMarker, setAside, markCorrupt, corruptionMarker } from "./quarantine.ts";

/** What happened to the database before this one. */
export interface Replacement {
  /** Where it lies now; `sentinel audit salvage` gets records out of it. */
  setAside: string;
  why: string;
  /** Its epoch, if that could still be read. */
  previousEpoch?: string;
  /** The oldest of its records that had not arrived; absent when none had to, or none could be read. */
  fromSeq?: number;
  /** The last record it wrote; absent when that could not be read. */
  toSeq?: number;
}

/**
 * Opens the database. One that is damaged, or another unit's, is moved out of the way and a new
 * one begins with a new epoch: a door must come up. Settings and the signing key go over where
 * they can be read; the directory does not, because nothing would show a changed entry.
 *
 * @param atMs wall time
 * @throws StoreError `disk` when nothing can be written, `foreign` for another program's database
 */
export function openOrReplace(
  file: StoreFile,
  atMs: number,
): { store: Store; replaced?: Replacement } {
  const { path } = file;
  if (existsSync(wipingMarkerOf(path))) {
    throw new StoreError("disk", `a wipe of ${path} was begun: finish it with "sentinel wipe"`);
  }
  const before = path === ":memory:" ? undefined : corruptionMarker(path);
  if (before === undefined) {
    try {
      refuseEmpty(path);
      return { store: openStoreFile(file) };
    } catch (error) {
      const failure = asStoreError(error, `opening the database ${path}`);
      if (!isReplaceable(failure, path)) throw failure;
      mark(path, failure, atMs);
    }
  }
  return beginAnew(file);
}

function beginAnew(file: StoreFile): { store: Store; replaced?: Replacement } {
  const { path, unitId } = file;
  const found = corruptionMarker(path);
  if (found === undefined) return { store: openStoreFile(file) };
  const { why, quarantine: target } = found;
  setAside(path, target);
  const { unit, epoch, headSeq, waitingFrom } = survivingFactsOf(target);
  // What another unit was told must not hold here, and its key is not ours to sign with.
  const ours = unit === undefined || unit === unitId;
  const seed = ours ? seedOf(target) : undefined;
  const store = openStoreFile({
    ...file,
    inherited: {
      settings: ours ? settingsOf(target) : [],
      ...(seed === undefined ? {} : { seed }),
    },
  });
  clearCorruptionMarker(path);
  return {
    store,
    replaced: {
      setAside: target,
      why,
      ...(epoch === undefined ? {} : { previousEpoch: epoch }),
      ...(waitingFrom === undefined ? {} : { fromSeq: waitingFrom }),
      ...(headSeq === undefined ? {} : { toSeq: headSeq }),
    },
  };
}

/** A file of no bytes would count as a new database: its records would be gone without a word. */
function refuseEmpty(path: string): void {
  if (path === ":memory:" || !existsSync(path) || statSync(path).size > 0) return;
  // A log beside it may hold all there is: SQLite would delete it.
  throw new StoreError("damaged", `${path} is empty`);
}

function isReplaceable({ kind, context }: StoreError, path: string): boolean {
  const code = String(context["code"] ?? "");
  // Unreadable sectors stay unreadable, and a file that must not be written is of no use.
  if (kind === "disk") return /^SQLITE_(IOERR_READ|IOERR_SHORT_READ|READONLY)/.test(code);
  return kind === "damaged" || (kind === "foreign" && isOfAUnit(path));
}

/** Whether the file is a unit's at all: another program's database is left alone. */
function isOfAUnit(path: string): boolean {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    if (database.pragma("application_id", { simple: true }) === UNIT_APPLICATION_ID) return true;
    const table = "SELECT 1 FROM sqlite_schema WHERE name = 'holder_keys'";
    return database.prepare(table).get() !== undefined;
  } catch {
    return false;
  } finally {
    database.close();
  }
}

/** @throws StoreError the first failure, when the folder cannot be written either */
function mark(path: string, failure: StoreError, atMs: number): void {
  try {
    markCorrupt(path, failure.message, atMs);
  } catch {
    throw failure;
  }
}
