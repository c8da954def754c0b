/** Files with keys and people's data are their owner's alone, whatever the umask of who starts the program. */
import { chmodSync, closeSync, openSync, statSync } from "node:fs";

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/**
 * Makes the file of a database owner-only before SQLite opens it: a new one is created so, and SQLite
 * gives its log and index files the mode of the database. An older one with a wider mode is narrowed.
 *
 * @param path a file, or ":memory:"
 */
export function makePrivate(path: string): void {
  if (path === ":memory:") return;
  try {
    closeSync(openSync(path, "ax", OWNER_ONLY));
  } catch {
    // It exists, or it cannot be made: opening the database says which, with its own words.
  }
  for (const file of [path, `${path}-wal`, `${path}-shm`]) narrow(file);
}

function narrow(file: string): void {
  try {
    if ((statSync(file).mode & OTHERS) !== 0) chmodSync(file, OWNER_ONLY);
  } catch {
    // Absent, or another user's: what has to be written to it will fail and say so.
  }
}
