/** The answer to staff: what was done, or why it was not, as a code that each page translates. */
import type { Outcome } from "../decision/decision.ts";
import type { CredentialKind } from "../evidence/evidence.ts";
import type { ReasonCode } from "../reason.ts";

/** Why a decision of staff was not carried out. */
export const REFUSAL_CODES = [
  /** The visit it was about is over; `there` names the visitor who stands there now. */
  "visit-over",
  /** Decided before: `by` names staff, and is absent where the rules decided. */
  "already-decided",
  /** The decision of the rules is being written down at this moment. */
  "being-decided",
  /** A second, explicit step is needed: `confirm` lists what it has to name. */
  "confirm-needed",
  "locked-down",
  /** The gate is held open for everyone. */
  "evacuation",
  /** The gate is open, or about to be: nothing opens twice. */
  "already-open",
  /** It could not be written down in time, so it was not done. */
  "not-recorded",
  /** It was written down, and the gate did not open. */
  "gate-failed",
  /** A newer command took its place. */
  "replaced",
  /** Nothing was answered in time; whether it was done shows in the records. */
  "no-answer",
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** The visitor a late decision could be mistaken for. */
export interface AtTheDoor {
  visitRef: string;
  maskedName?: string;
  credentialKind: CredentialKind;
}

export interface OperatorRefusal {
  done: false;
  code: RefusalCode;
  /** Who decided, or opened the gate. */
  by?: string;
  outcome?: Outcome;
  confirm?: readonly ReasonCode[];
  there?: AtTheDoor;
}

export type OperatorAnswer =
  | {
      done: true;
      did: "admitted" | "turned-away" | "opened";
      /** False where the policy goes on without a record. */
      recorded: boolean;
    }
  | OperatorRefusal;
