/** `npm run torture -- gate`: unit and guard killed or stopped at any moment of a release, and when the line is down again. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandom, type Random } from "../../sim/kernel/random.ts";
import { percentile, printTable } from "../figures.ts";

/** What is done to the two processes, in this order, a few ms apart. */
interface Attack {
  name: string;
  deeds: readonly (readonly ["unit" | "guard", NodeJS.Signals])[];
  /** Nobody is left to lock: the service manager kills the rest and runs its helper. */
  helped?: boolean;
}

export const ATTACKS: readonly Attack[] = [
  { name: "unit killed", deeds: [["unit", "SIGKILL"]] },
  { name: "unit stopped", deeds: [["unit", "SIGSTOP"]] },
  { name: "guard killed", deeds: [["guard", "SIGKILL"]] },
  { name: "guard stopped", deeds: [["guard", "SIGSTOP"]] },
  { name: "guard ended", deeds: [["guard", "SIGTERM"]] },
  {
    name: "both killed",
    helped: true,
    deeds: [
      ["guard", "SIGKILL"],
      ["unit", "SIGKILL"],
    ],
  },
  {
    name: "both stopped",
    helped: true,
    deeds: [
      ["unit", "SIGSTOP"],
      ["guard", "SIGSTOP"],
    ],
  },
  {
    name: "guard stopped, unit killed",
    helped: true,
    deeds: [
      ["guard", "SIGSTOP"],
      ["unit", "SIGKILL"],
    ],
  },
];

/** What one attack came to over its rounds, ms. */
export interface GateRow {
  attack: string;
  rounds: number;
  /** Rounds in which the line was up when the attack came. */
  hitUp: number;
  /** How long the line was up in all, from its rise to its fall. */
  upMs: number[];
  /** Longer up than the maximum and its grace; without a helper only. */
  late: number;
  /** The line rose again after it had fallen, or long after it was asked for. */
  raisedAgain: number;
}

export interface GateStormOptions {
  rounds: number;
  seed: number;
  maximumMs: number;
  attacks?: readonly Attack[];
}

const GRACE_MS = 250;
/** Asked for so long ago, a release has nobody in front of it any more. */
const STALE_MS = 1_500;
const LOOK_MS = 1;
const UNIT = fileURLToPath(new URL("gate-process.ts", import.meta.url));
const LOCK_LINE = fileURLToPath(new URL("../../hal/linux/lock-line.ts", import.meta.url));

export const held = (row: GateRow): boolean => row.late + row.raisedAgain === 0;

/** Attacks a released gate so many times in every way. */
export async function gateStorm(options: GateStormOptions): Promise<GateRow[]> {
  const random = createRandom(options.seed);
  const rows: GateRow[] = [];
  for (const attack of options.attacks ?? ATTACKS) {
    const row = { attack: attack.name, rounds: 0, hitUp: 0, late: 0, raisedAgain: 0 };
    const made: GateRow = { ...row, upMs: [] };
    while (made.rounds < options.rounds) await round(attack, made, options.maximumMs, random);
    rows.push(made);
  }
  return rows;
}

/** Watches the line as an instrument would: when it rose, when it fell. */
class Probe {
  readonly changes: { level: string; atMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(path: string) {
    this.#timer = setInterval(() => {
      const level = levelOf(path);
      // Empty: somebody is writing it this very moment.
      if (level === "" || level === (this.changes.at(-1)?.level ?? "0")) return;
      this.changes.push({ level, atMs: performance.now() });
    }, LOOK_MS);
  }

  isUp(): boolean {
    return this.changes.at(-1)?.level === "1";
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function levelOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function round(attack: Attack, row: GateRow, maximumMs: number, random: Random) {
  const folder = mkdtempSync(join(tmpdir(), "gate-"));
  const path = join(folder, "relay");
  const unit = spawn(process.execPath, [UNIT, path, String(maximumMs)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const pids = { unit: unit.pid ?? -1, guard: -1 };
  const guards: number[] = [];
  try {
    const said = listen(unit, guards);
    await said("up");
    pids.guard = guards[0] ?? -1;
    const probe = new Probe(path);
    unit.stdin?.write("release\n");
    await said("releasing");
    const askedMs = performance.now();
    await pass(random.next() * maximumMs * 1.05);
    row.rounds += 1;
    if (probe.isUp()) row.hitUp += 1;
    for (const [whom, how] of attack.deeds) {
      signal(pids[whom], how);
      await pass(random.integer(0, 3));
    }
    await (attack.helped === true ? helped(path, pids) : pass(maximumMs + 4 * GRACE_MS));
    for (const pid of Object.values(pids)) signal(pid, "SIGCONT");
    await pass(maximumMs / 2);
    probe.stop();
    judge(probe, row, { maximumMs, askedMs, helped: attack.helped === true });
  } finally {
    for (const pid of [pids.unit, ...guards]) signal(pid, "SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  }
}

function judge(
  { changes }: Probe,
  row: GateRow,
  { maximumMs, askedMs, helped }: { maximumMs: number; askedMs: number; helped: boolean },
): void {
  const rises = changes.filter(({ level }) => level === "1");
  if (rises.length > 1 || (rises[0]?.atMs ?? 0) > askedMs + STALE_MS) row.raisedAgain += 1;
  for (const { atMs } of rises) {
    const fall = changes.find((each) => each.level === "0" && each.atMs > atMs);
    const upMs = (fall?.atMs ?? Infinity) - atMs;
    row.upMs.push(upMs);
    if (upMs > maximumMs + GRACE_MS && (!helped || fall === undefined)) row.late += 1;
  }
}

/** As a service manager does once its watchdog ran out, or its main process is gone. */
async function helped(path: string, pids: Record<"unit" | "guard", number>): Promise<void> {
  for (const pid of Object.values(pids)) signal(pid, "SIGKILL");
  const helper = spawn(process.execPath, [LOCK_LINE, "--file", path], { stdio: "ignore" });
  await once(helper, "exit");
}

/** Waits for what the unit says; hears of every guard it ever has. */
function listen(unit: ChildProcess, guards: number[]): (line: string) => Promise<void> {
  const heard = new Set<string>();
  let hear: () => void = () => undefined;
  if (unit.stdout !== null) {
    createInterface({ input: unit.stdout }).on("line", (line) => {
      if (line.startsWith("guard ")) guards.push(Number(line.slice(6)));
      heard.add(line);
      hear();
    });
  }
  return (line) =>
    new Promise((resolve, reject) => {
      unit.once("exit", () => reject(new Error(`the unit ended before it said "${line}"`)));
      hear = () => {
        if (heard.has(line)) resolve();
      };
      hear();
    });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function run(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "20" },
      seed: { type: "string", default: "1" },
      maximum: { type: "string", default: "1200" },
    },
  });
  const maximumMs = Number(values.maximum);
  console.log(`gate: ${values.rounds} rounds of each, hard maximum ${maximumMs} ms\n`);
  const rows = await gateStorm({
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    maximumMs,
  });
  printTable(
    ["attack", "rounds", "line was up", "up p50, ms", "up worst, ms", "late", "raised again"],
    rows.map((row) => [
      row.attack,
      String(row.rounds),
      String(row.hitUp),
      percentile(row.upMs, 0.5).toFixed(0),
      percentile(row.upMs, 1).toFixed(0),
      String(row.late),
      String(row.raisedAgain),
    ]),
  );
  return rows.every(held);
}
