/** Makes docs/developers/conformance.md (`--print`: only says it); fails where a vector deviates without a reason. */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { checkAll } from "./check.ts";
import { corporaFolder } from "./corpora.ts";
import { report, unexplained } from "./report.ts";

const folder = corporaFolder();
if (folder === undefined) {
  console.error("conformance: no test data; set SENTINEL_CORPORA to the folder of the corpora");
  process.exitCode = 2;
} else {
  const outcomes = await checkAll(folder);
  const text = report(outcomes);
  if (!process.argv.includes("--print")) writeFileSync("docs/developers/conformance.md", text);
  console.log(text);
  const wrong = unexplained(outcomes);
  for (const each of wrong) console.error(each);
  if (wrong.length > 0) process.exitCode = 1;
}
