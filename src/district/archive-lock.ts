/** One collector at a time on a database: a lock that the system gives back when its holder dies. */
import Database from "better-sqlite3";
import { makePrivate } from "../base/sqlite/private-file.ts";

/**
 * Takes the lock beside a database.
 *
 * @returns gives it back
 * @throws Error when another collector holds it
 */
export function lockArchive(path: string): () => void {
  makePrivate(`${path}.lock`);
  const lock = new Database(`${path}.lock`, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw new Error(`another collector works on ${path}: stop it first`, { cause: error });
  }
  return () => lock.close();
}
