/** The lines of text between the unit and its gate guard, both ways, and the times they agree on. */
import process from "node:process";
import type { Level } from "../../bus/gpio.ts";

/** How often the unit says that it lives, ms. */
export const HEARTBEAT_MS = 100;
/** A unit silent for longer hangs: the guard locks. */
export const SILENCE_MS = 1000;

/** What the guard is told. Anything else locks. */
export type GuardCommand =
  /** `askedAtMs` as `monotonicMs` says it: the time counts from there, and a late one is refused. */
  | { kind: "energise"; sequence: number; forMs: number; askedAtMs: number }
  | { kind: "deenergise"; sequence: number }
  | { kind: "beat" };

/** What the guard tells. */
export type GuardReport =
  | { kind: "ready" }
  | { kind: "level"; level: Level }
  | { kind: "done"; sequence: number }
  | { kind: "beat" };

/** Whole ms on a clock that both processes share, and that nobody can set. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

export function encodeCommand(command: GuardCommand): string {
  switch (command.kind) {
    case "energise":
      return `energise ${command.sequence} ${command.forMs} ${command.askedAtMs}\n`;
    case "deenergise":
      return `deenergise ${command.sequence}\n`;
    case "beat":
      return "beat\n";
  }
}

/** `undefined` for anything that is not exactly a command with a time from 1 to `maximumMs`. */
export function decodeCommand(line: string, maximumMs: number): GuardCommand | undefined {
  if (line === "beat") return { kind: "beat" };
  const lock = /^deenergise (\d{1,9})$/.exec(line);
  if (lock !== null) return { kind: "deenergise", sequence: Number(lock[1]) };
  const release = /^energise (\d{1,9}) (\d{1,9}) (\d{1,15})$/.exec(line);
  if (release === null) return undefined;
  const [sequence = 0, forMs = 0, askedAtMs = 0] = release.slice(1).map(Number);
  if (forMs < 1 || forMs > maximumMs) return undefined;
  return { kind: "energise", sequence, forMs, askedAtMs };
}

export function encodeReport(report: GuardReport): string {
  switch (report.kind) {
    case "level":
      return `level ${report.level}\n`;
    case "done":
      return `done ${report.sequence}\n`;
    case "ready":
    case "beat":
      return `${report.kind}\n`;
  }
}

/** `undefined` for anything a guard does not say. */
export function decodeReport(line: string): GuardReport | undefined {
  if (line === "ready" || line === "beat") return { kind: line };
  if (line === "level 0") return { kind: "level", level: 0 };
  if (line === "level 1") return { kind: "level", level: 1 };
  const match = /^done (\d{1,9})$/.exec(line);
  return match === null ? undefined : { kind: "done", sequence: Number(match[1]) };
}

/** Cuts a stream of text into lines; what is longer than any message is handed on to be refused. */
export function createLineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  const longest = 64;
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    if (rest.length > longest) {
      const tooLong = rest;
      rest = "";
      onLine(tooLong);
    }
  };
}
