/** The visit: from the first thing shown to a recorded outcome, one person at a time. */
import { decide, sameHolder, type Ruling } from "../decision/decide.ts";
import type { Decision } from "../decision/decision.ts";
import type { Credential, EvidenceOf } from "../evidence/evidence.ts";
import type { EventOf } from "../event.ts";
import type { Authority, RecordDraft } from "../record.ts";
import { endHint, showHint, hintFor } from "./hint.ts";
import { signalForMode } from "./passage.ts";
import { countRead } from "./bad-reads.ts";
import type { Requester, DoorwayState, Visit } from "../state.ts";
import type { Transition } from "../transition.ts";

/** A code was held up or a card laid down. */
export function credentialPresented(
  transition: Transition,
  event: EventOf<"credential-presented">,
): void {
  // During an evacuation the way is open and nobody is checked.
  const checked = transition.state.mode !== "evacuation";
  const hint = event.by === "code" ? hintFor(transition, event.credential) : undefined;
  if (hint !== undefined) return checked ? showHint(transition, hint) : undefined;
  countRead(transition, event.credential.holds);
  if (!checked) return;
  endHint(transition);
  const { visit, absentAtMs } = transition.state;
  if ((event.shownAtMs ?? event.at.monotonicMs) < absentAtMs) {
    recordLateRead(transition, event.credential, event.ref);
    return;
  }
  if (visit === null || visit.phase === "closed") {
    openVisit(transition, event.credential, event.ref);
    return;
  }
  if (visit.phase === "committing") {
    const { credential, by, ref } = event;
    transition.update({ visit: { ...visit, next: { credential, by, ref } } });
    return;
  }
  addCredential(transition, visit, event);
}

/**
 * Shown by somebody who left before it was read: whoever stands there now is somebody else. Theirs
 * is a visit that ended as it began; the same holder's next showing takes it up again.
 */
export function recordLateRead(transition: Transition, credential: Credential, ref: string): void {
  transition.record({ type: "visit-ended", visitRef: ref, ending: "abandoned" });
  const atMs = transition.event.at.monotonicMs;
  if (transition.state.visit !== null) return;
  transition.update({ lastRejected: { credential, evidence: [], atMs, left: true } });
}

/** A second showing while the first one's visit still waits for something. */
function addCredential(
  transition: Transition,
  visit: Visit,
  event: EventOf<"credential-presented">,
): void {
  const shown = event.credential;
  if (shown.reference === visit.credential.reference) return;
  if (visit.awaits.includes("id-card") && event.by === "card") {
    transition.update({ visit: { ...visit, companion: shown } });
    evaluate(transition, false);
    return;
  }
  if (sameHolder(visit.credential, shown)) {
    transition.update({
      visit: { ...visit, ...mergeCredentials(visit.credential, visit.carried, shown) },
    });
    evaluate(transition, false);
    return;
  }
  abandonVisit(transition, visit);
  openVisit(transition, shown, event.ref);
}

/**
 * What the same holder showed before stays with the visit: a card as companion, evidence as it is.
 * The card of somebody who left is no companion: it says that its holder stood there, not who does.
 */
function mergeCredentials(
  before: Credential,
  carried: Visit["carried"],
  shown: Credential,
  left = false,
): Pick<Visit, "credential" | "carried"> & { companion?: Credential } {
  // The card that a paper pass asked for, laid after its visit was left.
  if (before.needsAlongside === "id-card" && shown.kind === "resident-id") {
    return { credential: before, carried, companion: shown };
  }
  const evidence = before.holds ? [...carried, ...before.evidence] : carried;
  const merged = { credential: shown, carried: evidence };
  return before.kind === "resident-id" && !left ? { ...merged, companion: before } : merged;
}

export function openVisit(transition: Transition, credential: Credential, ref: string): void {
  const { state, event } = transition;
  let visit: Visit = {
    ref,
    phase: "gathering",
    openedAt: event.at,
    credential,
    carried: [],
    awaits: [],
  };
  if (state.standingTemperature !== null) visit.temperature = state.standingTemperature;
  const before = state.lastRejected;
  const recent =
    before !== null && event.at.monotonicMs - before.atMs < state.policy.visit.windowMs;
  if (recent && sameHolder(before.credential, credential)) {
    visit = {
      ...visit,
      ...mergeCredentials(before.credential, before.evidence, credential, before.left),
    };
    if (visit.temperature === undefined && before.temperature !== undefined) {
      visit.temperature = before.temperature;
    }
  }
  transition.update({ visit, standingTemperature: null, lastRejected: null });
  transition.effect({ kind: "cancel-timer", timer: "result" });
  evaluate(transition, false);
  const after = transition.state.visit;
  if (after?.phase !== "gathering") return;
  transition.effect({ kind: "signal", signal: "busy" });
  const afterMs = state.policy.visit.windowMs;
  transition.effect({ kind: "start-timer", timer: "visit-window", about: ref, afterMs });
  if (after.awaits.includes("temperature")) measure(transition);
}

function measure(transition: Transition): void {
  transition.update({ measuring: true });
  transition.effect({ kind: "measure-temperature" });
}

/** Applies the policy to what is there; commits when it suffices or nothing more will come. */
export function evaluate(transition: Transition, windowOver: boolean): void {
  const { state, event } = transition;
  const { visit } = state;
  if (visit?.phase !== "gathering") return;
  const ruling = rule(state, visit, event.at, windowOver);
  if (ruling.decided) commit(transition, visit, ruling.decision);
  else transition.update({ visit: { ...visit, awaits: ruling.awaits } });
}

function rule(
  state: DoorwayState,
  visit: Visit,
  at: Transition["event"]["at"],
  windowOver: boolean,
): Ruling {
  const { temperature, companion } = visit;
  return decide({
    credential: visit.credential,
    ...(companion === undefined ? {} : { companion }),
    evidence: temperature === undefined ? visit.carried : [...visit.carried, temperature],
    policy: state.policy,
    at,
    mode: state.mode,
    usedCodes: state.usedCodes,
    thermometerDown: state.devices.thermometer === false,
    windowOver,
  });
}

/** Writes the decision down; nothing moves before the store has answered or the wait is over. */
function commit(
  transition: Transition,
  visit: Visit,
  decision: Decision,
  by?: { authority: Authority; requester: Requester },
): void {
  const { at } = transition.event;
  const recordKey = writeDecision(transition, visit, decision, by?.authority);
  const decided: Visit = {
    ...visit,
    phase: "committing",
    awaits: [],
    decision,
    decidedAt: at,
    recordKey,
  };
  transition.update({ visit: { ...decided, ...by } });
  transition.effect({ kind: "cancel-timer", timer: "visit-window" });
  transition.effect({ kind: "cancel-timer", timer: "result" });
  transition.effect({
    kind: "start-timer",
    timer: "commit-deadline",
    about: recordKey,
    afterMs: transition.state.policy.record.commitWithinMs,
  });
  if (decision.reasons.some((reason) => reason.code === "policy-expired")) {
    transition.raise("policy-expired");
  }
}

export function writeDecision(
  transition: Transition,
  visit: Visit,
  decision: Decision,
  authority: Authority | undefined,
): string {
  const { credential, temperature, companion } = visit;
  // Somebody else's card says that it is not the holder's; what is known of its owner is none of this visit's.
  const theirs = companion !== undefined && sameHolder(credential, companion);
  const evidence = [
    ...credential.evidence,
    ...(theirs ? companion.evidence : []),
    ...visit.carried,
  ];
  if (temperature !== undefined) evidence.push(temperature);
  return transition.record(
    {
      type: "visit-decided",
      visitRef: visit.ref,
      decision,
      credentialKind: credential.kind,
      evidence,
      ...(authority === undefined ? {} : { authority }),
      decidedAfterMs: transition.event.at.monotonicMs - visit.openedAt.monotonicMs,
    },
    personalOf(credential),
  );
}

function personalOf(credential: Credential): RecordDraft["personal"] {
  const { holder, kind, reference } = credential;
  if (holder === undefined) return undefined;
  return {
    holderPseudonym: holder.pseudonym,
    ...(holder.maskedName === undefined ? {} : { maskedName: holder.maskedName }),
    ...(kind === "health-pass-live" ? { codeReference: reference } : {}),
  };
}

/** The visitor left, or somebody else stepped in: this visit ends without an outcome, and its card is theirs. */
export function abandonVisit(transition: Transition, visit: Visit): void {
  transition.record({ type: "visit-ended", visitRef: visit.ref, ending: "abandoned" });
  const { credential, carried: evidence } = visit;
  const lastRejected = { credential, evidence, atMs: transition.event.at.monotonicMs, left: true };
  transition.update({ visit: null, standingTemperature: null, lastRejected });
  transition.effect({ kind: "cancel-timer", timer: "visit-window" });
  transition.effect({ kind: "signal", signal: signalForMode(transition.state.mode) });
}

/** A person's temperature was taken. */
export function temperatureMeasured(
  transition: Transition,
  evidence: EvidenceOf<"temperature">,
): void {
  const { visit, measuring } = transition.state;
  transition.update({ measuring: false });
  if (visit?.phase === "gathering") {
    transition.update({ visit: { ...visit, temperature: evidence } });
    evaluate(transition, false);
    return;
  }
  // Asked for by a visit that is over: it belongs to whoever that was, not to who comes next.
  if (!measuring) transition.update({ standingTemperature: evidence });
}

/** No number came of it: ask again while the visit lasts, never guess. */
export function temperatureFailed(
  transition: Transition,
  event: EventOf<"temperature-failed">,
): void {
  transition.update({ measuring: false });
  const { visit } = transition.state;
  if (visit?.phase !== "gathering" || !visit.awaits.includes("temperature")) return;
  transition.effect({ kind: "signal", signal: "attention" });
  if (event.failure !== "sensor-fault") measure(transition);
}

/** Staff decided about the visit on the screen. */
export function decideByHand(
  transition: Transition,
  visit: Visit,
  verdict: "grant" | "deny",
  authority: Authority,
  requester: Requester,
): void {
  const { policy } = transition.state;
  const before = visit.decision;
  const decision: Decision = {
    outcome: verdict === "grant" ? "granted" : "denied",
    reasons: verdict === "grant" ? [] : [{ code: "operator-refused" }],
    rules: before?.rules ?? [],
    policy: { id: policy.id, version: policy.version },
  };
  commit(transition, visit, decision, { authority, requester });
}
