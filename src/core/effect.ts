/** Effects: what the core wants done. Only the gateway acts. */
import type { OperatorAnswer } from "./authority/answer.ts";
import type { TimerName } from "./event.ts";
import type { Orders, RecordDraft, ReleaseCause } from "./record.ts";

/** What lights, buzzer and voice express. */
export type Signal =
  | "idle"
  | "busy"
  | "granted"
  | "denied"
  | "referred"
  | "attention"
  | "fault"
  | "evacuate";

export type Effect =
  /** Make the record durable and say so with `record-committed` or `record-failed`. */
  | { kind: "commit-record"; record: RecordDraft }
  /** What became of it comes back as `gate-answered` with the same reference. */
  | {
      kind: "release-gate";
      releaseRef: string;
      visitRef?: string;
      releaseMs: number;
      cause: ReleaseCause;
    }
  | { kind: "lock-gate" }
  /** Write down what is ordered, so that a restart obeys it, and say so with `orders-kept`. */
  | { kind: "keep-orders"; orders: Orders; commandId: string; detail: string }
  /** One timer a name; starting it again replaces it. `about` comes back with the event. */
  | { kind: "start-timer"; timer: TimerName; about: string; afterMs: number }
  | { kind: "cancel-timer"; timer: TimerName }
  | { kind: "measure-temperature" }
  | { kind: "signal"; signal: Signal }
  | { kind: "answer-command"; commandId: string; result: "done" | "refused"; detail: string }
  /** Staff asked with the event of this reference. */
  | { kind: "answer-operator"; requestRef: string; answer: OperatorAnswer };

export type EffectKind = Effect["kind"];
