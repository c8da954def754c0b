/** From state to screen: what a page shows follows from the state alone. */
import type { Evidence } from "../evidence/evidence.ts";
import { findingsToConfirm } from "../authority/findings-to-confirm.ts";
import type { Rule } from "../policy/policy.ts";
import type { DoorwayState } from "../state.ts";
import type { Instant } from "../time.ts";
import type { Visit } from "../visit/visit-state.ts";
import { announcementOf, isEntryOver } from "./announcement-of.ts";
import type { ScreenView } from "./view.ts";
import { waysIn } from "./ways-in.ts";

/** What the screen shows in addition to the state of the doorway. */
export interface UnitFacts {
  directoryAsOfMs?: number;
  trustListAsOfMs?: number;
  outbox: ScreenView["outbox"];
}

/** The whole screen for a state. Pure: the moment is given. */
export function viewOf(state: DoorwayState, around: UnitFacts, at: Instant): ScreenView {
  const { visit, policy, message } = state;
  const { outbox, ...dates } = around;
  const { nextStep: _nextStep, ...announced } = announcementOf(state);
  return {
    ...announced,
    ...(visit === null ? {} : visitPart(visit)),
    inviting: waysIn(state),
    temperatureDown: isTemperatureDown(state),
    ...(isEntryOver(state) ? { entryOver: true } : {}),
    rules: visit?.phase === "closed" ? visit.decision.rules : [],
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

/** A temperature is required and cannot be measured, so that staff have to help. */
function isTemperatureDown({ policy, devices }: DoorwayState): boolean {
  const asks = (rule: Rule): boolean =>
    rule.kind === "temperature" || (rule.kind === "any-of" && rule.rules.some(asks));
  const wanted = policy.rules.some((rule) => asks(rule) && rule.whenUnreachable !== "grant");
  return wanted && devices.thermometer !== true;
}

function visitPart(visit: Visit): Partial<ScreenView> {
  const { credential, supportingCard, observed } = visit;
  const part: Partial<ScreenView> = { credentialKind: credential.kind };
  const maskedName = credential.holder?.maskedName ?? supportingCard?.holder?.maskedName;
  if (maskedName !== undefined) part.maskedName = maskedName;
  const temperatureC = temperatureIn(observed);
  if (temperatureC !== undefined) part.temperatureC = temperatureC;
  if (visit.phase === "closed") {
    const { outcome } = visit.decision;
    part.outcome = outcome;
    const confirm = findingsToConfirm(visit);
    if (confirm.length > 0 && outcome !== "granted") part.confirm = confirm;
  }
  return part;
}

/** The temperature among pieces of evidence, if one was taken. */
export function temperatureIn(evidence: readonly Evidence[]): number | undefined {
  return evidence.find((piece) => piece.kind === "temperature")?.estimateC;
}
