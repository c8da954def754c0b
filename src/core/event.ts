/** Events: everything that can happen to a doorway, with the moment it happened. */
import type { CardReaderName, CodeReaderName, DeviceName } from "./alarm.ts";
import type { CoreCommand } from "./command.ts";
import type { Credential, Evidence } from "./evidence/evidence.ts";
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
        /** When it was seen there (monotonic): reading it took until now. */
        shownAtMs?: number;
      }
    | { kind: "read-failed"; device: CodeReaderName | CardReaderName; detail: string }
    | { kind: "temperature-measured"; evidence: Extract<Evidence, { kind: "temperature" }> }
    | { kind: "temperature-failed"; failure: "unsteady" | "implausible" | "sensor-fault" }
    | { kind: "presence-changed"; present: boolean }
    | { kind: "record-committed"; key: string }
    | { kind: "record-failed"; key: string; detail: string }
    | { kind: "gate-changed"; state: "locked" | "released" }
    /** The gate did what it was asked for, or could not. */
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
        /** So it was found when the unit began to look: nobody knows since when. */
        found?: true;
      }
    | {
        kind: "operator-decided";
        verdict: "grant" | "deny";
        /** The visit it is about; absent: opening the gate once, without any visit. */
        visitRef?: string;
        /** The second step: which grave findings are overruled. */
        confirm?: readonly ReasonCode[];
        /** Without a visit: who stood there when the second step was asked for. */
        confirmFor?: string;
        authority: Authority;
      }
    | {
        kind: "commanded";
        command: CoreCommand;
        commandId: string;
        authority: Authority;
      }
    /** The unit starts again, and these live codes let somebody in before; oldest first. */
    | { kind: "codes-remembered"; used: readonly { reference: string; agoMs: number }[] }
    /** The unit starts again, and this was ordered before. */
    | { kind: "orders-restored"; orders: Orders }
    /** What a command ordered is written down, or cannot be. */
    | { kind: "orders-kept"; ok: boolean; commandId: string; detail: string }
    | { kind: "device-changed"; device: DeviceName; ok: boolean; detail: string }
    | { kind: "link-changed"; link: "broker" | "directory"; ok: boolean }
    /**
     * Something the door does not need is wrong, or is right again: the broker refuses one thing
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
     * replacement that was at an earlier start, and its file still lies where it was set aside.
     */
    | { kind: "database-replaced"; replacement?: DatabaseReplacement }
    | { kind: "outbox-changed"; state: "normal" | "filling" | "full" }
    | { kind: "policy-changed"; policy: Policy }
    | {
        /** A set from the district came into force, or could not: then the last good one stays. */
        kind: "data-set-changed";
        set: DataSetKind;
        ok: boolean;
        detail: string;
      }
    /** Wrong tokens come to the unit's pages from another machine, again and again; or no more. */
    | { kind: "token-guessing"; active: boolean }
    | { kind: "clock-changed"; byMs: number; trusted: boolean }
    | { kind: "timer-elapsed"; timer: TimerName; about: string }
  );

export type EventKind = Event["kind"];
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>;
