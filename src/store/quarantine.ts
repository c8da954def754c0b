/** Quarantine: a database that cannot be trusted is kept under a dated name, never deleted, never used again. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseJson } from "../base/json.ts";

/** The corruption marker: it lies next to a damaged database until that is quarantined. */
interface Marker {
  why: string;
  quarantine: string;
}

const SIDES = ["-wal", "-shm"] as const;
const markerOf = (path: string): string => `${path}-suspect`;

/**
 * Notes that a database is damaged, so that the next start sets it aside whatever else happens.
 *
 * @param atMs wall time, for the name it will get
 * @throws Error when nothing can be written there
 */
export function markCorrupt(path: string, why: string, atMs: number): void {
  if (existsSync(markerOf(path))) return;
  // `setAside` is the file's name for it since version 0.1.0.
  const marker = { why, setAside: freeName(path, atMs) };
  writeFileSync(markerOf(path), JSON.stringify(marker), { flush: true });
}

/** The marker that a database of before left, if any. */
export function corruptionMarker(path: string): Marker | undefined {
  if (!existsSync(markerOf(path))) return undefined;
  const marker = parseJson(readFileSync(markerOf(path), "utf8"));
  const { why, setAside: quarantine } =
    typeof marker === "object" && marker !== null
      ? { why: undefined, setAside: undefined, ...marker }
      : {};
  // A power cut may have torn the marker itself: what it stood for still holds.
  if (typeof why === "string" && typeof quarantine === "string") return { why, quarantine };
  return { why: "marked as damaged", quarantine: freeName(path, 0) };
}

/**
 * Moves a suspect database and its log out of the way. A power cut in between is made good by the
 * next start: the marker stays until `clearSuspicion`.
 */
export function setAside(path: string, target: string): void {
  const moveSides = (): void => {
    for (const end of SIDES) {
      if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${target}${end}`);
    }
  };
  if (!existsSync(target)) {
    if (existsSync(path)) renameSync(path, target);
    moveSides();
  } else if (!existsSync(path)) {
    moveSides();
  }
}

export function clearCorruptionMarker(path: string): void {
  rmSync(markerOf(path), { force: true });
}

/** Databases that were set aside and still lie beside this one, oldest first. */
export function quarantinedDatabases(path: string): string[] {
  return quarantinedFiles(path).filter((name) => !SIDES.some((end) => name.endsWith(end)));
}

/** The same, with the logs that belong to them. */
export function quarantinedFiles(path: string): string[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${basename(path)}.set-aside-`))
    .sort()
    .map((name) => join(folder, name));
}

function freeName(path: string, atMs: number): string {
  // As in 2022-04-26T090000Z: no file system minds it, and names sort by time.
  const date = new Date(atMs)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "");
  const name = `${path}.set-aside-${date}`;
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}-${count}`;
    if (!existsSync(candidate)) return candidate;
  }
}
