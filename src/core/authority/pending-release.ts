/**
 * A release without a visit, by staff or a command: recorded first, and made when the record is durable.
 *
 * ```
 * state      event or timer                        next      what happens
 * none       asked for, and not refused            pending   `gate-released` is written down
 * pending    record-committed in time              none      the gate is released (passage.ts)
 * pending    record-failed, `release-deadline`     none      corrected by `gate-not-released`, answered
 * pending    lock-down or evacuation meanwhile     none      the same, once the record is durable
 * pending    another release by a command          pending   the first is corrected and answered
 * ```
 */
import { isLate } from "../time.ts";
import type { Transition } from "../transition.ts";
import { releaseForPassage } from "../visit/passage.ts";
import type { DecidedByHand } from "../visit/visit-state.ts";
import { reply } from "./reply.ts";

/** Asks for the record of a release; the gate opens when it is durable, and not otherwise. */
export function requestRelease(
  transition: Transition,
  cause: "operator" | "command",
  byHand: DecidedByHand,
): void {
  withdrawPendingRelease(transition, "replaced");
  const releaseRef = transition.event.ref;
  const { authority } = byHand;
  const recordKey = transition.record({ type: "gate-released", cause, authority, releaseRef });
  transition.update({
    pendingRelease: {
      releaseRef,
      requestedAt: transition.event.at,
      recordKey,
      cause,
      ...byHand,
    },
  });
  transition.effect({
    kind: "start-timer",
    timer: "release-deadline",
    about: recordKey,
    afterMs: transition.state.policy.record.commitWithinMs,
  });
}

/** The record of a release by staff or command is durable. */
export function releaseCommitted(transition: Transition, key: string): void {
  const { pendingRelease: pending, mode, policy } = transition.state;
  if (pending === null || pending.recordKey !== key) return;
  if (isLate(pending.requestedAt, transition.event.at, policy.record.commitWithinMs)) {
    return releaseNotCommitted(transition, key);
  }
  if (mode !== "normal") return withdrawPendingRelease(transition, mode);
  transition.update({ pendingRelease: null });
  transition.effect({ kind: "cancel-timer", timer: "release-deadline" });
  const { cause, releaseRef, authority, requester } = pending;
  releaseForPassage(transition, { cause, releaseRef, authority, requester, recorded: true });
}

/** It could not be recorded: a release without a record is not made. */
export function releaseNotCommitted(transition: Transition, key: string): void {
  if (transition.state.pendingRelease?.recordKey !== key) return;
  transition.raise("record-not-committed");
  withdrawPendingRelease(transition, "not-recorded");
}

/** Its record states a release; a correcting record states that it was not made. */
function withdrawPendingRelease(
  transition: Transition,
  why: "not-recorded" | "locked-down" | "evacuation" | "replaced",
): void {
  const { pendingRelease: pending } = transition.state;
  if (pending === null) return;
  transition.update({ pendingRelease: null });
  transition.effect({ kind: "cancel-timer", timer: "release-deadline" });
  const { cause, authority, releaseRef, requester } = pending;
  transition.record({ type: "gate-not-released", cause, why, authority, releaseRef });
  const detail = why === "locked-down" ? "the unit was locked down meanwhile" : undefined;
  reply(transition, requester, authority, { done: false, code: why }, detail);
}
