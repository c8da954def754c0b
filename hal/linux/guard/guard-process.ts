/**
 * The gate guard: a process that owns the relay line and does nothing else. It has its own timer,
 * and it locks when a release is over, when it is told something it does not know or too late, when
 * the unit falls silent, when its pipe closes, and on every signal that can be caught.
 *
 * Started by gate-guard.ts with the line and the maximum as one JSON argument.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import type { Level } from "../../bus/gpio.ts";
import { openGuardLine } from "./guard-line.ts";
import type { GuardLineSpec, SyncLine } from "./guard-line.ts";
import {
  createLineSplitter,
  decodeCommand,
  encodeReport,
  monotonicMs,
  SILENCE_MS,
} from "./guard-protocol.ts";
import type { GuardCommand, GuardReport } from "./guard-protocol.ts";

interface GuardArguments {
  line: GuardLineSpec;
  maximumMs: number;
}

type EnergiseCommand = Extract<GuardCommand, { kind: "energise" }>;

const RETRY_MS = 20;

// Taking it makes the pipe refuse what it has no room for. It would hold this process up instead,
// timer and all, for as long as the unit does not read.
process.stdout.on("error", () => undefined);

const { line: spec, maximumMs } = JSON.parse(process.argv[2] ?? "") as GuardArguments;
const line: SyncLine = await openGuardLine(spec);
let level: Level = 0;
/** A write that fails may have got through: the line is down only once it was lowered. */
let mayBeUp = false;
let end: NodeJS.Timeout | undefined;
let silence: NodeJS.Timeout | undefined;

function tell(report: GuardReport): void {
  try {
    writeSync(1, encodeReport(report));
  } catch {
    // Nobody reads any more, or the pipe is full because the unit hangs: the line matters, not the news.
  }
}

function set(next: Level): void {
  if (next === 1) mayBeUp = true;
  line.set(next);
  mayBeUp = next === 1;
  if (next === level) return;
  level = next;
  tell({ kind: "level", level });
}

/** Lowers the line, and keeps trying: there is nothing else left that this process could do. */
function lock(): void {
  clearTimeout(end);
  try {
    set(0);
  } catch {
    end = setTimeout(lock, RETRY_MS);
  }
}

function leave(): void {
  clearTimeout(silence);
  lock();
  if (!mayBeUp) process.exit(0);
  setTimeout(leave, RETRY_MS);
}

function listen(): void {
  clearTimeout(silence);
  silence = setTimeout(lock, SILENCE_MS);
}

function obey(text: string): void {
  const command = decodeCommand(text, maximumMs);
  if (command === undefined) {
    lock();
    return;
  }
  listen();
  switch (command.kind) {
    case "beat":
      tell({ kind: "beat" });
      return;
    case "deenergise":
      lock();
      if (!mayBeUp) tell({ kind: "done", sequence: command.sequence });
      return;
    case "energise":
      energise(command);
  }
}

function energise({ sequence, forMs, askedAtMs }: EnergiseCommand): void {
  const ageMs = Math.max(0, monotonicMs() - askedAtMs);
  if (ageMs > SILENCE_MS) {
    // This process stood still meanwhile: whoever was to be let in is no longer there.
    leave();
    return;
  }
  // Armed before the line goes up: no moment without an end.
  clearTimeout(end);
  end = setTimeout(lock, Math.max(1, forMs - ageMs));
  set(1);
  tell({ kind: "done", sequence });
}

const cut = createLineSplitter(obey);
process.stdin.setEncoding("utf8");
process.stdin.on("data", cut);
process.stdin.on("end", leave);
process.stdin.on("error", leave);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const) process.on(signal, leave);
process.on("uncaughtException", (error) => {
  lock();
  console.error(`gate guard: ${error.message}`);
  leave();
});
listen();
tell({ kind: "ready" });
