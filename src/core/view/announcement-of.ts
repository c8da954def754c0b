/** From state to announcement: what screen and voice express follows from the state alone. */
import type { ReleaseCause } from "../record.ts";
import type { DoorwayState } from "../state.ts";
import type { AnnouncedPhase, Announcement, NextStep } from "./announcement.ts";
import { waysIn } from "./ways-in.ts";

const NO_REASONS: Announcement["reasons"] = [];

/** What is to be expressed in this state. Pure. */
export function announcementOf(state: DoorwayState): Announcement {
  const { visit, hint } = state;
  const phase = phaseOf(state);
  return {
    phase,
    ...(visit === null ? {} : { visitRef: visit.ref }),
    reasons: visit?.phase === "closed" ? visit.decision.reasons : NO_REASONS,
    awaits: visit?.phase === "gathering" ? visit.awaits : [],
    ...(hint === null ? {} : { hint }),
    nextStep: nextStepOf(phase, state),
  };
}

/** Whether both express the same. */
export function isSameAnnouncement(a: Announcement, b: Announcement): boolean {
  return (
    a.phase === b.phase &&
    a.visitRef === b.visitRef &&
    a.hint === b.hint &&
    a.nextStep === b.nextStep &&
    a.reasons === b.reasons &&
    a.awaits.join() === b.awaits.join()
  );
}

/** Granted, and the gate has locked again while the result is still shown. */
export function isEntryOver({ visit, passage }: DoorwayState): boolean {
  if (visit?.phase !== "closed" || visit.decision.outcome !== "granted") return false;
  return passage?.visitRef !== visit.ref;
}

function phaseOf(state: DoorwayState): AnnouncedPhase {
  if (state.mode === "evacuation") return "evacuation";
  const { visit } = state;
  const opened = openedFor(state);
  if (opened === "operator" || opened === "command") return "opened";
  if (visit?.phase === "closed") return visit.decision.outcome;
  if (state.mode === "locked-down") return "locked-down";
  if (visit !== null) return "checking";
  return opened === "exit-request" ? "exit" : "welcome";
}

/** Why the gate is open without a visit; undefined until the gate has answered that it opened. */
function openedFor({ passage, awaitedReleases }: DoorwayState): ReleaseCause | undefined {
  if (passage === null || passage.visitRef !== undefined) return undefined;
  const awaited = awaitedReleases.some((each) => each.releaseRef === passage.releaseRef);
  return awaited ? undefined : passage.cause;
}

function nextStepOf(phase: AnnouncedPhase, state: DoorwayState): NextStep {
  const { visit } = state;
  switch (phase) {
    case "welcome":
      return waysIn(state).length === 0 ? "ask-staff" : "show-credential";
    case "checking":
      if (visit?.phase !== "gathering") return "wait";
      return visit.repeated.length > 0 ? "hold-still" : "give-evidence";
    case "granted":
      return isEntryOver(state) ? "show-again" : "enter";
    case "denied":
    case "referred":
      return visit?.phase === "closed" && visit.decision.reasons.length > 0
        ? "follow-reasons"
        : "ask-staff";
    case "opened":
      return "enter";
    case "exit":
      return "wait";
    case "locked-down":
      return "ask-staff";
    case "evacuation":
      return "leave";
  }
}
