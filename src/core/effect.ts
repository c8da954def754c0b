/** Effects: what the core wants done. Only the gateway acts. */
import type { OperatorAnswer } from "./authority/answer.ts";
import type { TimerName } from "./event.ts";
import type { ObservationRequest } from "./evidence/observed.ts";
import type { Orders, RecordDraft, ReleaseCause } from "./record.ts";
import type { Announcement, Signal } from "./view/announcement.ts";

export type Effect =
  /** Make the record durable and report it with `record-committed` or `record-failed`. */
  | { kind: "commit-record"; record: RecordDraft }
  /** Its result comes back as `gate-answered` with the same reference. */
  | {
      kind: "release-gate";
      releaseRef: string;
      visitRef?: string;
      releaseMs: number;
      cause: ReleaseCause;
    }
  | { kind: "lock-gate" }
  /** Store the orders, so that they hold after a restart, and report it with `orders-kept`. */
  | { kind: "keep-orders"; orders: Orders; commandId: string; detail: string }
  /** One timer a name; starting it again replaces it. `about` comes back with the event. */
  | { kind: "start-timer"; timer: TimerName; about: string; afterMs: number }
  | { kind: "cancel-timer"; timer: TimerName }
  | ObservationRequest
  /** What lamps and buzzer express: the part of an announcement that they can. */
  | { kind: "signal"; signal: Signal }
  /** Screen, voice and whatever else speaks to the visitor express this from now on. */
  | { kind: "announce"; announcement: Announcement }
  | { kind: "answer-command"; commandId: string; result: "done" | "refused"; detail: string }
  /** For staff who asked with the event of this reference. */
  | { kind: "answer-operator"; requestRef: string; answer: OperatorAnswer };

export type EffectKind = Effect["kind"];
