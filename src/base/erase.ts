/** Deletes a file so that its content is gone too: its blocks are overwritten before they are freed. */
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

// Overwriting in place reaches the same blocks on ext4 and xfs. A log-structured file system or the
// controller of a flash card may keep the old ones: only disk encryption settles those.
const ZEROS = Buffer.alloc(65_536);

/** Overwrites an open file from one byte up to another, and waits until that is on the disk. */
export function zeroSync(descriptor: number, end: number, from = 0): void {
  for (let at = from; at < end; at += ZEROS.length) {
    writeSync(descriptor, ZEROS, 0, Math.min(ZEROS.length, end - at), at);
  }
  fsyncSync(descriptor);
}

/** Overwrites a file with zeros and removes it. A file that is not there is erased already. */
export function eraseFileSync(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r+");
  } catch (error) {
    if (isAbsent(error)) return;
    throw error;
  }
  try {
    zeroSync(descriptor, statSync(path).size);
  } finally {
    closeSync(descriptor);
  }
  rmSync(path, { force: true });
}

/** Erases every file below a folder, then removes the folder. Links are removed, not followed. */
export function eraseFolderSync(folder: string): void {
  for (const entry of listSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) eraseFolderSync(path);
    else if (entry.isFile()) eraseFileSync(path);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** The same as `eraseFileSync`, without holding up the caller's thread. */
export async function eraseFile(path: string): Promise<void> {
  const file = await open(path, "r+").catch(unlessAbsent);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size; at += ZEROS.length) {
      await file.write(ZEROS, 0, Math.min(ZEROS.length, size - at), at);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(path, { force: true });
}

/** The same as `eraseFolderSync`, without holding up the caller's thread. */
export async function eraseFolder(folder: string): Promise<void> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(unlessAbsent)) ?? [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await eraseFolder(path);
    else if (entry.isFile()) await eraseFile(path);
  }
  await rm(folder, { recursive: true, force: true });
}

function listSync(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

function unlessAbsent(error: unknown): undefined {
  if (isAbsent(error)) return undefined;
  throw error;
}
