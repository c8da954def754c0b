/** `npm run seeds -- N`: seeded days at the simulated doorway, with every fault there is, on all processors. */
import { fork, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { seededDay } from "../../sim/seeds/seeded-day.ts";
import { replayCommand, runSeed } from "../../sim/seeds/seeds.ts";
import { traceLines } from "../../sim/kernel/trace.ts";

const USAGE = `npm run seeds -- [N] [--from SEED] [--workers N]   N days, from seed 1 where not said
npm run seeds -- --replay SEED                     one day, its trace and scenario written to files
npm run seeds -- --freeze SEED --title "WHAT BROKE"  the day as a file of tests/seeds/frozen, before its fix`;

const SELF = fileURLToPath(import.meta.url);
const DEFAULT_DAYS = 20;
/** Pictures of people that many days have in common are decoded once. */
const CACHED_FRAMES = 4_000;

interface Report {
  seed: number;
  failures: string[];
  visitors: number;
  virtualMs: number;
}

if (process.send !== undefined) await work();
else process.exitCode = await start();

async function start(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      from: { type: "string", default: "1" },
      workers: { type: "string", default: String(availableParallelism()) },
      replay: { type: "string" },
      freeze: { type: "string" },
      title: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.replay !== undefined) return replay(wholeNumber(values.replay));
  if (values.freeze !== undefined) return freeze(wholeNumber(values.freeze), values.title);
  const days = wholeNumber(positionals[0] ?? String(DEFAULT_DAYS));
  return swarm(wholeNumber(values.from), days, Math.max(1, wholeNumber(values.workers)));
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) {
    console.error(`"${text}" is no whole number.\n${USAGE}`);
    process.exit(2);
  }
  return Number(text);
}

/** Hands seeds out to child processes until all are done; tells every failure at once. */
async function swarm(from: number, days: number, workers: number): Promise<number> {
  const startedAt = performance.now();
  let next = from;
  const failed: number[] = [];
  let visitors = 0;
  let virtualMs = 0;
  const children = Array.from({ length: Math.min(workers, days) }, () => fork(SELF));
  const serve = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      let given = next;
      const give = (): void => {
        given = next;
        if (next < from + days) child.send(next++);
        else child.disconnect();
      };
      child.on("message", (message) => {
        const report = message as Report;
        visitors += report.visitors;
        virtualMs += report.virtualMs;
        if (report.failures.length > 0) {
          failed.push(report.seed);
          tell(report);
        }
        give();
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`a worker ended by ${signal ?? code} on seed ${given}`));
      });
      give();
    });
  await Promise.all(children.map((child) => serve(child)));
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const hours = (virtualMs / 3_600_000).toFixed(1);
  console.log(
    `${days} seeds from ${from}: ${visitors} visitors in ${hours} virtual hours, ${failed.length} seeds failed, ${seconds} s`,
  );
  return failed.length === 0 ? 0 : 1;
}

function tell({ seed, failures }: Report): void {
  console.log(`seed ${seed} failed; see it again: ${replayCommand(seed)}`);
  for (const failure of failures) console.log(`  ${failure}`);
}

async function work(): Promise<void> {
  const engine = createInlineEngine({ cacheFrames: CACHED_FRAMES, wanted: CREDENTIAL_SHAPES });
  await engine.ready();
  process.on("message", (seed) => {
    void runSeed(Number(seed), engine).then(({ seed: done, failures, result }) => {
      const totals = result?.totals;
      process.send?.({
        seed: done,
        failures,
        visitors: totals?.visitors ?? 0,
        virtualMs: totals?.lastedMs ?? 0,
      });
    });
  });
}

/** Writes a seed's day as a file that no change of the generator alters. */
function freeze(seed: number, title: string | undefined): number {
  if (title === undefined || title.trim() === "") {
    console.error(`--freeze needs a --title that says what broke.\n${USAGE}`);
    return 2;
  }
  const file = `tests/seeds/frozen/${String(seed).padStart(5, "0")}.yaml`;
  const day = { ...seededDay(seed), name: `day ${seed}: ${title}` };
  writeFileSync(file, stringify(day, { aliasDuplicateObjects: false }));
  console.log(file);
  return 0;
}

async function replay(seed: number): Promise<number> {
  const engine = createInlineEngine({ cacheFrames: CACHED_FRAMES, wanted: CREDENTIAL_SHAPES });
  await engine.ready();
  const { failures, result } = await runSeed(seed, engine);
  const scenario = `seed-${seed}.yaml`;
  writeFileSync(scenario, stringify(seededDay(seed), { aliasDuplicateObjects: false }));
  console.log(`the day: ${scenario} (sentinel sim --scenario ${scenario})`);
  if (result !== undefined) {
    const trace = `seed-${seed}.trace.jsonl`;
    writeFileSync(trace, traceLines(result.trace));
    console.log(`everything that happened: ${trace}`);
  }
  for (const failure of failures) console.log(`  ${failure}`);
  console.log(failures.length === 0 ? "every promise was kept" : "failed");
  return failures.length === 0 ? 0 : 1;
}
