/** Safety of the gate: every rise of the line has a cause, and every fall comes in time. */
import type { Orders, RecordBody } from "../../src/core/record.ts";
import { hasEnded, type TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";

/** A cause serves a rise that follows within this time; relays and renewals are much faster. */
const CAUSE_HOLDS_MS = 1_000;
/** The guard's own timer, the wire and the debouncing of contacts. */
const TOLERANCE_MS = 250;
/** An evacuation renews a release of four seconds every two; the last one runs out. */
const HOLD_OPEN_TAIL_MS = 4_000;
const FIRE_RESTS_MS = 60_000;

/** A gate looks for its line again after at most five seconds. */
const RECOVERY_MS = 6_000;

interface Cause {
  atMs: number;
  why: string;
  used: boolean;
}

/** Every rise without a cause, every fall that came too late. */
export function checkGate(entries: readonly TraceEntry[]): string[] {
  const watch = new GateWatch();
  for (const entry of entries) watch.take(entry);
  return watch.finish(entries.at(-1)?.at ?? 0);
}

class GateWatch {
  readonly #problems: string[] = [];
  #causes: Cause[] = [];
  #upSinceMs: number | undefined;
  #deadlineMs = 0;
  #limitMs = 0;
  #fire = false;
  #fireRoseMs: readonly number[] = [];
  #fireHoldsUntilMs = 0;
  #exitPressed = false;
  #evacuation = false;
  #lockedDown = false;
  /** What was ordered and is on the disk: all that a restart can know of. */
  #kept = { evacuation: false, lockedDown: false };
  #relayRefuses = false;
  #grantsUnrecorded = false;
  readonly #staffAtMs: number[] = [];
  readonly #commandsAtMs: number[] = [];

  take(entry: TraceEntry): void {
    switch (entry.what) {
      case "limits":
        this.#limitMs = Math.max(this.#limitMs, Math.min(entry.releaseMs, entry.hardMaximumMs));
        this.#grantsUnrecorded = entry.whenNotCommitted === "grant";
        // Noted at each start: a button held down then counts as pressed.
        if (this.#exitPressed) this.#cause(entry.at, "exit request");
        return;
      case "contact":
        if (entry.contact === "fire") {
          this.#fireChanged(entry.at, entry.active);
        }
        if (entry.contact === "exit-request") {
          this.#exitPressed = entry.active;
          if (entry.active) this.#cause(entry.at, "exit request");
        }
        return;
      case "staff":
        if (entry.refused === undefined) this.#staffAtMs.push(entry.at);
        return;
      case "command":
        if (entry.flaw === undefined) this.#commandsAtMs.push(entry.at);
        return;
      case "record-stored":
        return this.#recorded(entry.draft.body, entry.at);
      case "turn":
        return this.#turn(entry);
      case "fault":
        if (entry.fault !== "relay-refuses") return;
        this.#relayRefuses = entry.phase === "begins";
        if (!this.#relayRefuses) this.#extend(entry.at + RECOVERY_MS);
        return;
      case "gate-line":
        return entry.level === 1 ? this.#rise(entry.at) : this.#fall(entry.at);
      case "setting-stored":
        return this.#stored(entry.name, entry.value);
      case "unit":
        if (hasEnded(entry.did)) this.#ended(entry.at);
        return;
      case "person":
      case "record-refused":
      case "broker-took":
      case "command-answered":
      case "world":
    }
  }

  finish(endMs: number): string[] {
    if (this.#upSinceMs !== undefined) this.#judgeFall(endMs);
    return this.#problems;
  }

  #recorded(body: RecordBody, atMs: number): void {
    if (body.type === "visit-decided" && body.decision.outcome === "granted") {
      if (body.authority === undefined) this.#cause(atMs, "granted");
      else this.#authorised([...this.#staffAtMs, ...this.#commandsAtMs], atMs, "overruled");
    }
    if (body.type === "gate-released" && body.authority !== undefined) {
      const givers = body.cause === "command" ? this.#commandsAtMs : this.#staffAtMs;
      this.#authorised(givers, atMs, body.cause);
    }
  }

  /** A record names an authority: staff or a command must have asked for it. */
  #authorised(givers: readonly number[], atMs: number, why: string): void {
    if (givers.some((givenAtMs) => givenAtMs <= atMs)) this.#cause(atMs, why);
    else this.#problems.push(`${timeText(atMs)}: a record claims "${why}", but nobody did that`);
  }

  #stored(name: string, value: string): void {
    if (name !== "orders") return;
    const orders: Orders = JSON.parse(value);
    this.#kept = {
      evacuation: orders.evacuation !== undefined,
      lockedDown: orders.lockDown !== undefined,
    };
  }

  /** An order that had not reached the disk ends with the program; every other one holds again. */
  #ended(atMs: number): void {
    const { evacuation, lockedDown } = this.#kept;
    this.#evacuation = evacuation;
    this.#lockedDown = lockedDown;
    this.#held(atMs);
  }

  #turn({ at, event, effects }: Extract<TraceEntry, { what: "turn" }>): void {
    const refused = effects.some(
      (effect) => effect.kind === "answer-command" && effect.result === "refused",
    );
    if (event.kind === "commanded" && event.command.name === "evacuate" && !refused) {
      this.#evacuation = event.command.active;
      this.#held(at);
    }
    if (event.kind === "commanded" && event.command.name === "lock-down" && !refused) {
      this.#lockedDown = event.command.active;
    }
    if (!this.#grantsUnrecorded) return;
    for (const effect of effects) {
      if (effect.kind === "release-gate" && effect.cause === "granted") {
        this.#cause(at, "granted, though not recorded: the policy says so");
      }
    }
  }

  #cause(atMs: number, why: string): void {
    this.#causes.push({ atMs, why, used: false });
    if (this.#upSinceMs !== undefined) this.#extend(atMs + this.#limitMs);
  }

  #extend(toMs: number): void {
    this.#deadlineMs = Math.max(this.#deadlineMs, toMs);
  }

  #isHeldOpen(): boolean {
    return this.#fire || this.#evacuation;
  }

  /** A fire input that rose three times within a minute may hold the way for another one. */
  #fireChanged(atMs: number, active: boolean): void {
    this.#fire = active;
    const recent = this.#fireRoseMs.filter((each) => atMs - each < FIRE_RESTS_MS);
    this.#fireRoseMs = active ? [...recent, atMs] : recent;
    const restless = !active && recent.length >= 3;
    this.#fireHoldsUntilMs = restless ? atMs + FIRE_RESTS_MS : 0;
    this.#held(restless ? this.#fireHoldsUntilMs : atMs);
  }

  /** An evacuation began or ended. */
  #held(atMs: number): void {
    if (this.#upSinceMs !== undefined) this.#extend(atMs + HOLD_OPEN_TAIL_MS);
  }

  #rise(atMs: number): void {
    this.#upSinceMs = atMs;
    this.#deadlineMs = atMs + this.#limitMs;
    if (this.#isHeldOpen() || atMs < this.#fireHoldsUntilMs) return;
    const cause = this.#causes.find(
      (each) => !each.used && each.atMs <= atMs && atMs - each.atMs <= CAUSE_HOLDS_MS,
    );
    if (cause === undefined) {
      this.#problems.push(`${timeText(atMs)}: the gate opened without any cause`);
      return;
    }
    cause.used = true;
    if (this.#lockedDown && cause.why !== "exit request") {
      this.#problems.push(`${timeText(atMs)}: the gate opened during a lock-down (${cause.why})`);
    }
  }

  #fall(atMs: number): void {
    this.#judgeFall(atMs);
    this.#upSinceMs = undefined;
    this.#causes = this.#causes.filter((cause) => atMs - cause.atMs <= CAUSE_HOLDS_MS);
  }

  #judgeFall(atMs: number): void {
    // A relay that cannot be written is the hardware's own failure; nothing here can lock it.
    if (this.#isHeldOpen() || this.#relayRefuses) return;
    const lateMs = atMs - this.#deadlineMs;
    if (lateMs <= TOLERANCE_MS) return;
    this.#problems.push(
      `${timeText(atMs)}: the gate was open ${Math.round(lateMs)} ms longer than its limit`,
    );
  }
}
