/** Writes the published contract; run by `npm run docs:mqtt`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { contractDocuments } from "./document.ts";

for (const [path, text] of contractDocuments()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(path);
}
