/** From state to screen: what a page shows follows from the state alone. */
import { CARD_READERS, CODE_READERS, someWork } from "../alarm.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { findingsToConfirm } from "../authority/findings-to-confirm.ts";
import type { Rule } from "../policy/policy.ts";
import type { ReleaseCause } from "../record.ts";
import type { ScreenPhase, ScreenView, Way } from "./view.ts";
import type { DoorwayState, Visit } from "../state.ts";
import type { Instant } from "../time.ts";

/** What the screen shows beside the doorway's own state. */
export interface UnitFacts {
  directoryAsOfMs?: number;
  trustListAsOfMs?: number;
  outbox: ScreenView["outbox"];
}

/** The whole screen for a state. Pure: the moment is given. */
export function viewOf(state: DoorwayState, around: UnitFacts, at: Instant): ScreenView {
  const { visit, policy, message } = state;
  const { outbox, ...dates } = around;
  return {
    phase: phaseOf(state),
    ...(visit === null ? {} : visitPart(visit)),
    awaits: visit?.awaits ?? [],
    inviting: waysIn(state),
    temperatureDown: isTemperatureDown(state),
    ...(state.hint === null ? {} : { hint: state.hint }),
    ...(isEntryOver(state) ? { entryOver: true } : {}),
    reasons: visit?.phase === "closed" ? (visit.decision?.reasons ?? []) : [],
    rules: visit?.phase === "closed" ? (visit.decision?.rules ?? []) : [],
    gate: state.gate,
    doorOpen: state.doorOpen,
    mode: state.mode,
    alarms: state.alarms,
    devices: state.devices,
    links: state.links,
    clockTrusted: state.clockTrusted,
    freshness: {
      ...dates,
      policy: { id: policy.id, version: policy.version, issuedAtMs: policy.issuedAtMs },
    },
    outbox,
    ...(message === null ? {} : { message: message.text }),
    atMs: at.wallMs,
  };
}

function phaseOf(state: DoorwayState): ScreenPhase {
  if (state.mode === "evacuation") return "evacuation";
  const { visit } = state;
  const opened = openedFor(state);
  if (opened === "operator" || opened === "command") return "opened";
  if (visit?.phase === "closed" && visit.decision !== undefined) return visit.decision.outcome;
  if (state.mode === "locked-down") return "locked-down";
  if (visit !== null) return "checking";
  return opened === "exit-request" ? "exit" : "welcome";
}

/** The screen still says "granted", and the gate has locked. */
function isEntryOver({ visit, passage }: DoorwayState): boolean {
  if (visit?.phase !== "closed" || visit.decision?.outcome !== "granted") return false;
  return passage?.visitRef !== visit.ref;
}

/** Why the gate is open without a visit; a gate that has not said yet that it opened is not. */
function openedFor({ passage, awaitedReleases }: DoorwayState): ReleaseCause | undefined {
  if (passage === null || passage.visitRef !== undefined) return undefined;
  const awaited = awaitedReleases.some((each) => each.releaseRef === passage.releaseRef);
  return awaited ? undefined : passage.cause;
}

/** What leads in now: a reader that works, for what the policy takes, before a gate that moves. */
function waysIn({ policy, devices }: DoorwayState): Way[] {
  if (devices.gate !== true) return [];
  const { acceptedCredentials: accepted } = policy;
  const ways: Way[] = [];
  const codes = accepted.some((kind) => kind !== "resident-id");
  if (codes && someWork(devices, CODE_READERS)) ways.push("code");
  if (accepted.includes("resident-id") && someWork(devices, CARD_READERS)) ways.push("card");
  return ways;
}

/** A temperature is asked for and cannot be taken, so that staff will have to help. */
function isTemperatureDown({ policy, devices }: DoorwayState): boolean {
  const asks = (rule: Rule): boolean =>
    rule.kind === "temperature" || (rule.kind === "any-of" && rule.rules.some(asks));
  const wanted = policy.rules.some((rule) => asks(rule) && rule.whenUnreachable !== "grant");
  return wanted && devices.thermometer !== true;
}

function visitPart(visit: Visit): Partial<ScreenView> {
  const part: Partial<ScreenView> = {
    visitRef: visit.ref,
    credentialKind: visit.credential.kind,
  };
  const maskedName = visit.credential.holder?.maskedName ?? visit.companion?.holder?.maskedName;
  if (maskedName !== undefined) part.maskedName = maskedName;
  if (visit.temperature !== undefined) part.temperatureC = visit.temperature.estimateC;
  if (visit.phase === "closed" && visit.decision !== undefined) {
    part.outcome = visit.decision.outcome;
    const confirm = findingsToConfirm(visit);
    if (confirm.length > 0 && visit.decision.outcome !== "granted") part.confirm = confirm;
  }
  return part;
}

/** The temperature among pieces of evidence, if one was taken. */
export function temperatureIn(evidence: readonly Evidence[]): number | undefined {
  return evidence.find((piece) => piece.kind === "temperature")?.estimateC;
}
