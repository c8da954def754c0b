/**
 * `npm run arm64`: the same work on this processor and on an emulated ARM64, the Raspberry Pi's kind,
 * compared. Emulation is of single programs (qemu-user), about twelve times slower than the machine.
 * It shows what comes out on such a processor, not how fast.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { corporaFolder } from "../conformance/corpora.ts";
import { prepareNode } from "./node.ts";

/** A program's arguments for node, and what of its output may differ between two runs. */
interface Work {
  what: string;
  args: string[];
  varies?: RegExp;
}

interface Result {
  what: string;
  lines: number;
  here: string;
  emulated: string;
  seconds: number;
}

const SCENARIOS = "sim/scenarios";
const run = promisify(execFile);
const MOST_OUTPUT_BYTES = 1 << 28;

const folder = mkdtempSync(join(tmpdir(), "arm64-"));
/** Where a program writes what is more than its output. */
const TRACE = join(folder, "trace.jsonl");
const emulator = prepareNode(resolve("out", "arm64"));
const results: Result[] = [];
for (const work of allWork()) {
  const result = await compare(work);
  results.push(result);
  const verdict = result.here === result.emulated ? "the same" : "DIFFERENT";
  console.log(
    `${verdict}: ${result.what}, ${result.lines} lines, ${result.seconds.toFixed(0)} s emulated`,
  );
}
const different = results.filter(({ here, emulated }) => here !== emulated);
for (const { what, here, emulated } of different) {
  console.error(`\n${what}, first line that differs:\n${firstDifference(here, emulated)}`);
}
if (different.length > 0) process.exitCode = 1;
rmSync(folder, { recursive: true });

function allWork(): Work[] {
  const scenarios = readdirSync(SCENARIOS)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => ({
      what: `scenario ${file}: every visit, record and effect`,
      args: ["src/cli/main.ts", "sim", "--json", "--trace", TRACE, "--scenario"].concat(
        join(SCENARIOS, file),
      ),
    }));
  const corpora = corporaFolder();
  if (corpora === undefined) {
    console.log("left out: pictures and certificates; set SENTINEL_CORPORA to their folder");
    return scenarios;
  }
  return [
    ...scenarios,
    {
      what: "the labelled pictures: codes and their corners",
      args: ["src/cli/main.ts", "decode", "--json", ...picturesIn(join(corpora, "codes"))],
      varies: /"cpuMs":[\d.]+,/g,
    },
    { what: "conformance: the whole document", args: ["tests/conformance/run.ts", "--print"] },
  ];
}

function picturesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(png|jpe?g|gif|webp)$/i.test(file))
    .sort()
    .map((file) => join(folder, file));
}

/** One after the other: two emulated programs at once take as long. */
async function compare({ what, args, varies }: Work): Promise<Result> {
  const here = await outputOf([process.execPath, ...args], varies);
  const start = performance.now();
  const emulated = await outputOf([...emulator, ...args], varies);
  const seconds = (performance.now() - start) / 1_000;
  return { what, lines: here.split("\n").length - 1, here, emulated, seconds };
}

async function outputOf([file = "", ...args]: string[], varies?: RegExp): Promise<string> {
  rmSync(TRACE, { force: true });
  const { stdout } = await run(file, args, { maxBuffer: MOST_OUTPUT_BYTES });
  if (stdout.length === 0) throw new Error(`${args.join(" ").slice(0, 200)}: printed nothing`);
  const said = existsSync(TRACE) ? stdout + readFileSync(TRACE, "utf8") : stdout;
  return varies === undefined ? said : said.replaceAll(varies, "");
}

function firstDifference(here: string, emulated: string): string {
  const lines = here.split("\n");
  const others = emulated.split("\n");
  const at = lines.findIndex((line, index) => line !== others[index]);
  return `  here      ${lines[at]?.slice(0, 500)}\n  emulated  ${others[at]?.slice(0, 500)}`;
}
