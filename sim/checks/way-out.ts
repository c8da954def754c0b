/** Safety of the way out: with a running unit and a working relay, fire and exit button open it at once. */
import type { TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";

/** Contacts are debounced; a lock moves at once. */
const WITHIN_MS = 1_000;
/** A gate whose guard or relay failed looks for its line again after at most five seconds. */
const RECOVERY_MS = 6_000;

/** Every time a person waited at a door that should have been open. */
export function checkWayOut(entries: readonly TraceEntry[]): string[] {
  const watch = new WayOut();
  for (const entry of entries) watch.take(entry);
  return watch.problems;
}

class WayOut {
  readonly problems: string[] = [];
  #up = false;
  #fire = false;
  #runs = false;
  #relayRefuses = false;
  /** Since when a person has waited, while nothing excused it. */
  #waitingSinceMs: number | undefined;
  #pressed = false;
  #readyAtMs = 0;

  take(entry: TraceEntry): void {
    this.#judge(entry.at);
    if (entry.what === "gate-line") {
      this.#up = entry.level === 1;
      if (this.#up) this.#pressed = false;
    } else if (entry.what === "contact") {
      if (entry.contact === "fire") this.#fire = entry.active;
      if (entry.contact === "exit-request" && entry.active) {
        this.#pressed = this.#isWell(entry.at) && !this.#up;
      }
    } else if (entry.what === "unit") {
      this.#runs = entry.did === "started";
      this.#excuse(entry.at);
    } else if (entry.what === "fault") {
      if (entry.fault === "relay-refuses") this.#relayRefuses = entry.phase === "begins";
      if (entry.fault === "relay-refuses" || entry.fault.startsWith("guard-")) {
        this.#excuse(entry.at);
      }
    } else return;
    const waits = !this.#up && (this.#fire || this.#pressed);
    this.#waitingSinceMs = waits ? (this.#waitingSinceMs ?? entry.at) : undefined;
  }

  #isWell(atMs: number): boolean {
    return this.#runs && !this.#relayRefuses && atMs >= this.#readyAtMs;
  }

  /** A person who still waits presses the button once more. */
  #excuse(atMs: number): void {
    this.#readyAtMs = atMs + RECOVERY_MS;
    this.#pressed = false;
  }

  #judge(atMs: number): void {
    if (this.#waitingSinceMs === undefined) return;
    const sinceMs = Math.max(this.#waitingSinceMs, this.#readyAtMs);
    if (!this.#runs || this.#relayRefuses || atMs - sinceMs <= WITHIN_MS) return;
    const why = this.#fire ? "in a fire" : "after the exit button";
    this.problems.push(`${timeText(sinceMs)}: the way out stayed shut ${why}`);
    this.#pressed = false;
    this.#waitingSinceMs = undefined;
    this.#readyAtMs = atMs + RECOVERY_MS;
  }
}
