/** The loop around the core: one event at a time in, effects out, and what the screens may see. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import type { Clock, Timer } from "../../hal/clock.ts";
import type { Device } from "../../hal/devices.ts";
import type { DeviceName } from "../core/alarm.ts";
import type { OperatorAnswer } from "../core/authority/answer.ts";
import type { Effect } from "../core/effect.ts";
import type { Event } from "../core/event.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { ReasonCode } from "../core/reason.ts";
import type { RecordDraft } from "../core/record.ts";
import { initialState, type DoorwayState } from "../core/state.ts";
import { step } from "../core/step.ts";
import type { OpeningSummary, ScreenView, VisitSummary } from "../core/view/view.ts";
import { MODE_PHASES, SIGNALS } from "../core/view/announcement.ts";
import { announcementOf } from "../core/view/announcement-of.ts";
import { viewOf } from "../core/view/view-of.ts";
import { Actuation } from "./actuation.ts";
import { watchClock, type ClockWatch } from "./clock-watch.ts";
import { Journal } from "./journal.ts";
import { OrderWriter, loadOrders } from "./orders.ts";
import type {
  Announcer,
  CredentialVerifier,
  OutboxGauge,
  RecordStore,
  ReferenceSource,
} from "./ports.ts";
import type { PersistentClock } from "./last-trusted-time.ts";
import { loadUsedCodes } from "./used-codes.ts";
import {
  instantOf,
  connectDevices,
  type Devices,
  type ReadTimings,
  type UndatedEvent,
} from "./sensing.ts";
import { VisitStopwatch, type VisitTimings } from "./visit-timings.ts";

/** What a gateway is made of. */
export interface GatewayOptions {
  /** A clock that persists its trusted time restores it at the start, and stores it in `settings`. */
  clock: Clock | PersistentClock;
  references: ReferenceSource;
  policy: Policy;
  devices: Devices;
  store: RecordStore;
  verifier: CredentialVerifier;
  outbox?: OutboxGauge;
  /** Keeps orders and the last trusted time over a restart; without it both are forgotten. */
  settings?: KeyValueStore;
  /** What speaks to the visitor besides screen and panel, e.g. a voice. */
  announcers?: readonly Announcer[];
  /** Sees every event with what it led to, in order; for traces and tests. */
  onStep?(step: StepTrace): void;
  /** An invariant is broken and the gate is locked. Absent: the error ends the process. */
  onBroken?(error: unknown): void;
  /** Called when a visit's gate has moved, or its outcome is recorded without an entry. */
  onTimings?(timings: VisitTimings): void;
  onCommandAnswered?(commandId: string, result: "done" | "refused", detail: string): void;
}

/** One step of the loop. */
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
  /** The second step: which findings are overruled. */
  confirm?: readonly ReasonCode[];
  /** Without a visit: the one that stood there when the second step was asked for. */
  confirmFor?: string;
  operator: string;
  why: string;
}

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
  readonly #stopwatch: VisitStopwatch;
  #state: DoorwayState;
  #queue: Event[] = [];
  /** Staff who wait for an answer, by the reference of what they asked. */
  readonly #asked = new Map<string, (answer: OperatorAnswer) => void>();
  #busy = false;
  #broken = false;
  readonly #orders: OrderWriter | undefined;
  #clockWatch: ClockWatch | undefined;
  #timeKeeping: Timer | undefined;
  #lastStepAtMs: number;
  #lastCommitAtMs: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#state = initialState(options.policy);
    this.#lastStepAtMs = options.clock.monotonicMs();
    this.#lastCommitAtMs = this.#lastStepAtMs;
    const emit = (event: UndatedEvent, timings?: ReadTimings): void =>
      this.#receive(event, timings);
    this.#stopwatch = new VisitStopwatch((timings) => options.onTimings?.(timings));
    const { settings, clock } = options;
    this.#orders = settings === undefined ? undefined : new OrderWriter(settings, clock);
    this.#actuation = new Actuation({
      orders: this.#orders,
      devices: options.devices,
      clock: options.clock,
      store: options.store,
      emit,
      announcers: options.announcers ?? [],
      onCommitted: (draft, seq) => this.#committed(draft, seq),
      onReleased: (visitRef) => this.#released(visitRef),
      onCommandAnswered: (commandId, result, detail) =>
        options.onCommandAnswered?.(commandId, result, detail),
      onOperatorAnswered: (requestRef, answer) => this.#asked.get(requestRef)?.(answer),
    });
    this.#devices = connectDevices(options.devices, options.clock, options.verifier, emit);
    options.outbox?.onState((state) => emit({ kind: "outbox-changed", state }));
  }

  /** Starts every device; the gate first, so that it is locked before anything can be presented. */
  async start(): Promise<void> {
    const [gate, ...others] = this.#devices;
    await gate?.[1].start();
    await this.#restore();
    const state = this.#options.outbox?.state() ?? "normal";
    if (state !== "normal") this.#receive({ kind: "outbox-changed", state });
    await Promise.all(others.map(([, device]) => device.start()));
    const announcement = announcementOf(this.#state);
    this.#actuation.perform({ kind: "announce", announcement });
    const signal = SIGNALS[MODE_PHASES[this.#state.mode]];
    await this.#options.devices.panel?.show(signal).catch(() => undefined);
  }

  /** Stops every device; the gate is locked whatever the others do. */
  async stop(): Promise<void> {
    const { clock, settings } = this.#options;
    // A step of the clock since the last check is known to the next start by its record only.
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
    const gauge = { pending: outbox?.pending() ?? 0, state: outbox?.state() ?? "normal" };
    return viewOf(this.#state, { ...verifier.freshness(), outbox: gauge }, instantOf(clock));
  }

  visits(): readonly VisitSummary[] {
    return this.#journal.list();
  }

  /** Openings without a visit: who opened, and why. */
  openings(): readonly OpeningSummary[] {
    return this.#journal.openings();
  }

  /** Called after every step. Returns a way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Monotonic times of the last progress, for watchdogs that mean something. */
  progress(): { lastTurnAtMs: number; lastCommitAtMs: number } {
    return { lastTurnAtMs: this.#lastStepAtMs, lastCommitAtMs: this.#lastCommitAtMs };
  }

  /** Takes an event from outside the devices: a link, a new policy, a verified command. */
  dispatch(event: UndatedEvent): void {
    this.#receive(event);
  }

  /** Staff decide. Always resolves, within a bound, to what was done or why it was not. */
  operatorDecide(request: OperatorRequest): Promise<OperatorAnswer> {
    const { clock, references } = this.#options;
    const { verdict, visitRef, confirm, confirmFor, operator, why } = request;
    const ref = references.next();
    return new Promise((resolve) => {
      const answer = (given: OperatorAnswer): void => {
        late.cancel();
        this.#asked.delete(ref);
        resolve(given);
      };
      // The core answers within these waits; this bound holds where it does not.
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

  /** Before any reader starts: stored orders hold, and a clock that fell behind is known to. */
  async #restore(): Promise<void> {
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
    const clockChanged = (event: UndatedEvent): void => {
      this.#receive(event);
      // A clock that was set right must not be held to the time it had before.
      if (settings !== undefined && "write" in clock) void clock.write(settings);
    };
    this.#clockWatch = watchClock(clock, clockChanged, behindMs);
  }

  #receive(event: UndatedEvent, timings?: ReadTimings): void {
    const { clock, references } = this.#options;
    const ref = references.next();
    if (timings !== undefined) this.#stopwatch.read(ref, timings);
    this.#take({ ...event, at: instantOf(clock), ref });
  }

  // Effects may emit events at once; they wait here, so that a step is never entered twice.
  #take(event: Event): void {
    if (this.#broken) return;
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#step(next);
      }
    } catch (error) {
      return this.#break(error);
    } finally {
      this.#busy = false;
    }
    this.#notify();
  }

  /**
   * A broken invariant: no event counts any more, the gate is locked, and the process ends, whatever
   * the caller does with errors of its own. The service manager starts a new one.
   */
  #break(error: unknown): void {
    this.#broken = true;
    this.#queue = [];
    this.#actuation.stop();
    this.#actuation.perform({ kind: "lock-gate" });
    queueMicrotask(() => {
      if (this.#options.onBroken === undefined) throw error;
      this.#options.onBroken(error);
    });
  }

  #step(event: Event): void {
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    this.#lastStepAtMs = event.at.monotonicMs;
    this.#options.onStep?.({ event, effects, state });
    for (const effect of effects) {
      if (effect.kind === "commit-record") {
        this.#journal.note(effect.record);
        this.#stopwatch.drafted(effect.record.body, event.at.monotonicMs);
      }
      this.#actuation.perform(effect);
    }
  }

  #committed(draft: RecordDraft, seq: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#lastCommitAtMs = nowMs;
    this.#journal.committed(draft, seq);
    const { body } = draft;
    if (body.type !== "visit-decided") return;
    this.#stopwatch.committed(body, nowMs, this.#journal.outcomeOf(body.visitRef) === "granted");
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #released(visitRef: string | undefined): void {
    if (visitRef === undefined) return;
    const gateAfterMs = this.#stopwatch.released(visitRef, this.#options.clock.monotonicMs());
    if (gateAfterMs === undefined) return;
    this.#journal.gateMoved(visitRef, gateAfterMs);
    this.#notify();
  }
}
