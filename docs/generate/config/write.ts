/** Writes the configuration's reference documents; run by `npm run docs:config`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { referenceDocuments } from "./reference.ts";

for (const [path, text] of referenceDocuments()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(path);
}
