/** What people with authority do: signed commands from afar, and releases without a visit. */
import type { EventOf } from "../event.ts";
import type { Authority, Orders, ReleaseCause } from "../record.ts";
import { isLate } from "../visit/outcome.ts";
import { applyMode, releaseForPassage } from "../visit/passage.ts";
import { reply } from "./reply.ts";
import type { Requester } from "../state.ts";
import type { Transition } from "../transition.ts";
import { evaluate } from "../visit/visit.ts";

/** A command whose signature, audience, time and counter were already verified. */
export function commanded(transition: Transition, event: EventOf<"commanded">): void {
  const { command, authority, commandId } = event;
  switch (command.name) {
    case "release":
      // A decision about a visit, or an opening without one.
      return;
    case "lock-down":
      // One that waits beneath an evacuation may be lifted: nobody wants to find the door locked after it.
      if (command.active && transition.state.mode === "evacuation") {
        answer(transition, event, "refused", "an evacuation is in progress");
        return;
      }
      order(transition, event, { lockDown: command.active ? authority : undefined });
      evaluate(transition, false);
      return;
    case "evacuate":
      if (transition.state.fireActive) {
        answer(transition, event, "refused", "the fire input is active");
        return;
      }
      order(transition, event, { evacuation: command.active ? authority : undefined });
      return;
    case "message": {
      const untilMs = transition.event.at.monotonicMs + command.forMs;
      transition.update({ message: { text: command.text, untilMs } });
      transition.effect({
        kind: "start-timer",
        timer: "message",
        about: commandId,
        afterMs: command.forMs,
      });
      break;
    }
    case "settings": {
      const { version, problem } = command;
      const done = problem === undefined;
      answer(
        transition,
        event,
        done ? "done" : "refused",
        problem ?? `settings version ${version}`,
      );
      return;
    }
  }
  answer(transition, event, "done", command.name);
}

function answer(
  transition: Transition,
  event: EventOf<"commanded">,
  result: "done" | "refused",
  detail: string,
): void {
  handled(transition, event, result);
  transition.effect({ kind: "answer-command", commandId: event.commandId, result, detail });
}

function handled(
  transition: Transition,
  event: EventOf<"commanded">,
  result: "done" | "refused",
): void {
  const { authority, command } = event;
  transition.record({ type: "command-handled", command: command.name, result, authority });
}

/** Obeys at once, and answers when a restart would obey as well: neither waits for a slow disk at the door. */
function order(
  transition: Transition,
  event: EventOf<"commanded">,
  change: { lockDown?: Authority | undefined } | { evacuation?: Authority | undefined },
): void {
  const { authority, command, commandId } = event;
  const { lockDown, evacuation } = { ...transition.state.orders, ...change };
  const orders: Orders = {
    ...(lockDown === undefined ? {} : { lockDown }),
    ...(evacuation === undefined ? {} : { evacuation }),
  };
  transition.update({ orders });
  applyMode(transition, authority);
  handled(transition, event, "done");
  transition.effect({ kind: "keep-orders", orders, commandId, detail: command.name });
}

/** What was ordered is on the disk, or it holds only until the power goes. */
export function ordersKept(transition: Transition, event: EventOf<"orders-kept">): void {
  const { ok, commandId } = event;
  let { detail } = event;
  if (!ok) {
    transition.raise("record-not-committed");
    detail += ", but it could not be written down: a power cut would undo it";
  }
  transition.effect({ kind: "answer-command", commandId, result: "done", detail });
}

/** The unit starts again: what was ordered before holds, on the order of whoever gave it. */
export function ordersRestored(transition: Transition, event: EventOf<"orders-restored">): void {
  const { orders } = event;
  transition.update({ orders });
  applyMode(transition, orders.evacuation ?? orders.lockDown);
}

/** Writes the release down first; it happens when the record is durable, and not otherwise. */
export function requestRelease(
  transition: Transition,
  cause: ReleaseCause,
  authority: Authority,
  requester: Requester,
): void {
  withdrawPendingRelease(transition, "replaced");
  const releaseRef = transition.event.ref;
  const recordKey = transition.record({ type: "gate-released", cause, authority, releaseRef });
  transition.update({
    pendingRelease: {
      releaseRef,
      askedAt: transition.event.at,
      recordKey,
      cause,
      authority,
      requester,
    },
  });
  transition.effect({
    kind: "start-timer",
    timer: "release-deadline",
    about: recordKey,
    afterMs: transition.state.policy.record.commitWithinMs,
  });
}

/** The record of a release by hand or from afar is durable. */
export function releaseCommitted(transition: Transition, key: string): void {
  const { pendingRelease: pending, mode, policy } = transition.state;
  if (pending === null || pending.recordKey !== key) return;
  if (isLate(pending.askedAt, transition.event.at, policy.record.commitWithinMs)) {
    return releaseNotCommitted(transition, key);
  }
  if (mode !== "normal") return withdrawPendingRelease(transition, mode);
  transition.update({ pendingRelease: null });
  transition.effect({ kind: "cancel-timer", timer: "release-deadline" });
  const { cause, releaseRef, authority, requester } = pending;
  releaseForPassage(transition, { cause, releaseRef, authority, requester, recorded: true });
}

/** It could not be recorded: a release that leaves no trace is not made. */
export function releaseNotCommitted(transition: Transition, key: string): void {
  if (transition.state.pendingRelease?.recordKey !== key) return;
  transition.raise("record-not-committed");
  withdrawPendingRelease(transition, "not-recorded");
}

/** Its record says that the gate was released: another one says that it was not. */
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
