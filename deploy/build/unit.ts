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
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ROOMS = ["src", "hal"];
/** Nothing else imports it (tests/architecture/rules.ts): its verbs are found where it is installed. */
const DISTRICT = join("src", "district");
/** Built by vite into dist/pages. */
const PAGES = join("src", "ui", "pages");
/** Newer than every source that went in, as long as nothing was changed since. */
const STAMP = ".built";

// `from "./x.ts"`, `import "./x.ts"`, `import("./x.ts")`, `new URL("x.ts", import.meta.url)`.
const SPECIFIER =
  /(\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)"((?:\.{1,2}\/)?[\w./-]+)\.ts"(?=\s*[,;)]|\s*$)/gm;

/** One source as Node runs it without help. */
export function plain(source: string): string {
  return stripTypeScriptTypes(source).replaceAll(SPECIFIER, '$1"$2.js"');
}

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
  const all = ROOMS.flatMap((room) => [...files(room)]);
  const isOfDistrict = (path: string): boolean => path.startsWith(`${DISTRICT}/`);
  put(all.filter(isOfDistrict), join(target, "district"));
  return put(
    all.filter((path) => !isOfDistrict(path)),
    join(target, "unit"),
  );
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
