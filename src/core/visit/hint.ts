/** Hints about what is no credential: a payment code, an advert, one part of several. No refusal. */
import type { Credential } from "../evidence/evidence.ts";
import type { ReasonCode } from "../reason.ts";
import type { Transition } from "../transition.ts";

/** Shown about something held up by mistake; no visitor is refused for it. */
const HINTS: readonly ReasonCode[] = ["not-a-health-code", "parts-missing"];
const SHOWN_MS = 5_000;

/** The hint for what was shown; undefined where it is a credential, or the policy judges it like one. */
export function hintFor(transition: Transition, credential: Credential): ReasonCode | undefined {
  if (credential.isValid || credential.kind === "resident-id") return undefined;
  const [reason] = credential.reasons;
  if (reason === undefined && credential.kind !== "unknown") return undefined;
  const code = reason?.code ?? "not-a-health-code";
  if (credential.reasons.length > 1 || !HINTS.includes(code)) return undefined;
  return transition.state.policy.whenCredentialFails[code] === undefined ? code : undefined;
}

/** Shows it in addition to what is on the screen: a visit that waits for evidence goes on waiting. */
export function showHint(transition: Transition, hint: ReasonCode): void {
  transition.update({ hint });
  transition.effect({ kind: "start-timer", timer: "hint", about: "hint", afterMs: SHOWN_MS });
  if (transition.state.visit === null) transition.signal("checking");
}

/** It was shown long enough, its reader left, or a credential was presented after all. */
export function endHint(transition: Transition): void {
  if (transition.state.hint === null) return;
  transition.update({ hint: null });
  transition.effect({ kind: "cancel-timer", timer: "hint" });
  if (transition.state.visit !== null) return;
  transition.signalMode();
}
