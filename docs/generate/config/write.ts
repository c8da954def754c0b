/** Writes the configuration's reference documents; run by `npm run docs:config`. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { referenceDocuments } from "./reference.ts";
import { tableIn, WIRING_PAGE, wiringTable, withWiringTable } from "./wiring.ts";

for (const [path, text] of referenceDocuments()) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(path);
}

const wiring = readFileSync(WIRING_PAGE, "utf8");
// A table with the same cells stays as the formatter left it.
if (JSON.stringify(tableIn(wiring)) !== JSON.stringify(wiringTable())) {
  writeFileSync(WIRING_PAGE, withWiringTable(wiring));
  console.log(WIRING_PAGE);
}
