/** What Linux says about a process and those it started: memory and CPU, from /proc. */
import { readFileSync, readdirSync } from "node:fs";

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

/** CPU a process' threads have used, user and system, in ms; of threads that have ended nothing. */
export function cpuMs(pid: number): number {
  // The first figure is nanoseconds on a CPU (the kernel's sched-stats.rst); stat(5) has hundredths of
  // a second only, which is several frames.
  const ofThread = (thread: string): number =>
    Number(read(pid, `task/${thread}/schedstat`).split(" ")[0] ?? 0) / 1e6;
  return threadsOf(pid).reduce((sum, thread) => sum + ofThread(thread), 0);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended
  }
}

/** A process another one started, itself or through others, and what it runs. */
export interface Descendant {
  pid: number;
  commandLine: string[];
}

/** Every process below this one, those it started itself first. */
export function descendantsOf(pid: number): Descendant[] {
  const children = threadsOf(pid).flatMap((thread) =>
    read(pid, `task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  const own = children.map((child) => ({
    pid: child,
    commandLine: read(child, "cmdline").split("\0").filter(Boolean),
  }));
  return [...own, ...children.flatMap(descendantsOf)];
}
