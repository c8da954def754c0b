/** The loop around the core: one event at a time in, effects out, and what the screens may see. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import type { Clock, Timer } from "../../hal/clock.ts";
import type { Device } from "../../hal/devices.ts";
import type { DeviceName } from "../core/alarm.ts";
import type { OperatorAnswer } from "../core/authority/answer.ts";
import type { Effect } from "../core/effect.ts";
import type { Event } from "../core/event.ts";
import type { Policy } from "../core/policy/policy.ts";
import { signalForMode } from "../core/visit/passage.ts";
import type { ReasonCode } from "../core/reason.ts";
import { initialState, type DoorwayState } from "../core/state.ts";
import { step } from "../core/step.ts";
import type { OpeningSummary, ScreenView, VisitSummary } from "../core/view/view.ts";
import { viewOf } from "../core/view/view-of.ts";
import { Actuation } from "./actuation.ts";
import { watchClock, type ClockWatch } from "./clock-watch.ts";
import { Journal } from "./journal.ts";
import { OrderWriter, loadOrders } from "./orders.ts";
import type { CredentialVerifier, OutboxGauge, RecordStore, ReferenceSource } from "./ports.ts";
import type { PersistentClock } from "./last-trusted-time.ts";
import { loadUsedCodes } from "./used-codes.ts";
import {
  instantOf,
  connectDevices,
  type Devices,
  type ReadTimings,
  type UndatedEvent,
} from "./sensing.ts";
import type { VisitTimings } from "./visit-timings.ts";

/** What a gateway is made of. */
export interface GatewayOptions {
  /** One that remembers is asked at the start, and kept up to date in `settings`. */
  clock: Clock | PersistentClock;
  references: ReferenceSource;
  policy: Policy;
  devices: Devices;
  store: RecordStore;
  verifier: CredentialVerifier;
  outbox?: OutboxGauge;
  /** Keeps what was ordered and the last good time over a restart; without it both are forgotten. */
  settings?: KeyValueStore;
  /** Sees every event with what it led to, in order; for traces and tests. */
  onStep?(turn: StepTrace): void;
  /** Milliseconds per stage of a visit, when its gate moved or its outcome was recorded. */
  onTimings?(timings: VisitTimings): void;
  onCommandAnswered?(commandId: string, result: "done" | "refused", detail: string): void;
}

/** One turn of the loop. */
export interface StepTrace {
  event: Event;
  effects: readonly Effect[];
  state: DoorwayState;
}

/** What staff ask for. */
export interface OperatorRequest {
  verdict: "grant" | "deny";
  /** The visit it is about; absent: opening the gate once, without any visit. */
  visitRef?: string;
  /** The second step: which grave findings are overruled. */
  confirm?: readonly ReasonCode[];
  /** Without a visit: the one that stood there when the second step was asked for. */
  confirmFor?: string;
  operator: string;
  why: string;
}

const VISITS_TIMED = 64;
/** The gate's own deadline, twice. */
const ANSWER_WITHIN_MS = 2_000;
const NO_ANSWER: OperatorAnswer = { done: false, code: "no-answer" };

/** A running doorway. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #actuation: Actuation;
  readonly #journal = new Journal();
  readonly #devices: [DeviceName, Device][];
  readonly #listeners = new Set<() => void>();
  readonly #marks = new Map<string, Omit<VisitTimings, "visitRef">>();
  #state: DoorwayState;
  #queue: Event[] = [];
  /** Staff who wait for an answer, by the reference of what they asked. */
  readonly #asked = new Map<string, (answer: OperatorAnswer) => void>();
  #busy = false;
  readonly #orders: OrderWriter | undefined;
  #clockWatch: ClockWatch | undefined;
  #timeKeeping: Timer | undefined;
  #lastTurnAtMs: number;
  #lastCommitAtMs: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#state = initialState(options.policy);
    this.#lastTurnAtMs = options.clock.monotonicMs();
    this.#lastCommitAtMs = this.#lastTurnAtMs;
    const emit = (event: UndatedEvent, marks?: ReadTimings): void => this.#receive(event, marks);
    const { settings, clock } = options;
    this.#orders = settings === undefined ? undefined : new OrderWriter(settings, clock);
    this.#actuation = new Actuation({
      orders: this.#orders,
      devices: options.devices,
      clock: options.clock,
      store: options.store,
      emit,
      onCommitted: (draft, seq) => {
        this.#lastCommitAtMs = options.clock.monotonicMs();
        this.#journal.committed(draft, seq);
        if (draft.body.type === "visit-decided") this.#markCommitted(draft.body.visitRef);
      },
      onReleased: (visitRef) => this.#markReleased(visitRef),
      onCommandAnswered: (commandId, result, detail) =>
        options.onCommandAnswered?.(commandId, result, detail),
      onOperatorAnswered: (requestRef, answer) => this.#asked.get(requestRef)?.(answer),
    });
    this.#devices = connectDevices(options.devices, options.clock, options.verifier, emit);
    options.outbox?.onState((state) => emit({ kind: "outbox-changed", state }));
  }

  /** Starts every device; the gate first, so that it is locked before anything can be shown. */
  async start(): Promise<void> {
    const [gate, ...others] = this.#devices;
    await gate?.[1].start();
    await this.#recall();
    const state = this.#options.outbox?.state() ?? "normal";
    if (state !== "normal") this.#receive({ kind: "outbox-changed", state });
    await Promise.all(others.map(([, device]) => device.start()));
    const signal = signalForMode(this.#state.mode);
    await this.#options.devices.panel?.show(signal).catch(() => undefined);
  }

  /** Stops every device; the gate is locked whatever the others do. */
  async stop(): Promise<void> {
    const { clock, settings } = this.#options;
    // What the clock was set by since the last look is known to the next start by its record only.
    this.#clockWatch?.check();
    this.#clockWatch?.cancel();
    this.#timeKeeping?.cancel();
    this.#actuation.stop();
    for (const answer of this.#asked.values()) answer(NO_ANSWER);
    this.#orders?.stop();
    const results = await Promise.allSettled(this.#devices.map(([, device]) => device.stop()));
    const failed = results.find((result) => result.status === "rejected");
    if (settings !== undefined && "write" in clock) await clock.write(settings);
    if (failed !== undefined) throw failed.reason;
  }

  state(): DoorwayState {
    return this.#state;
  }

  view(): ScreenView {
    const { verifier, outbox, clock } = this.#options;
    const pending = outbox?.pending() ?? 0;
    const full = this.#state.alarms.some((alarm) => alarm.kind === "outbox-full");
    const filling = this.#state.alarms.some((alarm) => alarm.kind === "outbox-filling");
    const state = full ? "full" : filling ? "filling" : "normal";
    return viewOf(
      this.#state,
      { ...verifier.freshness(), outbox: { pending, state } },
      instantOf(clock),
    );
  }

  visits(): readonly VisitSummary[] {
    return this.#journal.list();
  }

  /** Openings without a visit: who opened, and why. */
  openings(): readonly OpeningSummary[] {
    return this.#journal.openings();
  }

  /** Called after every turn. Returns a way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Monotonic times of the last progress, for watchdogs that mean something. */
  progress(): { lastTurnAtMs: number; lastCommitAtMs: number } {
    return { lastTurnAtMs: this.#lastTurnAtMs, lastCommitAtMs: this.#lastCommitAtMs };
  }

  /** Takes an event from outside the devices: a link, a new policy, a verified command. */
  dispatch(event: UndatedEvent): void {
    this.#receive(event);
  }

  /** Staff decides. Always resolves, within a bound, to what was done or why it was not. */
  operatorDecide(request: OperatorRequest): Promise<OperatorAnswer> {
    const { clock, references } = this.#options;
    const { verdict, visitRef, confirm, confirmFor, operator, why } = request;
    const ref = references.next();
    return new Promise((resolve) => {
      const answer = (said: OperatorAnswer): void => {
        late.cancel();
        this.#asked.delete(ref);
        resolve(said);
      };
      // The core answers within these waits; this is for the day it does not.
      const afterMs = this.#state.policy.record.commitWithinMs + ANSWER_WITHIN_MS;
      const late = clock.after(afterMs, () => answer(NO_ANSWER));
      this.#asked.set(ref, answer);
      const event: UndatedEvent = {
        kind: "operator-decided",
        verdict,
        authority: { by: operator, why },
        ...(visitRef === undefined ? {} : { visitRef }),
        ...(confirm === undefined ? {} : { confirm }),
        ...(confirmFor === undefined ? {} : { confirmFor }),
      };
      this.#take({ ...event, at: instantOf(clock), ref });
    });
  }

  /** Records with these numbers reached their destination. */
  delivered(fromSeq: number, toSeq: number): void {
    this.#journal.delivered(fromSeq, toSeq);
    this.#notify();
  }

  /** Before anybody can be read: what was ordered holds, and the clock is what it is known to be. */
  async #recall(): Promise<void> {
    const { clock, settings } = this.#options;
    let behindMs = 0;
    if (settings !== undefined) {
      const orders = await loadOrders(settings);
      if ("restore" in clock) {
        behindMs = await clock.restore(settings);
        this.#timeKeeping = clock.keep(settings);
      }
      if (Object.keys(orders).length > 0) this.#receive({ kind: "orders-restored", orders });
    }
    const used = await loadUsedCodes(this.#options.store, instantOf(clock));
    if (used.length > 0) this.#receive({ kind: "codes-remembered", used });
    const seen = (event: UndatedEvent): void => {
      this.#receive(event);
      // A clock that was set right must not be held to what it said before.
      if (settings !== undefined && "write" in clock) void clock.write(settings);
    };
    this.#clockWatch = watchClock(clock, seen, behindMs);
  }

  #receive(event: UndatedEvent, marks?: ReadTimings): void {
    const { clock, references } = this.#options;
    const ref = references.next();
    if (marks !== undefined) this.#mark(ref, marks);
    this.#take({ ...event, at: instantOf(clock), ref });
  }

  // Effects may emit events at once; they wait here, so that a turn is never entered twice.
  #take(event: Event): void {
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#turn(next);
      }
    } finally {
      this.#busy = false;
    }
    this.#notify();
  }

  #turn(event: Event): void {
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    this.#lastTurnAtMs = event.at.monotonicMs;
    this.#options.onStep?.({ event, effects, state });
    for (const effect of effects) {
      if (effect.kind === "commit-record") {
        this.#journal.note(effect.record);
        this.#markDecided(effect.record.body, event.at.monotonicMs);
      }
      this.#actuation.perform(effect);
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #mark(ref: string, marks: ReadTimings): void {
    this.#marks.set(ref, { ...marks, decidedAtMs: 0, committedAtMs: 0 });
    if (this.#marks.size <= VISITS_TIMED) return;
    const [oldest] = this.#marks.keys();
    if (oldest !== undefined) this.#marks.delete(oldest);
  }

  #markDecided(body: { type: string; visitRef?: string }, atMs: number): void {
    if (body.type !== "visit-decided" || body.visitRef === undefined) return;
    const marks = this.#marks.get(body.visitRef);
    if (marks !== undefined) marks.decidedAtMs = atMs;
  }

  #markCommitted(visitRef: string): void {
    const marks = this.#marks.get(visitRef);
    if (marks === undefined) return;
    marks.committedAtMs = this.#options.clock.monotonicMs();
    const visit = this.#journal.list().find((each) => each.visitRef === visitRef);
    if (visit?.outcome === "granted") return;
    this.#marks.delete(visitRef);
    this.#options.onTimings?.({ visitRef, ...marks });
  }

  #markReleased(visitRef: string | undefined): void {
    if (visitRef === undefined) return;
    const marks = this.#marks.get(visitRef);
    if (marks === undefined) return;
    this.#marks.delete(visitRef);
    const gateAtMs = this.#options.clock.monotonicMs();
    this.#journal.gateMoved(visitRef, gateAtMs - marks.decidedAtMs);
    this.#options.onTimings?.({ visitRef, ...marks, gateAtMs });
    this.#notify();
  }
}
