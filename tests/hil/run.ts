/**
 * `npm run hil`: the contract suites on a real kernel's GPIO, I2C, serial and camera drivers, in an
 * emulated machine; prints what came of each suite, and fails when a test does.
 */
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { prepareKernel } from "./kernel.ts";
import { runMachine, type MachineRun } from "./machine.ts";
import type { Result } from "./vitest-face.ts";

/** Three minutes on a quiet machine with two cores; an emulated one is slow where others work too. */
const TIMEOUT_MS = 900_000;
const CACHE = resolve("out", "hil");

const [only = ""] = process.argv.slice(2);
// The machine sees this one's root, and has a /tmp of its own over it.
if (fileURLToPath(import.meta.url).startsWith("/tmp/")) {
  console.error(
    "npm run hil: a checkout under /tmp cannot be seen in the machine; move it elsewhere",
  );
  process.exit(1);
}
const kernel = prepareKernel(CACHE);
console.log(`kernel ${kernel.version}, emulated`);
const machine = await runMachine({
  kernel,
  command: fileURLToPath(new URL("guest.sh", import.meta.url)),
  timeoutMs: TIMEOUT_MS,
  give: { only },
});
const text = machine.read("results.json");
if (text === undefined) {
  console.error(whatWentWrong(machine));
  process.exitCode = 1;
} else {
  const results = JSON.parse(text) as Result[];
  print(results);
  console.log(`${(machine.tookMs / 1_000).toFixed(0)} s from power on to off`);
  // A machine that ran nothing has shown nothing.
  const ran = results.some(({ outcome }) => outcome === "passed");
  if (!ran || machine.exitCode !== 0) process.exitCode = 1;
}
machine.dispose();

function whatWentWrong({ exitCode, log, console: said }: MachineRun): string {
  const end = exitCode === undefined ? "did not come to its end" : `ended with ${exitCode}`;
  return `the machine ${end}\n${log}\nthe kernel's last words:\n${said}`;
}

function print(results: readonly Result[]): void {
  const suites = [...new Set(results.map(({ suite }) => suite))];
  const rows = suites.map((suite) => {
    const of = (outcome: Result["outcome"]): string =>
      String(results.filter((each) => each.suite === suite && each.outcome === outcome).length);
    return [suite, of("passed"), of("failed"), of("left out")];
  });
  console.log("");
  table([["suite", "passed", "failed", "left out"], ...rows]);
  console.log("\nleft out:");
  for (const { suite, name, why } of results.filter(({ outcome }) => outcome === "left out")) {
    console.log(`- ${suite}: ${name}: ${why}`);
  }
  console.log("");
  for (const { suite, name, why } of results.filter(({ outcome }) => outcome === "failed")) {
    console.log(`FAILED ${suite}: ${name}\n${why}\n`);
  }
}

function table(rows: readonly string[][]): void {
  const widths = rows[0]?.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, at) =>
      at === 0 ? cell.padEnd(widths?.[at] ?? 0) : cell.padStart(widths?.[at] ?? 0),
    );
    console.log(`| ${cells.join(" | ")} |`);
  }
}
