// One after another: two commands started side by side must not install into the same folder.
import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { fieldsAfterName } from "./child.mjs";
import { Failure, mayNotWrite, say } from "./failure.mjs";

const CHECK_MS = 250;
const BEAT_MS = 2_000;
/** A holder that cannot be seen from here (another container) has gone when its lock stands still. */
const STILL_MS = 20_000;
/** A first installation on a slow card and line takes a few minutes. */
const BOUND_MS = 20 * 60_000;

const read = (of, path) => {
  try {
    return of(path, "utf8");
  } catch {
    return "";
  }
};

/** When a process began, in ticks since the machine did: with its number it is one process only. */
const beginOf = (pid) => fieldsAfterName(read(readFileSync, `/proc/${pid}/stat`))[19] ?? "";

const self = () => ({
  pid: process.pid,
  began: beginOf(process.pid),
  since: new Date().toISOString(),
  // A process number means nothing in another container, or after a restart.
  numbers: `${read(readFileSync, "/proc/sys/kernel/random/boot_id").trim()} ${read(readlinkSync, "/proc/self/ns/pid")}`,
});

function parsed(text) {
  try {
    const holder = JSON.parse(text);
    return typeof holder === "object" && holder !== null ? holder : {};
  } catch {
    return {};
  }
}

/** @returns {"alive" | "gone" | "unknown"} */
function stateOf(holder) {
  const { began, numbers } = self();
  if (began === "" || holder.numbers !== numbers || !Number.isInteger(holder.pid)) return "unknown";
  const itsBegin = beginOf(holder.pid);
  if (itsBegin !== "") return itsBegin === holder.began ? "alive" : "gone";
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") return "gone";
  }
  // There, but not for us to see (/proc mounted with hidepid).
  return "unknown";
}

/** Puts the whole lock in place in one step. @returns false where there is one already */
function take(path, text) {
  const own = `${path}.${process.pid}`;
  try {
    writeFileSync(own, text);
  } catch (error) {
    if (["EACCES", "EPERM", "EROFS"].includes(error.code)) {
      throw mayNotWrite("packages have to be installed, or pages built", dirname(path));
    }
    throw error;
  }
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    // A file system without links.
    try {
      writeFileSync(path, text, { flag: "wx" });
      return true;
    } catch (second) {
      if (second.code === "EEXIST") return false;
      throw second;
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes a lock away whose holder has gone; one that another command has taken meanwhile is put back. */
function clear(path, text) {
  const aside = `${path}.${process.pid}.old`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, "utf8") !== text) linkSync(aside, path);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Waits until the lock is free, or has been left behind. */
async function untilFree(path, { boundMs, stillMs }) {
  const start = performance.now();
  let said = false;
  let seen = "";
  let seenAt = start;
  for (;;) {
    const text = read(readFileSync, path);
    const beat = `${text} ${modified(path)}`;
    if (modified(path) === 0) return;
    if (beat !== seen) [seen, seenAt] = [beat, performance.now()];
    const holder = parsed(text);
    const state = stateOf(holder);
    const still = state === "unknown" && performance.now() - seenAt > stillMs;
    if (state === "gone" || still) {
      clear(path, text);
      return;
    }
    const who = holder.pid
      ? `process ${holder.pid}, which has been installing here since ${holder.since}`
      : `whatever made ${path}`;
    if (performance.now() - start > boundMs) {
      throw new Failure(
        `waited ${Math.round(boundMs / 60_000)} minutes for ${who}. End it, or, if there is no such process any more, remove ${path}; then try again.`,
      );
    }
    if (!said) say(`waiting for ${who} …`);
    said = true;
    await wait(CHECK_MS);
  }
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Does the work while no other command does such work under the same lock file.
 * @throws Failure where the lock stays taken
 */
export async function locked(path, work, { boundMs = BOUND_MS, stillMs = STILL_MS } = {}) {
  const text = JSON.stringify(self());
  while (!take(path, text)) await untilFree(path, { boundMs, stillMs });
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // The lock was removed by hand: the work goes on without it.
    }
  }, BEAT_MS);
  const release = () => {
    clearInterval(beat);
    if (read(readFileSync, path) === text) rmSync(path, { force: true });
  };
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}
