/**
 * After packages were added or updated: takes out of package-lock.json what an installation elsewhere
 * would trip over.
 *
 *   npm install --save-exact PACKAGE && npm run settle-lock
 *
 * - Wishes that `overrides` in package.json answers are written as answered: npm 9 stops at a tag that
 *   it shall override, and every npm asks the registry what a tag means today.
 * - Optional packages name no engine: npm leaves out those that the Node under npm is too old for, and
 *   that Node runs nothing but npm.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { say } from "./failure.mjs";
import { readJson, root } from "./tree.mjs";

/** The lock file without them. */
export function settled(lock, overrides) {
  const packages = Object.entries(lock.packages).map(([path, entry]) => {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const answered = { ...entry };
    for (const kind of ["dependencies", "optionalDependencies"]) {
      for (const [wish, version] of Object.entries(overrides[name] ?? {})) {
        if (entry[kind]?.[wish] !== undefined) {
          answered[kind] = { ...answered[kind], [wish]: version };
        }
      }
    }
    if (entry.optional) delete answered.engines;
    return [path, answered];
  });
  return { ...lock, packages: Object.fromEntries(packages) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = join(root, "package-lock.json");
  const before = readFileSync(path, "utf8");
  const lock = settled(JSON.parse(before), readJson("package.json").overrides ?? {});
  const after = `${JSON.stringify(lock, null, 2)}\n`;
  if (after !== before) writeFileSync(path, after);
  say(after === before ? "the lock file is settled." : "settled the lock file.");
}
