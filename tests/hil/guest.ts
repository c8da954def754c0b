/** Inside the machine: the contract suites on the kernel's own drivers. */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { runAll, type Result } from "./vitest-face.ts";
import { leftOut } from "./left-out.ts";
import "./rigs.ts";

const results: Result[] = [];
/** What was asked for on the command line; everything when nothing was. */
const only = readFileSync("/tmp/out/only", "utf8");
await runAll({ wanted: (title) => title.includes(only), leftOut }, (result) => {
  results.push(result);
  const { outcome, ms, suite, name, why = "" } = result;
  console.log(`${outcome} ${ms} ms ${suite}: ${name}${outcome === "failed" ? `\n${why}` : ""}`);
});
writeFileSync("/tmp/out/results.json", JSON.stringify(results));
process.exit(results.some(({ outcome }) => outcome === "failed") ? 1 : 0);
