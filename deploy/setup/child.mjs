// Runs a program as if it stood in this process's place: signals reach it, and its end is ours.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";

const PASSED_ON = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"];
/** Signals of a terminal reach every process of the group in front of it, the program included. */
const OF_THE_TERMINAL = ["SIGINT", "SIGQUIT"];

/** @returns {Promise<{code: number | null, signal: string | null, error?: Error}>} how it ended */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const { onOutput, ...how } = options;
    const child = spawn(command, args, { stdio: "inherit", ...how });
    if (onOutput) child.stdout.setEncoding("utf8").on("data", onOutput);
    const listeners = PASSED_ON.map((signal) => {
      const pass = () => {
        // Twice would end a program at once that is about to end in good order.
        if (!(OF_THE_TERMINAL.includes(signal) && isInFront())) child.kill(signal);
      };
      process.on(signal, pass);
      return [signal, pass];
    });
    const settle = (end) => {
      for (const [signal, pass] of listeners) process.off(signal, pass);
      resolve(end);
    };
    child.once("error", (error) => settle({ code: null, signal: null, error }));
    child.once(onOutput ? "close" : "exit", (code, signal) => settle({ code, signal }));
  });
}

/** Whether this process belongs to the group that a terminal's keys go to (proc_pid_stat(5), fields 5 and 8). */
function isInFront() {
  try {
    const [, , group, , , front] = fieldsAfterName(readFileSync("/proc/self/stat", "utf8"));
    return group === front;
  } catch {
    return process.stdin.isTTY;
  }
}

/** The fields of /proc/PID/stat from the third on: a program's name may hold blanks and brackets. */
export function fieldsAfterName(stat) {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Ends this process as the program ended. */
export function endLike({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  // Process 1 of a container is not ended by a signal of its own, nor is one that ignores it.
  if (process.pid !== 1) process.kill(process.pid, signal);
  process.exit(128 + (constants.signals[signal] ?? 0));
}
