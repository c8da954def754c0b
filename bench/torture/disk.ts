/** Disks that are full, refuse, tear pages or are copied mid-write; then the unit's own judgement of them. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import { delay, withDeadline } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { createRandom, type Random } from "../../sim/kernel/random.ts";
import { printTable } from "../figures.ts";
import { openUnitStore } from "../../src/store/worker/unavailable.ts";
import { judge, VERDICTS, type Judgement, type Verdict } from "./judge.ts";
import { recordOf, UNIT } from "./story.ts";
import { Victim } from "./victim.ts";
import { framesOf } from "./wal.ts";

/** What one kind of fault did, over all its trials. */
export interface DiskRow {
  fault: string;
  trials: number;
  verdicts: Record<Verdict, number>;
  /** Records told durable and gone, over all trials. */
  lost: number;
  /** Whether any record may be gone: only where the disk itself broke its word. */
  mayLose: boolean;
  said: string;
}

const clock = createSystemClock();
const STARTED_MS = 30_000;
/** Enough for the log to have been written back more than once. */
const RECORDS = 400;

/** Runs every fault in a folder of its own. @param trials of each damage to a copy */
export async function tortureDisk(trials: number, seed: number): Promise<DiskRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-disk-"));
  const random = createRandom(seed);
  try {
    const rows = [];
    if (process.getuid?.() === 0) {
      rows.push(
        await noSpace(join(folder, "small")),
        await shutOut("no space left, at the start", join(folder, "filled"), fillUp),
        await shutOut("read-only, at the start", join(folder, "read-only"), readOnly),
      );
    }
    rows.push(await writesRefused(join(folder, "limited")));
    const original = join(folder, "original");
    await fill(original);
    rows.push(
      await damaged("last page of the log torn", original, trials, true, (copy) =>
        tearLastPage(copy, random),
      ),
      await damaged("log cut in its last 10 commits", original, trials, true, (copy) =>
        cutLog(copy, random),
      ),
      await damaged("512 bytes of the database overwritten", original, trials, true, (copy) =>
        overwriteSector(copy, random),
      ),
      await damaged("a page of the database torn", original, trials, true, (copy) =>
        tearPage(copy, random),
      ),
      await damaged("the database's header gone", original, trials, true, (copy) =>
        zeroHeader(copy),
      ),
      await damaged("the database cut short", original, trials, true, (copy) => {
        const path = join(copy, DATABASE);
        truncateSync(path, random.integer(0, statSync(path).size - 1));
      }),
      await copied(join(folder, "stopped"), trials, random, true),
      await copied(join(folder, "running"), trials, random, false),
    );
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the unit kept its word: it came up, lost nothing a disk had taken, and nothing silently. */
export function held({ verdicts, lost, mayLose }: DiskRow): boolean {
  const bad = verdicts.silent + verdicts.down;
  return bad === 0 && (mayLose || (lost === 0 && verdicts.whole > 0));
}

const DATABASE = "unit.db";
const LOG = `${DATABASE}-wal`;

function rowOf(fault: string, judgements: readonly Judgement[], mayLose: boolean): DiskRow {
  const count = (verdict: Verdict): number =>
    judgements.filter((each) => each.verdict === verdict).length;
  const verdicts = Object.fromEntries(
    VERDICTS.map((verdict) => [verdict, count(verdict)] as const),
  ) as Record<Verdict, number>;
  const lost = judgements.reduce((sum, each) => sum + each.lost, 0);
  const worst = judgements.find(({ verdict }) => verdict === "silent" || verdict === "down");
  const said = (worst ?? judgements.find(({ detail }) => detail !== ""))?.detail ?? "";
  return { fault, trials: judgements.length, verdicts, lost, mayLose, said };
}

/** Lets a store run into a wall, takes the wall away, and lets it finish. */
async function throughWall(
  fault: string,
  folder: string,
  start: (victim: Victim, database: string, last: number) => Promise<void>,
  heal: (victim: Victim) => void,
): Promise<DiskRow> {
  let durable = 0;
  let refusals = 0;
  let said = "";
  const victim = new Victim("./disk-process.ts", (line) => {
    const [word, ...rest] = line.split(" ");
    if (word === "durable") durable = Number(rest[0]);
    if (word !== "refused") return;
    refusals += 1;
    said ||= `${rest.slice(0, 2).join(" ")}, and the newest record can still be read`;
    // It refused and refuses again: this is how it is, until somebody makes room.
    if (refusals === 3) heal(victim);
  });
  const database = join(folder, DATABASE);
  try {
    const done = victim.heard("done");
    await start(victim, database, RECORDS * 3);
    await within(Promise.race([done, victim.gone()]));
    await victim.kill();
    const judgement = await judge(database, durable);
    const ended = durable === RECORDS * 3 && refusals >= 3 ? "went on without a restart" : "stuck";
    const row = rowOf(fault, [judgement], false);
    // A wall that was never met, or never passed, proves nothing.
    const lost = ended === "stuck" ? RECORDS * 3 - durable : row.lost;
    return { ...row, lost, said: `${said}; ${ended}` };
  } finally {
    await victim.kill();
  }
}

async function noSpace(folder: string): Promise<DiskRow> {
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]);
  try {
    return await throughWall(
      "no space left (tmpfs of 2 MB)",
      folder,
      (victim, database, last) => victim.start([database, String(last)]),
      () => execFileSync("mount", ["-o", "remount,size=64m", folder]),
    );
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
}

/** A unit that starts on a disk that takes nothing, and again once it does. */
async function shutOut(
  fault: string,
  folder: string,
  shut: (folder: string) => () => void,
): Promise<DiskRow> {
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]);
  try {
    await fillWith(folder);
    // A log that is there already has room, also on a full disk.
    settle(folder);
    const reopen = shut(folder);
    const path = join(folder, DATABASE);
    let said = "the database was opened all the same";
    const store = await openUnitStore({ path, unitId: UNIT, clock }, ({ message }) => {
      said = message;
    });
    const taken = await store.commit(recordOf(RECORDS + 1)).then(
      () => true,
      () => false,
    );
    await store.close();
    reopen();
    // What it called recorded must be there.
    const judgement = await judge(path, taken ? RECORDS + 1 : RECORDS);
    const row = rowOf(fault, [judgement], false);
    const then = judgement.detail === "" ? "" : `; then: ${judgement.detail}`;
    return { ...row, said: `it comes up, and records ${taken ? "on" : "nothing"}: ${said}${then}` };
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
}

function fillUp(folder: string): () => void {
  const path = join(folder, "filler");
  try {
    writeFileSync(path, Buffer.alloc(32 * 1_048_576));
  } catch {
    // Full: that is what it is for.
  }
  return () => rmSync(path);
}

function readOnly(folder: string): () => void {
  execFileSync("mount", ["-o", "remount,ro", folder]);
  return () => void execFileSync("mount", ["-o", "remount,rw", folder]);
}

/** The kernel refuses every write beyond a size: for SQLite an I/O error like any other. */
async function writesRefused(folder: string): Promise<DiskRow> {
  mkdirSync(folder);
  return throughWall(
    "write(2) fails (RLIMIT_FSIZE of 600 kB)",
    folder,
    (victim, database, last) =>
      victim.start([database, String(last)], {
        // Without this the signal that comes with the error would end the process.
        under: ["bash", "-c", 'trap "" XFSZ; ulimit -S -f 600; exec "$@"', "bash"],
      }),
    (victim) =>
      execFileSync("prlimit", ["--pid", String(victim.pid()), "--fsize=unlimited:unlimited"]),
  );
}

/** A store with records in the database and in its log, as SIGKILL leaves it. */
async function fill(folder: string): Promise<void> {
  mkdirSync(folder);
  await fillWith(folder);
}

async function fillWith(folder: string): Promise<void> {
  const victim = new Victim("./disk-process.ts");
  try {
    const done = victim.heard("done");
    await victim.start([join(folder, DATABASE), String(RECORDS)]);
    await within(done);
  } finally {
    await victim.kill();
  }
}

async function damaged(
  fault: string,
  original: string,
  trials: number,
  mayLose: boolean,
  damage: (copy: string) => void,
): Promise<DiskRow> {
  const judgements: Judgement[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const copy = `${original}-copy`;
    copyStore(original, copy);
    damage(copy);
    judgements.push(await judge(join(copy, DATABASE), RECORDS));
    rmSync(copy, { recursive: true });
  }
  return rowOf(fault, judgements, mayLose);
}

/** Half of the newest page never reached the platter: zeros, or what stood there before. */
function tearLastPage(copy: string, random: Random): void {
  const path = join(copy, LOG);
  const log = readFileSync(path);
  const { offsets, pageBytes } = framesOf(log);
  const last = offsets.at(-1) ?? 0;
  const from = last + random.integer(0, pageBytes / 512) * 512;
  log.fill(random.chance(0.5) ? 0 : 0xa5, from, last + pageBytes + 24);
  writeFileSync(path, log);
}

function cutLog(copy: string, random: Random): void {
  const path = join(copy, LOG);
  const { offsets, commits } = framesOf(readFileSync(path));
  const earliest = offsets[commits.at(-10) ?? 0] ?? 0;
  truncateSync(path, random.integer(earliest, offsets.at(-1) ?? earliest));
}

function overwriteSector(copy: string, random: Random): void {
  overwriteBlock(join(copy, DATABASE), 512, random);
}

function tearPage(copy: string, random: Random): void {
  settle(copy);
  overwriteBlock(join(copy, DATABASE), 4_096, random);
}

function zeroHeader(copy: string): void {
  settle(copy);
  overwrite(join(copy, DATABASE), 0, Buffer.alloc(512));
}

/** Copies the log over: it would heal what it still holds. */
function settle(copy: string): void {
  const database = new Database(join(copy, DATABASE));
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.close();
}

function overwriteBlock(path: string, length: number, random: Random): void {
  const block = random.integer(0, Math.floor(statSync(path).size / length) - 1);
  const noise = Uint8Array.from({ length }, () => random.integer(0, 255));
  overwrite(path, block * length, Buffer.from(noise));
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const whole = readFileSync(path);
  bytes.copy(whole, at);
  writeFileSync(path, whole);
}

/** Copies of a store that is being written, with its process stopped for the moment or not. */
async function copied(
  folder: string,
  trials: number,
  random: Random,
  stopped: boolean,
): Promise<DiskRow> {
  mkdirSync(folder);
  let durable = 0;
  const victim = new Victim("./disk-process.ts", (line) => {
    if (line.startsWith("durable ")) durable = Number(line.split(" ")[1]);
  });
  const judgements: Judgement[] = [];
  try {
    await victim.start([join(folder, DATABASE), "1000000"]);
    for (let trial = 0; trial < trials; trial++) {
      await delay(clock, random.integer(20, 120));
      const copy = `${folder}-copy`;
      if (stopped) victim.signal("SIGSTOP");
      const told = durable;
      copyStore(folder, copy);
      if (stopped) victim.signal("SIGCONT");
      judgements.push(await judge(join(copy, DATABASE), told));
      rmSync(copy, { recursive: true });
    }
  } finally {
    await victim.kill();
  }
  const how = stopped ? "copied at one instant, mid-write" : "copied file by file, mid-write";
  return rowOf(how, judgements, !stopped);
}

function copyStore(from: string, to: string): void {
  mkdirSync(to);
  for (const name of [DATABASE, LOG]) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
}

async function within(work: Promise<unknown>): Promise<void> {
  await withDeadline(
    clock,
    STARTED_MS,
    work,
    () => new Error("the store's process did not get there in time"),
  );
}

export async function run(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      trials: { type: "string", default: "20" },
      seed: { type: "string", default: "1" },
    },
  });
  console.log(
    `disk: real files, SQLite with a write-ahead log and fsync at every commit, ${values.trials} trials of each damage, seed ${values.seed}\n`,
  );
  const rows = await tortureDisk(Number(values.trials), Number(values.seed));
  printTable(
    [
      "fault",
      "trials",
      "whole",
      "newest gone",
      "replaced",
      "audit says",
      "silent",
      "down",
      "records lost",
      "held",
    ],
    rows.map((row) => [
      row.fault,
      String(row.trials),
      ...VERDICTS.map((verdict) => String(row.verdicts[verdict])),
      String(row.lost),
      held(row) ? "yes" : "NO",
    ]),
  );
  console.log("\nwhat was said, for one trial of each:");
  for (const { fault, said } of rows) if (said !== "") console.log(`  ${fault}: ${said}`);
  if (process.getuid?.() !== 0) console.log("  no space left: not tried, mounting needs root");
  return rows.every(held);
}
