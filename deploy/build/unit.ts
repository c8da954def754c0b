/**
 * Makes plain JavaScript of the sources, as a unit is installed: a Node that strips types itself
 * holds its parser in memory, once in every thread and process.
 *
 *   node deploy/build/unit.ts [FOLDER]     default dist/unit
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
const PARTS = ["src", "hal", "sim"];
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
    if (!entry.isDirectory()) yield path;
    else if (path !== PAGES) yield* files(path);
  }
}

/** Makes the whole tree anew and puts it in place in one step. @returns how many modules there are */
export function build(target: string): number {
  const making = `${target}.${process.pid}`;
  rmSync(making, { recursive: true, force: true });
  const modules = write(making);
  rmSync(target, { recursive: true, force: true });
  renameSync(making, target);
  return modules;
}

function write(target: string): number {
  mkdirSync(target, { recursive: true });
  // Stamped first: what is changed while the rest is written is newer.
  writeFileSync(join(target, STAMP), "");
  let modules = 0;
  for (const path of PARTS.flatMap((part) => [...files(part)])) {
    if (path.endsWith(".d.ts") || path.endsWith("tsconfig.json")) continue;
    const isSource = path.endsWith(".ts");
    const to = join(target, isSource ? path.replace(/\.ts$/, ".js") : path);
    mkdirSync(dirname(to), { recursive: true });
    if (isSource) {
      writeFileSync(to, plain(readFileSync(join(ROOT, path), "utf8")));
      modules += 1;
    } else copyFileSync(join(ROOT, path), to);
  }
  return modules;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = process.argv[2] ?? join(ROOT, "dist", "unit");
  console.log(`${build(target)} modules in ${target}`);
}
