/** What a screen needs to know, as data: the words and colours are the page's own. */
import type { Alarm, DeviceName } from "../alarm.ts";
import type { AwaitedEvidence, Outcome, RuleResult } from "../decision/decision.ts";
import type { CredentialKind } from "../evidence/evidence.ts";
import type { Mode, NotReleased } from "../record.ts";
import type { Reason, ReasonCode } from "../reason.ts";
import type { AnnouncedPhase } from "./announcement.ts";
import type { Way } from "./ways-in.ts";

export type { Way };

/** What the kiosk shows large. */
export type ScreenPhase = AnnouncedPhase;

/** The whole screen at one moment. Times are epoch ms unless named otherwise. */
export interface ScreenView {
  phase: ScreenPhase;
  visitRef?: string;
  credentialKind?: CredentialKind;
  maskedName?: string;
  awaits: readonly AwaitedEvidence[];
  /** Empty: nothing a visitor can present opens the gate now, and staff have to be called. */
  inviting: readonly Way[];
  /** Granted, and the gate has locked again: a visitor who has not entered shows their code once more. */
  entryOver?: true;
  /** The policy asks for a temperature, and the thermometer is down. */
  temperatureDown: boolean;
  /** What was shown last is no credential: a hint, not a refusal. */
  hint?: ReasonCode;
  outcome?: Outcome;
  /** Findings that staff can overrule only in a second step that names them; absent: there are none. */
  confirm?: readonly ReasonCode[];
  reasons: readonly Reason[];
  rules: readonly RuleResult[];
  temperatureC?: number;
  /** The gate line is up. */
  gate: "locked" | "released";
  doorOpen: boolean;
  mode: Mode;
  alarms: readonly Alarm[];
  devices: Readonly<Partial<Record<DeviceName, boolean>>>;
  links: Readonly<Partial<Record<"broker" | "directory", boolean>>>;
  clockTrusted: boolean;
  /** Data the decisions rest on, with its date: staff must see when it is old. */
  freshness: {
    directoryAsOfMs?: number;
    trustListAsOfMs?: number;
    policy: { id: string; version: number; issuedAtMs: number };
  };
  outbox: { pending: number; state: "normal" | "filling" | "full" };
  message?: string;
  /** When this view was made: a page without a newer one for a while must show that it is out of date. */
  atMs: number;
}

/** One line of the staff list: the gate was opened without a visit, or should have been. */
export interface OpeningSummary {
  releaseRef: string;
  atMs: number;
  cause: "operator" | "command" | "exit-request";
  authority?: { by: string; why: string };
  /** It was recorded, and the gate stayed locked. */
  notReleased?: NotReleased;
  /** The record reached its destination. */
  delivered: boolean;
}

/** One line of the staff list: a visit as it was decided, with its explanation. */
export interface VisitSummary {
  visitRef: string;
  decidedAtMs: number;
  outcome: Outcome;
  reasons: readonly Reason[];
  rules: readonly RuleResult[];
  credentialKind?: CredentialKind;
  maskedName?: string;
  temperatureC?: number;
  ending?: "taken" | "not-taken" | "unobserved" | "abandoned";
  authority?: { by: string; why: string };
  /** From the first evidence to the decision, and from the decision to the gate's line. */
  decidedAfterMs: number;
  gateAfterMs?: number;
  /** The record reached its destination. */
  delivered: boolean;
}
