/** The visit: from the first thing presented to a decision, one person at a time (visit-state.ts). */
import type { EventOf } from "../event.ts";
import type { Credential } from "../evidence/evidence.ts";
import { countRead } from "./bad-reads.ts";
import { evaluate } from "./commit.ts";
import { endHint, hintFor, showHint } from "./hint.ts";
import { sameHolder } from "../decision/same-holder.ts";
import { onePerKind } from "../evidence/observed.ts";
import { requestAwaited } from "./observation.ts";
import type { Transition } from "../transition.ts";
import type { GatheringVisit, Presentation } from "./visit-state.ts";

/** A code was held up or a card laid down. */
export function credentialPresented(
  transition: Transition,
  event: EventOf<"credential-presented">,
): void {
  // During an evacuation the way is open and no visitor is checked.
  const checked = transition.state.mode !== "evacuation";
  const hint = event.by === "code" ? hintFor(transition, event.credential) : undefined;
  if (hint !== undefined) return checked ? showHint(transition, hint) : undefined;
  countRead(transition, event.credential.isValid);
  if (!checked) return;
  endHint(transition);
  const { visit, presence } = transition.state;
  const presentedAtMs = event.shownAtMs ?? event.at.monotonicMs;
  if (presentedAtMs < presence.lastLeftAtMs) {
    return recordLateRead(transition, event.credential, event.ref);
  }
  switch (visit?.phase) {
    case undefined:
    case "closed":
      return openVisit(transition, event);
    case "committing": {
      const { credential, by, ref } = event;
      return transition.update({ visit: { ...visit, next: { credential, by, ref } } });
    }
    case "gathering":
      return addCredential(transition, visit, event);
  }
}

/**
 * The presenter left before the read finished. Records an abandoned visit, and keeps the credential
 * for the same holder's next presentation.
 */
export function recordLateRead(transition: Transition, credential: Credential, ref: string): void {
  transition.record({ type: "visit-ended", visitRef: ref, ending: "abandoned" });
  const { visit, presence } = transition.state;
  if (visit !== null) return;
  const atMs = transition.event.at.monotonicMs;
  const lastRejected = { credential, carried: [], observed: [], atMs, presenterLeft: true };
  transition.update({ presence: { ...presence, lastRejected } });
}

/** A second presentation while the visit of the first still awaits something. */
function addCredential(
  transition: Transition,
  visit: GatheringVisit,
  presentation: Presentation,
): void {
  const presented = presentation.credential;
  if (presented.reference === visit.credential.reference) return;
  if (visit.awaits.includes("id-card") && presentation.by === "card") {
    transition.update({ visit: { ...visit, supportingCard: presented } });
    evaluate(transition, false);
    return;
  }
  if (sameHolder(visit.credential, presented)) {
    const merged = mergeCredentials(visit.credential, visit.carried, presented);
    transition.update({ visit: { ...visit, ...merged } });
    evaluate(transition, false);
    return;
  }
  abandonVisit(transition, visit);
  openVisit(transition, presentation);
}

/**
 * What the same holder presented before stays with the visit: a card as supporting card, evidence as
 * it is. The card of a person who left supports nothing: it shows that its holder stood there, not
 * who stands there now.
 */
function mergeCredentials(
  before: Credential,
  carried: GatheringVisit["carried"],
  presented: Credential,
  presenterLeft = false,
): Pick<GatheringVisit, "credential" | "carried" | "supportingCard"> {
  // The card that a paper pass asked for, laid after its visit had ended.
  if (before.supportingDocument === "id-card" && presented.kind === "resident-id") {
    return { credential: before, carried, supportingCard: presented };
  }
  const evidence = before.isValid ? [...carried, ...before.evidence] : carried;
  const merged = { credential: presented, carried: evidence };
  const supports = before.kind === "resident-id" && !presenterLeft;
  return supports ? { ...merged, supportingCard: before } : merged;
}

/** Begins a visit; it carries on the same holder's last one where that ended without admission. */
export function openVisit(
  transition: Transition,
  { credential, ref }: Pick<Presentation, "credential" | "ref">,
): void {
  const { state, event } = transition;
  const { presence } = state;
  const before = presence.lastRejected;
  const { windowMs } = state.policy.visit;
  const carriesOn =
    before !== null &&
    event.at.monotonicMs - before.atMs < windowMs &&
    sameHolder(before.credential, credential);
  const visit: GatheringVisit = {
    ref,
    phase: "gathering",
    openedAt: event.at,
    credential,
    observed: onePerKind([...presence.observed, ...(carriesOn ? before.observed : [])]),
    carried: [],
    awaits: [],
    repeated: [],
    ...(carriesOn
      ? mergeCredentials(before.credential, before.carried, credential, before.presenterLeft)
      : {}),
  };
  transition.update({ visit, presence: { ...presence, observed: [], lastRejected: null } });
  transition.effect({ kind: "cancel-timer", timer: "result" });
  evaluate(transition, false);
  const after = transition.state.visit;
  if (after?.phase !== "gathering") return;
  transition.signal("checking");
  const timer = "visit-window";
  transition.effect({ kind: "start-timer", timer, about: ref, afterMs: windowMs });
  requestAwaited(transition, after);
}

/** The visitor left, or another person stepped in: the visit ends without an outcome, and its card is theirs. */
export function abandonVisit(transition: Transition, visit: GatheringVisit): void {
  transition.record({ type: "visit-ended", visitRef: visit.ref, ending: "abandoned" });
  const { credential, carried } = visit;
  const atMs = transition.event.at.monotonicMs;
  const lastRejected = { credential, carried, observed: [], atMs, presenterLeft: true };
  const { presence } = transition.state;
  transition.update({ visit: null, presence: { ...presence, observed: [], lastRejected } });
  transition.effect({ kind: "cancel-timer", timer: "visit-window" });
  transition.signalMode();
}
