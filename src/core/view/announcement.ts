/**
 * What screen, voice, lamps and buzzer alike express: one value, in codes that each of them puts into
 * its own words. Reason codes, awaited kinds and steps are the keys of the translations.
 */
import type { AwaitedEvidence } from "../decision/decision.ts";
import type { Mode } from "../record.ts";
import type { Reason, ReasonCode } from "../reason.ts";

/** What holds at the door, from a visitor's side. */
export type AnnouncedPhase =
  /** Show your code or card. */
  | "welcome"
  /** Something was shown; more is awaited (`awaits`) or is being checked. */
  | "checking"
  | "granted"
  | "denied"
  | "referred"
  /** The gate was opened by staff or a command, without a visit: come in. */
  | "opened"
  /** A person leaves: wait a moment. */
  | "exit"
  | "locked-down"
  | "evacuation";

/** What the visitor should do next. */
export type NextStep =
  | "show-credential"
  /** What is awaited is in `awaits`. */
  | "give-evidence"
  /** An observation failed and is repeated. */
  | "hold-still"
  | "wait"
  | "enter"
  /** The gate has locked again before the visitor went in. */
  | "show-again"
  /** The translation of each reason names the step. */
  | "follow-reasons"
  | "ask-staff"
  | "leave";

export interface Announcement {
  phase: AnnouncedPhase;
  /** The visit it is about, if there is one. */
  visitRef?: string;
  /** Why not granted, the most important first. */
  reasons: readonly Reason[];
  awaits: readonly AwaitedEvidence[];
  /** What was shown last is no credential: a hint, not a refusal. */
  hint?: ReasonCode;
  nextStep: NextStep;
}

/** What lamps and buzzer can express of an announcement. */
export type Signal = "idle" | "busy" | "granted" | "denied" | "referred" | "attention" | "evacuate";

/** The signal of each phase, and of a visitor who has to hold still. */
export const SIGNALS: Readonly<Record<AnnouncedPhase | "hold-still", Signal>> = {
  welcome: "idle",
  checking: "busy",
  "hold-still": "attention",
  granted: "granted",
  denied: "denied",
  referred: "referred",
  opened: "idle",
  exit: "idle",
  "locked-down": "denied",
  evacuation: "evacuate",
};

/** The phase of each mode while no visit is there. */
export const MODE_PHASES: Readonly<Record<Mode, AnnouncedPhase>> = {
  normal: "welcome",
  "locked-down": "locked-down",
  evacuation: "evacuation",
};
