/** Effects become actions: the only place where the core's effects reach devices, store and timers. */
import type { Clock, Timer } from "../../hal/clock.ts";
import type { OperatorAnswer } from "../core/authority/answer.ts";
import type { Effect } from "../core/effect.ts";
import type { TimerName } from "../core/event.ts";
import type { Orders, RecordDraft } from "../core/record.ts";
import type { Devices, Emit } from "./sensing.ts";
import type { Announcer, RecordStore } from "./ports.ts";
import { errorText } from "../base/errors.ts";

/** What carries out the effects. */
export interface ActuationPorts {
  devices: Devices;
  clock: Clock;
  store: RecordStore;
  /** Without it orders last until the next restart. */
  orders: { keep(orders: Orders): Promise<boolean> } | undefined;
  emit: Emit;
  /** The record is durable under this sequence number. */
  onCommitted: (draft: RecordDraft, seq: number) => void;
  /** The gate's line is up for this visit. */
  onReleased: (visitRef: string | undefined) => void;
  /** Everything that speaks to the visitor. */
  announcers: readonly Announcer[];
  onCommandAnswered: (commandId: string, result: "done" | "refused", detail: string) => void;
  onOperatorAnswered: (requestRef: string, answer: OperatorAnswer) => void;
}

/** After this the command is answered, though the disk has not confirmed its orders. */
const KEEP_ORDERS_WITHIN_MS = 5_000;

/** Carries out effects. Every failure comes back to the core as an event; none is thrown. */
export class Actuation {
  readonly #ports: ActuationPorts;
  readonly #timers = new Map<TimerName, Timer>();
  #stopped = false;

  constructor(ports: ActuationPorts) {
    this.#ports = ports;
  }

  /** Starts what the effect asks for. */
  perform(effect: Effect): void {
    const { devices } = this.#ports;
    switch (effect.kind) {
      case "commit-record":
        void this.#commit(effect.record);
        return undefined;
      case "release-gate":
        this.#release(effect);
        return undefined;
      case "lock-gate":
        // A gate that cannot be locked reports its own failure, and its guard has locked it.
        devices.gate.lock().catch(ignoreReported);
        return undefined;
      case "keep-orders":
        this.#keepOrders(effect);
        return undefined;
      case "start-timer":
        this.#startTimer(effect.timer, effect.about, effect.afterMs);
        return undefined;
      case "cancel-timer":
        this.#timers.get(effect.timer)?.cancel();
        this.#timers.delete(effect.timer);
        return undefined;
      case "measure-temperature":
        if (devices.thermometer === undefined) this.#missThermometer();
        else devices.thermometer.measureAgain();
        return undefined;
      case "announce":
        for (const announcer of this.#ports.announcers) announcer.announce(effect.announcement);
        return undefined;
      case "signal":
        devices.panel?.show(effect.signal).catch(ignoreReported);
        return undefined;
      case "answer-command":
        this.#ports.onCommandAnswered(effect.commandId, effect.result, effect.detail);
        return undefined;
      case "answer-operator":
        this.#ports.onOperatorAnswered(effect.requestRef, effect.answer);
        return undefined;
    }
  }

  /** No timer fires after this. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  async #commit(draft: RecordDraft): Promise<void> {
    const { store, emit, onCommitted } = this.#ports;
    const { key } = draft;
    let seq: number;
    try {
      ({ seq } = await store.commit(draft));
    } catch (error) {
      return emit({ kind: "record-failed", key, detail: errorText(error) });
    }
    // Outside: an error of the core is no failed record, and must end the process.
    onCommitted(draft, seq);
    emit({ kind: "record-committed", key });
  }

  /** The policy asks for what no device can observe: what follows is the policy's, at once. */
  #missThermometer(): void {
    const detail = "the policy asks for a temperature, and no thermometer is configured";
    this.#ports.emit({ kind: "device-changed", device: "thermometer", ok: false, detail });
  }

  #release(effect: Extract<Effect, { kind: "release-gate" }>): void {
    const { devices, emit, onReleased } = this.#ports;
    const { releaseMs, releaseRef, visitRef, cause } = effect;
    const answered = (ok: boolean, detail: string): void => {
      if (!this.#stopped) emit({ kind: "gate-answered", releaseRef, cause, ok, detail });
    };
    devices.gate.release(releaseMs).then(
      () => {
        onReleased(visitRef);
        // Holding the gate open in an evacuation is renewed all the time: no one waits for an answer.
        if (cause !== "fire" && cause !== "evacuation") answered(true, "");
      },
      (error: unknown) => answered(false, errorText(error)),
    );
  }

  #keepOrders({ orders, commandId, detail }: Extract<Effect, { kind: "keep-orders" }>): void {
    const { orders: keeper, emit, clock } = this.#ports;
    let answered = false;
    const answer = (ok: boolean): void => {
      if (answered || this.#stopped) return;
      answered = true;
      late.cancel();
      emit({ kind: "orders-kept", ok, commandId, detail });
    };
    const late = clock.after(KEEP_ORDERS_WITHIN_MS, () => answer(false));
    const kept = keeper?.keep(orders) ?? Promise.resolve(true);
    void kept.then(answer);
  }

  #startTimer(timer: TimerName, about: string, afterMs: number): void {
    this.#timers.get(timer)?.cancel();
    const running = this.#ports.clock.after(afterMs, () => {
      if (this.#timers.get(timer) === running) this.#timers.delete(timer);
      if (!this.#stopped) this.#ports.emit({ kind: "timer-elapsed", timer, about });
    });
    this.#timers.set(timer, running);
  }
}

function ignoreReported(): void {}
