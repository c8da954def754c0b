/** What is held up and is no credential: a payment code, an advert, one part of several. A hint, no refusal. */
import type { Credential } from "../evidence/evidence.ts";
import { signalOf } from "./passage.ts";
import type { ReasonCode } from "../reason.ts";
import type { Turn } from "../turn.ts";

/** Said about whatever it is that was held up by mistake; nobody is refused anything. */
const HINTS: readonly ReasonCode[] = ["not-a-health-code", "parts-missing"];
const SHOWN_MS = 5_000;

/** The hint for what was shown; undefined where it is a credential, or the policy judges it like one. */
export function hintFor(turn: Turn, credential: Credential): ReasonCode | undefined {
  if (credential.holds || credential.kind === "resident-id") return undefined;
  const [reason] = credential.reasons;
  if (reason === undefined && credential.kind !== "unknown") return undefined;
  const code = reason?.code ?? "not-a-health-code";
  if (credential.reasons.length > 1 || !HINTS.includes(code)) return undefined;
  return turn.state.policy.whenCredentialFails[code] === undefined ? code : undefined;
}

/** Says it beside whatever is on the screen: a visit that waits for something goes on waiting. */
export function giveHint(turn: Turn, hint: ReasonCode): void {
  turn.set({ hint });
  turn.effect({ kind: "start-timer", timer: "hint", about: "hint", afterMs: SHOWN_MS });
  if (turn.state.visit === null) turn.effect({ kind: "signal", signal: "busy" });
}

/** It was said long enough, its reader left, or a credential was shown after all. */
export function endHint(turn: Turn): void {
  if (turn.state.hint === null) return;
  turn.set({ hint: null });
  turn.effect({ kind: "cancel-timer", timer: "hint" });
  if (turn.state.visit !== null) return;
  turn.effect({ kind: "signal", signal: signalOf(turn.state.mode) });
}
