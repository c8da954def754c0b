/** A unit's memory over an hour's visitors: a real process, installed and started as on a doorway. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkout, install } from "./memory/installation.ts";
import { startTrial, type Trial } from "./memory/trial.ts";
import { peakBytes, residentBytes, shareBytes } from "./processes.ts";

const HOUR_MS = 3_600_000;
// Every fifth visitor lays a card on the reader.
const CARD_EVERY = 5;
// From fewer samples a slope is chance.
const FEWEST_FOR_A_SLOPE = 5;

/** Memory at one moment, in bytes. */
interface Sample {
  visits: number;
  main: number;
  decoder: number;
  thorough: number;
  guard: number;
  /** Of all of the unit's processes, what they share counted once. */
  together: number;
}

/** `--visits N` (default 600), `--every N` (default 50), `--hour` in real time, `--sources` of the checkout. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      visits: { type: "string", default: "600" },
      every: { type: "string", default: "50" },
      hour: { type: "boolean", default: false },
      sources: { type: "boolean", default: false },
    },
  });
  const visits = Number(values.visits);
  const folder = mkdtempSync(join(tmpdir(), "sentinel-memory-"));
  try {
    const installation = values.sources ? checkout() : install(join(folder, "root"));
    const trial = await startTrial(join(folder, "trial"), installation);
    try {
      const pace = values.hour ? " in an hour" : "";
      const cards = trial.hasCardReader
        ? `every ${CARD_EVERY}th by card`
        : "without a card reader, which needs socat";
      const how = values.sources
        ? "the checkout's sources"
        : "installed, with its service's settings";
      console.log(`${visits} visitors${pace} at 1280×720, 30 frames a second, ${cards}; ${how}`);
      const gapMs = values.hour ? HOUR_MS / visits : 0;
      await play(trial, { visits, every: Number(values.every), gapMs });
    } finally {
      await trial.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Play {
  visits: number;
  every: number;
  gapMs: number;
}

async function play(trial: Trial, { visits, every, gapMs }: Play): Promise<void> {
  const { ms, cpuMs } = trial.start;
  console.log(`its pages were there after ${ms.toFixed(0)} ms and ${cpuMs} ms of CPU`);
  console.log("resident memory in MB; together: what the processes share is counted once\n");
  printRow(["after visits", "main", "decoder", "thorough", "guard", "together"]);
  const samples: Sample[] = [];
  const take = (count: number): void => {
    const sample = sampleOf(trial, count);
    samples.push(sample);
    const { main, decoder, thorough, guard, together } = sample;
    printRow([`${count}`, ...[main, decoder, thorough, guard, together].map(mb)]);
  };
  take(0);
  let granted = 0;
  let next = performance.now();
  for (let count = 1; count <= visits; count++) {
    const left = next - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    next += gapMs;
    const byCard = trial.hasCardReader && count % CARD_EVERY === 0;
    if (await trial.visit(byCard ? "card" : "code")) granted += 1;
    if (count % every === 0 || count === visits) take(count);
  }
  console.log(`\n${granted} of ${visits} were let in`);
  report(samples, peakBytes(trial.pid));
}

function sampleOf(trial: Trial, visits: number): Sample {
  const helpers = trial.helpers();
  const of = (name: string): number =>
    residentBytes(helpers.find((each) => each.name === name)?.pid ?? 0);
  const pids = [trial.pid, ...helpers.map(({ pid }) => pid)];
  return {
    visits,
    main: residentBytes(trial.pid),
    decoder: of("decoder"),
    thorough: of("thorough decoder"),
    guard: of("gate guard"),
    together: pids.reduce((sum, pid) => sum + shareBytes(pid), 0),
  };
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

// Printed as they come: an hour is long.
function printRow(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(12)).join("  "));
}

function report(samples: readonly Sample[], peak: number): void {
  const main = samples.map((sample) => sample.main);
  const settled = samples.slice(Math.floor(samples.length / 2));
  console.log(
    `main process: first ${mb(main[0] ?? 0)}, last ${mb(main.at(-1) ?? 0)}, peak ${mb(peak)} MB`,
  );
  if (settled.length < FEWEST_FOR_A_SLOPE) return;
  console.log(`slope over the second half: ${mb(slope(settled) * 1_000)} MB per 1,000 visits`);
}

/** Bytes a visit, by least squares. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(samples.map(({ visits }) => visits));
  const y = mean(samples.map(({ main }) => main));
  const along = samples.reduce((sum, { visits }) => sum + (visits - x) ** 2, 0);
  return samples.reduce((sum, { visits, main }) => sum + (visits - x) * (main - y), 0) / along;
}
