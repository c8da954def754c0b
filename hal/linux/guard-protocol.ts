/** The lines of text between the unit and its gate guard, both ways, and the times they agree on. */
import type { Level } from "../bus/gpio.ts";

/** How often the unit says that it lives, ms. */
export const BEAT_MS = 100;
/** A unit silent for longer hangs: the guard locks. */
export const SILENCE_MS = 1000;

/** What the guard is told. Anything else locks. */
export type GuardCommand =
  | { kind: "energise"; sequence: number; forMs: number }
  | { kind: "deenergise"; sequence: number }
  | { kind: "beat" };

/** What the guard tells. */
export type GuardReport =
  | { kind: "ready" }
  | { kind: "level"; level: Level }
  | { kind: "done"; sequence: number }
  | { kind: "beat" };

export function encodeCommand(command: GuardCommand): string {
  switch (command.kind) {
    case "energise":
      return `energise ${command.sequence} ${command.forMs}\n`;
    case "deenergise":
      return `deenergise ${command.sequence}\n`;
    case "beat":
      return "beat\n";
  }
}

/** `undefined` for anything that is not exactly a command with a time from 1 to `maximumMs`. */
export function decodeCommand(line: string, maximumMs: number): GuardCommand | undefined {
  if (line === "beat") return { kind: "beat" };
  const match = /^(energise|deenergise) (\d{1,9})(?: (\d{1,9}))?$/.exec(line);
  if (match === null) return undefined;
  const sequence = Number(match[2]);
  if (match[1] === "deenergise") {
    return match[3] === undefined ? { kind: "deenergise", sequence } : undefined;
  }
  const forMs = Number(match[3]);
  return forMs >= 1 && forMs <= maximumMs ? { kind: "energise", sequence, forMs } : undefined;
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
export function createLineCutter(onLine: (line: string) => void): (chunk: string) => void {
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
