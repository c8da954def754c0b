/** Records: what the unit must be able to prove later. Personal data is kept apart, to be encrypted. */
import type { AlarmKind } from "./alarm.ts";
import type { Decision } from "./decision/decision.ts";
import type { CredentialKind, Evidence } from "./evidence/evidence.ts";
import type { Instant } from "./time.ts";

/** Why the gate was opened. Anything else must not open it. */
export type ReleaseCause =
  | "granted"
  | "exit-request"
  | "operator"
  | "command"
  | "fire"
  | "evacuation";

/** Why a release was not made after all. */
export const NOT_RELEASED = [
  "not-recorded",
  "locked-down",
  "evacuation",
  "replaced",
  "gate-failed",
  "gate-silent",
] as const;
export type NotReleased = (typeof NOT_RELEASED)[number];

export type VisitEnding = "taken" | "not-taken" | "unobserved" | "abandoned";

/** Who decided or ordered something, and why. */
export interface Authority {
  /** Operator's account or command's key id. */
  by: string;
  why: string;
}

/** A damaged database was quarantined, and a new generation began. */
export interface DatabaseReplacement {
  why: string;
  /** Name of the quarantined file. */
  setAside: string;
  previousEpoch?: string;
  /** The oldest of its records that had not arrived, and the last it wrote, where they could be read. */
  fromSeq?: number;
  toSeq?: number;
}

/** The content of a record. None of it names a person: `visitRef` is random. */
export type RecordBody =
  | {
      type: "visit-decided";
      visitRef: string;
      decision: Decision;
      credentialKind?: CredentialKind;
      evidence: readonly Evidence[];
      /** Set when staff decided instead of the rules. */
      authority?: Authority;
      /** Milliseconds from the first piece of evidence to the decision. */
      decidedAfterMs: number;
    }
  | { type: "visit-ended"; visitRef: string; ending: VisitEnding }
  | {
      type: "gate-released";
      cause: ReleaseCause;
      visitRef?: string;
      authority?: Authority;
      /** Names this release; a correction carries the same. */
      releaseRef?: string;
    }
  /** Corrects another record: the release was not made, and the gate stayed locked. */
  | {
      type: "gate-not-released";
      cause: ReleaseCause;
      why: NotReleased;
      visitRef?: string;
      authority?: Authority;
      releaseRef?: string;
    }
  | { type: "alarm-raised"; alarm: AlarmKind; subject?: string }
  /** An unsteady alarm is recorded once: `times` counts how often its cause came. */
  | { type: "alarm-cleared"; alarm: AlarmKind; subject?: string; times?: number }
  /** The exit button was pressed so often while the gate was open for it. */
  | { type: "exit-repeated"; releaseRef: string; times: number }
  | { type: "mode-changed"; mode: Mode; authority?: Authority }
  | { type: "command-handled"; command: string; result: string; authority: Authority }
  | { type: "policy-changed"; policyId: string; version: number }
  | ({ type: "database-replaced" } & DatabaseReplacement)
  | { type: "clock-stepped"; byMs: number; trusted: boolean };

export type Mode = "normal" | "locked-down" | "evacuation";

/**
 * What was ordered by command and not lifted since, each with who ordered it. Kept apart from the
 * mode: fire and evacuation stand above a lock-down, and when they are over it holds again.
 */
export interface Orders {
  lockDown?: Authority;
  evacuation?: Authority;
}

/** A record on its way to the store. */
export interface RecordDraft {
  /** Names it until the store gives it a sequence number; unique within a unit. */
  key: string;
  at: Instant;
  body: RecordBody;
  /** Goes into the encrypted part only. */
  personal?: {
    holderPseudonym: string;
    maskedName?: string;
    /** Of the live code that was shown: after a restart it must not count as new. */
    codeReference?: string;
  };
}
