/** From state to screen: what a page shows follows from the state alone. */
import type { Evidence } from "./evidence.ts";
import { graveFindings } from "./grave.ts";
import type { ScreenPhase, ScreenView } from "./view.ts";
import type { DoorwayState, Visit } from "./state.ts";
import type { Instant } from "./time.ts";

/** What the screen shows beside the doorway's own state. */
export interface Surroundings {
  directoryAsOfMs?: number;
  trustListAsOfMs?: number;
  outbox: ScreenView["outbox"];
}

/** The whole screen for a state. Pure: the moment is given. */
export function viewOf(state: DoorwayState, around: Surroundings, at: Instant): ScreenView {
  const { visit, policy, message } = state;
  const { outbox, ...dates } = around;
  return {
    phase: phaseOf(state),
    ...(visit === null ? {} : visitPart(visit)),
    awaits: visit?.awaits ?? [],
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
  if (visit?.phase === "closed" && visit.decision !== undefined) return visit.decision.outcome;
  if (state.mode === "locked-down") return "locked-down";
  return visit === null ? "welcome" : "checking";
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
    const confirm = graveFindings(visit);
    if (confirm.length > 0 && visit.decision.outcome !== "granted") part.confirm = confirm;
  }
  return part;
}

/** The temperature among pieces of evidence, if one was taken. */
export function temperatureIn(evidence: readonly Evidence[]): number | undefined {
  return evidence.find((piece) => piece.kind === "temperature")?.estimateC;
}
