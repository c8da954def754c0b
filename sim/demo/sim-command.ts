/** `sentinel sim`: the simulated doorway, with pages in real time or as a scenario in virtual time. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { startSimulatedDoorway } from "./main.ts";
import { loadScenario } from "../scenario/load.ts";
import { ScenarioError } from "../scenario/problems.ts";
import { runScenario, type ScenarioResult } from "../scenario/run.ts";
import { printable } from "../../src/base/printable.ts";
import { canonicalJson } from "../../src/base/canonical-json.ts";
import { traceLines } from "../kernel/trace.ts";
import { makeSigningKey } from "../../src/cli/support/signing-key.ts";
import { printLine } from "../../src/cli/support/output.ts";
import { UsageError } from "../../src/cli/support/usage.ts";

interface SimOptions {
  port: number;
  host: string;
  data?: string;
  scenario?: string;
  seed?: number;
  json?: boolean;
  timings?: boolean;
  trace?: string;
}

const DEFAULT_PORT = 8080;
/** Pictures of a scenario repeat; decoding each of them once is enough. */
const CACHED_FRAMES = 4_000;

/** The verb, ready to be added to the program. */
export function simCommand(): Command {
  return new Command("sim")
    .description("Run the simulated doorway: with pages, or a scenario in virtual time")
    .option("--port <number>", "port of the pages; 0 takes a free one", wholeNumber, DEFAULT_PORT)
    .option("--host <address>", "address the pages are served on", "127.0.0.1")
    .option("--data <folder>", "keep the records in this folder instead of a temporary one")
    .option("--scenario <file>", "run this scenario (YAML) in virtual time, without pages")
    .option(
      "--seed <number>",
      "chance of the run; the same seed gives the same result",
      wholeNumber,
    )
    .option("--json", "with --scenario: one JSON line a visit, and one of totals")
    .option(
      "--timings",
      "with --scenario: add processor milliseconds, which differ from run to run",
    )
    .option("--trace <file>", "with --scenario: write everything that happened, as JSON lines")
    .addHelpText(
      "after",
      "\ndocs/developers/scenarios.md shows how to write a scenario.\nExit status with --scenario: 0 when every expectation and every check held, 1 when not, 2 when the scenario cannot be used.",
    )
    .action(async (options: SimOptions) => {
      if (options.scenario === undefined) await serve(options);
      else await play(options.scenario, options);
    });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("expected a whole number.");
  }
  return value;
}

async function serve(options: SimOptions): Promise<void> {
  for (const name of ["json", "timings", "trace"] as const) {
    if (options[name] !== undefined) throw new UsageError(`--${name} needs --scenario`);
  }
  // Listened for from the start: whoever sees the address may stop it at once.
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  const folder = await mkdtemp(join(tmpdir(), "sentinel-operator-"));
  const keyFile = join(folder, "operator.key.json");
  const key = makeSigningKey(keyFile, "operator", "this session");
  const doorway = await startSimulatedDoorway({
    port: options.port,
    host: options.host,
    commandKeys: { [key.id]: key.publicKey },
    ...(options.data === undefined ? {} : { folder: options.data }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  }).catch((error: unknown) => {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (!taken) throw error;
    throw new UsageError(
      `port ${options.port} of ${options.host} is taken by another program: stop it, or choose another port with --port (0: any that is free)`,
    );
  });
  printLine(`${doorway.url}  (open it and send a visitor to the door; Ctrl-C stops)`);
  const { unitId, district, brokerUrl } = doorway;
  // A hint for who sits there; whoever reads the output by program gets the address alone.
  if (process.stdout.isTTY) {
    printLine(
      `open the gate from afar: npm run sentinel -- command release --unit ${unitId} --district ${district} --broker ${brokerUrl} --key ${keyFile} --why "delivery"`,
    );
  }
  await stopped;
  await doorway.stop();
  await rm(folder, { recursive: true, force: true });
}

async function play(file: string, options: SimOptions): Promise<void> {
  const loaded = await loadScenario(file).catch((error: unknown) => {
    throw error instanceof ScenarioError ? UsageError.because(error) : error;
  });
  const engine = createInlineEngine({
    cacheFrames: CACHED_FRAMES,
    wanted: CREDENTIAL_SHAPES,
  });
  await engine.ready();
  const result = await runScenario(loaded, {
    engine,
    seed: options.seed,
    ...(options.timings === true ? { stopwatch: () => performance.now() } : {}),
  });
  await engine.close();
  if (options.trace !== undefined) await writeFile(options.trace, traceLines(result.trace));
  process.stdout.write(options.json === true ? jsonLines(result) : plainLines(result));
  if (!result.totals.ok) process.exitCode = 1;
}

function jsonLines({ visits, totals }: ScenarioResult): string {
  return [...visits, totals].map((line) => `${canonicalJson(line)}\n`).join("");
}

/** For reading by eye. */
function plainLines({ visits, totals }: ScenarioResult): string {
  const lines = visits.map((visit) => {
    const seconds = ((visit.decidedAtMs ?? visit.arrivedAtMs) / 1_000).toFixed(1).padStart(8);
    const why = visit.reasons.length === 0 ? "" : ` (${visit.reasons.join(", ")})`;
    const gate = visit.gate.opened ? ", gate opened" : "";
    return `${seconds} s  ${visit.visitor}: ${visit.outcome}${why}${gate}`;
  });
  const { granted, denied, referred, none, checks, expect } = totals;
  lines.push(
    `${totals.visitors} visitors: ${granted} granted, ${denied} denied, ${referred} referred, ${none} without a decision; seed ${totals.seed}`,
  );
  for (const failure of checks.failures) lines.push(`broken promise: ${failure}`);
  for (const failure of expect.failures) lines.push(`not as expected: ${failure}`);
  lines.push(
    totals.ok ? `${expect.held} expectations held` : "the scenario did not go as expected",
  );
  return lines.map((line) => `${printable(line)}\n`).join("");
}
