/** The visit: from the first thing shown to a recorded outcome, one person at a time. */
import { decide, sameHolder, type Ruling } from "../decision/decide.ts";
import type { Decision } from "../decision/decision.ts";
import type { Credential, EvidenceOf } from "../evidence/evidence.ts";
import type { EventOf } from "../event.ts";
import type { Authority, RecordDraft } from "../record.ts";
import { endHint, giveHint, hintFor } from "./hint.ts";
import { signalOf } from "./passage.ts";
import { countReads } from "./bad-reads.ts";
import type { Asker, DoorwayState, Visit } from "../state.ts";
import type { Turn } from "../turn.ts";

/** A code was held up or a card laid down. */
export function presented(turn: Turn, event: EventOf<"credential-presented">): void {
  // During an evacuation the way is open and nobody is checked.
  const checked = turn.state.mode !== "evacuation";
  const hint = event.by === "code" ? hintFor(turn, event.credential) : undefined;
  if (hint !== undefined) return checked ? giveHint(turn, hint) : undefined;
  countReads(turn, event.credential.holds);
  if (!checked) return;
  endHint(turn);
  const { visit, absentAtMs } = turn.state;
  if ((event.shownAtMs ?? event.at.monotonicMs) < absentAtMs) {
    leftBehind(turn, event.credential, event.ref);
    return;
  }
  if (visit === null || visit.phase === "closed") {
    open(turn, event.credential, event.ref);
    return;
  }
  if (visit.phase === "committing") {
    const { credential, by, ref } = event;
    turn.set({ visit: { ...visit, next: { credential, by, ref } } });
    return;
  }
  join(turn, visit, event);
}

/**
 * Shown by somebody who left before it was read: whoever stands there now is somebody else. Theirs
 * is a visit that ended as it began; the same holder's next showing takes it up again.
 */
export function leftBehind(turn: Turn, credential: Credential, ref: string): void {
  turn.record({ type: "visit-ended", visitRef: ref, ending: "abandoned" });
  const atMs = turn.event.at.monotonicMs;
  if (turn.state.visit !== null) return;
  turn.set({ turnedAway: { credential, evidence: [], atMs, left: true } });
}

/** A second showing while the first one's visit still waits for something. */
function join(turn: Turn, visit: Visit, event: EventOf<"credential-presented">): void {
  const shown = event.credential;
  if (shown.reference === visit.credential.reference) return;
  if (visit.awaits.includes("id-card") && event.by === "card") {
    turn.set({ visit: { ...visit, companion: shown } });
    evaluate(turn, false);
    return;
  }
  if (sameHolder(visit.credential, shown)) {
    turn.set({ visit: { ...visit, ...merge(visit.credential, visit.carried, shown) } });
    evaluate(turn, false);
    return;
  }
  abandon(turn, visit);
  open(turn, shown, event.ref);
}

/**
 * What the same holder showed before stays with the visit: a card as companion, evidence as it is.
 * The card of somebody who left is no companion: it says that its holder stood there, not who does.
 */
function merge(
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

export function open(turn: Turn, credential: Credential, ref: string): void {
  const { state, event } = turn;
  let visit: Visit = {
    ref,
    phase: "gathering",
    openedAt: event.at,
    credential,
    carried: [],
    awaits: [],
  };
  if (state.standingTemperature !== null) visit.temperature = state.standingTemperature;
  const before = state.turnedAway;
  const recent =
    before !== null && event.at.monotonicMs - before.atMs < state.policy.visit.windowMs;
  if (recent && sameHolder(before.credential, credential)) {
    visit = { ...visit, ...merge(before.credential, before.evidence, credential, before.left) };
    if (visit.temperature === undefined && before.temperature !== undefined) {
      visit.temperature = before.temperature;
    }
  }
  turn.set({ visit, standingTemperature: null, turnedAway: null });
  turn.effect({ kind: "cancel-timer", timer: "result" });
  evaluate(turn, false);
  const after = turn.state.visit;
  if (after?.phase !== "gathering") return;
  turn.effect({ kind: "signal", signal: "busy" });
  const afterMs = state.policy.visit.windowMs;
  turn.effect({ kind: "start-timer", timer: "visit-window", about: ref, afterMs });
  if (after.awaits.includes("temperature")) measure(turn);
}

function measure(turn: Turn): void {
  turn.set({ measuring: true });
  turn.effect({ kind: "measure-temperature" });
}

/** Applies the policy to what is there; commits when it suffices or nothing more will come. */
export function evaluate(turn: Turn, windowOver: boolean): void {
  const { state, event } = turn;
  const { visit } = state;
  if (visit?.phase !== "gathering") return;
  const ruling = rule(state, visit, event.at, windowOver);
  if (ruling.decided) commit(turn, visit, ruling.decision);
  else turn.set({ visit: { ...visit, awaits: ruling.awaits } });
}

function rule(
  state: DoorwayState,
  visit: Visit,
  at: Turn["event"]["at"],
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
  turn: Turn,
  visit: Visit,
  decision: Decision,
  by?: { authority: Authority; asker: Asker },
): void {
  const { at } = turn.event;
  const recordKey = writeDecision(turn, visit, decision, by?.authority);
  const decided: Visit = {
    ...visit,
    phase: "committing",
    awaits: [],
    decision,
    decidedAt: at,
    recordKey,
  };
  turn.set({ visit: { ...decided, ...by } });
  turn.effect({ kind: "cancel-timer", timer: "visit-window" });
  turn.effect({ kind: "cancel-timer", timer: "result" });
  turn.effect({
    kind: "start-timer",
    timer: "commit-deadline",
    about: recordKey,
    afterMs: turn.state.policy.record.commitWithinMs,
  });
  if (decision.reasons.some((reason) => reason.code === "policy-expired")) {
    turn.raise("policy-expired");
  }
}

export function writeDecision(
  turn: Turn,
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
  return turn.record(
    {
      type: "visit-decided",
      visitRef: visit.ref,
      decision,
      credentialKind: credential.kind,
      evidence,
      ...(authority === undefined ? {} : { authority }),
      decidedAfterMs: turn.event.at.monotonicMs - visit.openedAt.monotonicMs,
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
export function abandon(turn: Turn, visit: Visit): void {
  turn.record({ type: "visit-ended", visitRef: visit.ref, ending: "abandoned" });
  const { credential, carried: evidence } = visit;
  const turnedAway = { credential, evidence, atMs: turn.event.at.monotonicMs, left: true };
  turn.set({ visit: null, standingTemperature: null, turnedAway });
  turn.effect({ kind: "cancel-timer", timer: "visit-window" });
  turn.effect({ kind: "signal", signal: signalOf(turn.state.mode) });
}

/** A person's temperature was taken. */
export function measured(turn: Turn, evidence: EvidenceOf<"temperature">): void {
  const { visit, measuring } = turn.state;
  turn.set({ measuring: false });
  if (visit?.phase === "gathering") {
    turn.set({ visit: { ...visit, temperature: evidence } });
    evaluate(turn, false);
    return;
  }
  // Asked for by a visit that is over: it belongs to whoever that was, not to who comes next.
  if (!measuring) turn.set({ standingTemperature: evidence });
}

/** No number came of it: ask again while the visit lasts, never guess. */
export function measurementFailed(turn: Turn, event: EventOf<"temperature-failed">): void {
  turn.set({ measuring: false });
  const { visit } = turn.state;
  if (visit?.phase !== "gathering" || !visit.awaits.includes("temperature")) return;
  turn.effect({ kind: "signal", signal: "attention" });
  if (event.failure !== "sensor-fault") measure(turn);
}

/** Staff decided about the visit on the screen. */
export function overrule(
  turn: Turn,
  visit: Visit,
  verdict: "grant" | "deny",
  authority: Authority,
  asker: Asker,
): void {
  const { policy } = turn.state;
  const before = visit.decision;
  const decision: Decision = {
    outcome: verdict === "grant" ? "granted" : "denied",
    reasons: verdict === "grant" ? [] : [{ code: "operator-refused" }],
    rules: before?.rules ?? [],
    policy: { id: policy.id, version: policy.version },
  };
  commit(turn, visit, decision, { authority, asker });
}
