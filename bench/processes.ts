/** What Linux says about a process and those it started: memory and CPU, from /proc. */
import { readFileSync, readdirSync } from "node:fs";

// proc(5): CPU times are in clock ticks of sysconf(_SC_CLK_TCK), which is 100 on every Linux.
const MS_PER_TICK = 10;

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // it has ended
  }
}

function kilobytes(pid: number, file: string, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(read(pid, file));
  return Number(line?.[1] ?? 0) * 1_024;
}

/** Resident memory in bytes; 0 when the process is gone. */
export function residentBytes(pid: number): number {
  return kilobytes(pid, "status", "VmRSS");
}

/** The most that was ever resident, in bytes. */
export function peakBytes(pid: number): number {
  return kilobytes(pid, "status", "VmHWM");
}

/** Resident memory with what is shared divided among those who share it, in bytes. */
export function shareBytes(pid: number): number {
  return kilobytes(pid, "smaps_rollup", "Pss");
}

/** CPU a process has used itself, user and system, in ms to the next 10. */
export function cpuMs(pid: number): number {
  // The program's name stands in parentheses and may hold anything: count from behind it.
  const fields = read(pid, "stat").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK;
}

/** A process another one started, itself or through others, and what it runs. */
export interface Descendant {
  pid: number;
  commandLine: string[];
}

/** Every process below this one, those it started itself first. */
export function descendantsOf(pid: number): Descendant[] {
  const threads = (() => {
    try {
      return readdirSync(`/proc/${pid}/task`);
    } catch {
      return [];
    }
  })();
  const children = threads.flatMap((thread) =>
    read(pid, `task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  const own = children.map((child) => ({
    pid: child,
    commandLine: read(child, "cmdline").split("\0").filter(Boolean),
  }));
  return [...own, ...children.flatMap(descendantsOf)];
}
