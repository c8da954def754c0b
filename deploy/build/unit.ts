/**
 * Makes plain JavaScript of the sources, as they are installed: a Node that strips types itself holds
 * its parser in memory, once in every thread and process.
 *
 *   node deploy/build/unit.ts [FOLDER]     default dist
 *
 * - `FOLDER/unit`: what a unit runs. No simulator, no district, no pages (vite builds those).
 * - `FOLDER/district`: what the services of a district need on top of it.
 *
 * Types become blanks, so every line and column stays where it is, and a stack trace names the
 * place in the source without a source map.
 */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ROOMS = ["src", "hal"];
const DISTRICT = join("src", "district");
const SIMULATOR = "sim";
/** Built by vite into dist/pages. */
const PAGES = join("src", "ui", "pages");
/** Verbs of the command line may need a room that is not installed: they are then not there either. */
const VERBS = join("src", "cli");
/** Newer than every source that went in, as long as nothing was changed since. */
const STAMP = ".built";

// `from "./x.ts"`, `import "./x.ts"`, `import("./x.ts")`, `new URL("x.ts", import.meta.url)`.
const SPECIFIER =
  /(\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)"((?:\.{1,2}\/)?[\w./-]+)\.ts"(?=\s*[,;)]|\s*$)/gm;
// What a module cannot be loaded without, once its types are gone.
const STATIC_IMPORT = /^(?:import|export)\b[^;"]*"(\.{1,2}\/[^"]+)";/gm;

/** One source as Node runs it without help. */
export function plain(source: string): string {
  return stripTypeScriptTypes(source).replaceAll(SPECIFIER, '$1"$2.js"');
}

/** Which files go into the tree of a unit, and which a district has on top of them. */
export function contents(): { unit: string[]; district: string[] } {
  const all = ROOMS.flatMap((room) => [...files(room)]);
  const needsOf = needs(all);
  const unit: string[] = [];
  const district: string[] = [];
  for (const path of all) {
    const rooms = needsOf(path);
    if (rooms.size > 0 && !isIn(path, DISTRICT) && !isIn(path, VERBS)) {
      throw new Error(`${path} needs ${[...rooms].join(", ")}, which a unit does not have`);
    }
    if (rooms.has(SIMULATOR)) continue;
    (isIn(path, DISTRICT) || rooms.has(DISTRICT) ? district : unit).push(path);
  }
  return { unit, district };
}

/** Finds which of the rooms that a unit lacks a module imports, itself or through others. */
function needs(paths: readonly string[]): (path: string) => ReadonlySet<string> {
  const known = new Map<string, Set<string>>();
  const needsOf = (path: string): ReadonlySet<string> => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const found = new Set<string>();
    known.set(path, found);
    for (const target of importsOf(path)) {
      if (isIn(target, SIMULATOR)) found.add(SIMULATOR);
      else if (isIn(target, DISTRICT)) found.add(DISTRICT);
      else for (const room of needsOf(target)) found.add(room);
    }
    return found;
  };
  for (const path of paths) needsOf(path);
  return needsOf;
}

function importsOf(path: string): string[] {
  if (!path.endsWith(".ts")) return [];
  const text = stripTypeScriptTypes(readFileSync(join(ROOT, path), "utf8"));
  return [...text.matchAll(STATIC_IMPORT)].map(([, specifier = ""]) =>
    relative(ROOT, resolve(ROOT, dirname(path), specifier)),
  );
}

const isIn = (path: string, room: string): boolean => path.startsWith(`${room}/`);

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) {
      if (!path.endsWith(".d.ts") && entry.name !== "tsconfig.json") yield path;
    } else if (path !== PAGES) yield* files(path);
  }
}

/**
 * Builds both trees and replaces each in one step.
 * @returns how many modules the unit has
 */
export function build(target: string): number {
  const { unit, district } = contents();
  put(district, join(target, "district"));
  return put(unit, join(target, "unit"));
}

function put(paths: readonly string[], target: string): number {
  const making = `${target}.${process.pid}`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  // Stamped first: what is changed while the rest is written is newer.
  writeFileSync(join(making, STAMP), "");
  for (const path of paths) write(path, making);
  rmSync(target, { recursive: true, force: true });
  renameSync(making, target);
  return paths.filter((path) => path.endsWith(".ts")).length;
}

function write(path: string, target: string): void {
  const isSource = path.endsWith(".ts");
  const to = join(target, isSource ? path.replace(/\.ts$/, ".js") : path);
  mkdirSync(dirname(to), { recursive: true });
  if (isSource) writeFileSync(to, plain(readFileSync(join(ROOT, path), "utf8")));
  else copyFileSync(join(ROOT, path), to);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = process.argv[2] ?? join(ROOT, "dist");
  console.log(`${build(target)} modules in ${join(target, "unit")}`);
}
