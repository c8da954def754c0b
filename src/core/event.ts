/** Events: everything that can happen to a doorway, with the moment it happened. */
import type { CardReaderName, CodeReaderName, DeviceName } from "./alarm.ts";
import type { CoreCommand } from "./command.ts";
import type { Credential, EvidenceOf } from "./evidence/evidence.ts";
import type { ObservedKind } from "./evidence/observed.ts";
import type { DataSetKind } from "./data-set.ts";
import type { Policy } from "./policy/policy.ts";
import type { ReasonCode } from "./reason.ts";
import type { Authority, DatabaseReplacement, Orders, ReleaseCause } from "./record.ts";
import type { Instant } from "./time.ts";

export type TimerName =
  | "visit-window"
  | "commit-deadline"
  | "release-deadline"
  | "gate-deadline"
  | "result"
  | "hint"
  | "alarms-quiet"
  | "exit-quiet"
  | "fire-quiet"
  | "passage"
  | "door-open"
  | "hold-open"
  | "message";

/** Each event carries a fresh random reference: a visit it opens is named by it. */
interface EventBase {
  at: Instant;
  ref: string;
}

export type Event = EventBase &
  (
    | {
        kind: "credential-presented";
        credential: Credential;
        /** Whether a person laid a card or held up a code. */
        by: "code" | "card";
        /** When it was first seen (monotonic): reading it took until now. */
        shownAtMs?: number;
      }
    | { kind: "read-failed"; device: CodeReaderName | CardReaderName; detail: string }
    | { kind: "temperature-measured"; evidence: EvidenceOf<"temperature"> }
    | { kind: "temperature-failed"; failure: "unsteady" | "implausible" | "sensor-fault" }
    /** A device observed evidence. The thermometer's has events of its own, for traces name it so. */
    | { kind: "evidence-observed"; evidence: EvidenceOf<ObservedKind> }
    | { kind: "observation-failed"; evidence: ObservedKind; deviceAtFault: boolean }
    | { kind: "presence-changed"; present: boolean }
    | { kind: "record-committed"; key: string }
    | { kind: "record-failed"; key: string; detail: string }
    | { kind: "gate-changed"; state: "locked" | "released" }
    /** The gate opened as requested, or could not. */
    | {
        kind: "gate-answered";
        releaseRef: string;
        cause: ReleaseCause;
        ok: boolean;
        detail: string;
      }
    | {
        kind: "contact-changed";
        contact: "door-open" | "exit-request" | "fire" | "tamper";
        active: boolean;
        /** It was so when the unit began to read the contact: since when is unknown. */
        found?: true;
      }
    | {
        kind: "operator-decided";
        verdict: "grant" | "deny";
        /** The visit it is about; absent: opening the gate once, without any visit. */
        visitRef?: string;
        /** The second step: which findings are overruled. */
        confirm?: readonly ReasonCode[];
        /** Without a visit: the one that stood there when the second step was asked for. */
        confirmFor?: string;
        authority: Authority;
      }
    | {
        kind: "commanded";
        command: CoreCommand;
        commandId: string;
        authority: Authority;
      }
    /** The unit starts again, and these live codes admitted visitors before; oldest first. */
    | { kind: "codes-remembered"; used: readonly { reference: string; agoMs: number }[] }
    /** The unit starts again with the stored orders. */
    | { kind: "orders-restored"; orders: Orders }
    /** What a command ordered is stored, or cannot be. */
    | { kind: "orders-kept"; ok: boolean; commandId: string; detail: string }
    | { kind: "device-changed"; device: DeviceName; ok: boolean; detail: string }
    | { kind: "link-changed"; link: "broker" | "directory"; ok: boolean }
    /**
     * Something that the door does not need fails, or works again: the broker refuses one thing
     * (`subject`), another unit uses this one's name, or a file or address of the configuration
     * (`subject`: its setting) cannot be used.
     */
    | {
        kind: "fault-changed";
        fault: "broker-restricted" | "unit-name-in-use" | "input-unavailable";
        subject?: string;
        active: boolean;
      }
    /**
     * The unit starts with a new database: the one before could not be trusted. Without a
     * replacement that was at an earlier start, and its quarantined file is still there.
     */
    | { kind: "database-replaced"; replacement?: DatabaseReplacement }
    | { kind: "outbox-changed"; state: "normal" | "filling" | "full" }
    | { kind: "policy-changed"; policy: Policy }
    | {
        /** A data set of the district became active, or could not: then the last good one stays active. */
        kind: "data-set-changed";
        set: DataSetKind;
        ok: boolean;
        detail: string;
      }
    /** Brute-force attempts on the unit's pages from another machine have begun, or ended. */
    | { kind: "token-guessing"; active: boolean }
    | { kind: "clock-changed"; byMs: number; trusted: boolean }
    | { kind: "timer-elapsed"; timer: TimerName; about: string }
  );

export type EventKind = Event["kind"];
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>;
