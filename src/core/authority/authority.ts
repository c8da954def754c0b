/** What people with authority do: signed commands from afar, and releases without a visit. */
import type { EventOf } from "../event.ts";
import type { Authority, Orders, ReleaseCause } from "../record.ts";
import { isLate } from "../visit/outcome.ts";
import { applyMode, releaseFor } from "../visit/passage.ts";
import { reply } from "./reply.ts";
import type { Asker } from "../state.ts";
import type { Turn } from "../turn.ts";
import { evaluate } from "../visit/visit.ts";

/** A command whose signature, audience, time and counter were already verified. */
export function commanded(turn: Turn, event: EventOf<"commanded">): void {
  const { command, authority, commandId } = event;
  switch (command.name) {
    case "release":
      // A decision about a visit, or an opening without one.
      return;
    case "lock-down":
      // One that waits beneath an evacuation may be lifted: nobody wants to find the door locked after it.
      if (command.active && turn.state.mode === "evacuation") {
        answer(turn, event, "refused", "an evacuation is in progress");
        return;
      }
      order(turn, event, { lockDown: command.active ? authority : undefined });
      evaluate(turn, false);
      return;
    case "evacuate":
      if (turn.state.fireActive) {
        answer(turn, event, "refused", "the fire input is active");
        return;
      }
      order(turn, event, { evacuation: command.active ? authority : undefined });
      return;
    case "message": {
      const untilMs = turn.event.at.monotonicMs + command.forMs;
      turn.set({ message: { text: command.text, untilMs } });
      turn.effect({
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
      answer(turn, event, done ? "done" : "refused", problem ?? `settings version ${version}`);
      return;
    }
  }
  answer(turn, event, "done", command.name);
}

function answer(
  turn: Turn,
  event: EventOf<"commanded">,
  result: "done" | "refused",
  detail: string,
): void {
  handled(turn, event, result);
  turn.effect({ kind: "answer-command", commandId: event.commandId, result, detail });
}

function handled(turn: Turn, event: EventOf<"commanded">, result: "done" | "refused"): void {
  const { authority, command } = event;
  turn.record({ type: "command-handled", command: command.name, result, authority });
}

/** Obeys at once, and answers when a restart would obey as well: neither waits for a slow disk at the door. */
function order(
  turn: Turn,
  event: EventOf<"commanded">,
  change: { lockDown?: Authority | undefined } | { evacuation?: Authority | undefined },
): void {
  const { authority, command, commandId } = event;
  const { lockDown, evacuation } = { ...turn.state.orders, ...change };
  const orders: Orders = {
    ...(lockDown === undefined ? {} : { lockDown }),
    ...(evacuation === undefined ? {} : { evacuation }),
  };
  turn.set({ orders });
  applyMode(turn, authority);
  handled(turn, event, "done");
  turn.effect({ kind: "keep-orders", orders, commandId, detail: command.name });
}

/** What was ordered is on the disk, or it holds only until the power goes. */
export function ordersKept(turn: Turn, event: EventOf<"orders-kept">): void {
  const { ok, commandId } = event;
  let { detail } = event;
  if (!ok) {
    turn.raise("record-not-committed");
    detail += ", but it could not be written down: a power cut would undo it";
  }
  turn.effect({ kind: "answer-command", commandId, result: "done", detail });
}

/** The unit starts again: what was ordered before holds, on the order of whoever gave it. */
export function ordersRestored(turn: Turn, event: EventOf<"orders-restored">): void {
  const { orders } = event;
  turn.set({ orders });
  applyMode(turn, orders.evacuation ?? orders.lockDown);
}

/** Writes the release down first; it happens when the record is durable, and not otherwise. */
export function requestRelease(
  turn: Turn,
  cause: ReleaseCause,
  authority: Authority,
  asker: Asker,
): void {
  refusePending(turn, "replaced");
  const releaseRef = turn.event.ref;
  const recordKey = turn.record({ type: "gate-released", cause, authority, releaseRef });
  turn.set({
    pendingRelease: { releaseRef, askedAt: turn.event.at, recordKey, cause, authority, asker },
  });
  turn.effect({
    kind: "start-timer",
    timer: "release-deadline",
    about: recordKey,
    afterMs: turn.state.policy.record.commitWithinMs,
  });
}

/** The record of a release by hand or from afar is durable. */
export function releaseCommitted(turn: Turn, key: string): void {
  const { pendingRelease: pending, mode, policy } = turn.state;
  if (pending === null || pending.recordKey !== key) return;
  if (isLate(pending.askedAt, turn.event.at, policy.record.commitWithinMs)) {
    return releaseNotCommitted(turn, key);
  }
  if (mode !== "normal") return refusePending(turn, mode);
  turn.set({ pendingRelease: null });
  turn.effect({ kind: "cancel-timer", timer: "release-deadline" });
  const { cause, releaseRef, authority, asker } = pending;
  releaseFor(turn, { cause, releaseRef, authority, asker, recorded: true });
}

/** It could not be recorded: a release that leaves no trace is not made. */
export function releaseNotCommitted(turn: Turn, key: string): void {
  if (turn.state.pendingRelease?.recordKey !== key) return;
  turn.raise("record-not-committed");
  refusePending(turn, "not-recorded");
}

/** Its record says that the gate was released: another one says that it was not. */
function refusePending(
  turn: Turn,
  why: "not-recorded" | "locked-down" | "evacuation" | "replaced",
): void {
  const { pendingRelease: pending } = turn.state;
  if (pending === null) return;
  turn.set({ pendingRelease: null });
  turn.effect({ kind: "cancel-timer", timer: "release-deadline" });
  const { cause, authority, releaseRef, asker } = pending;
  turn.record({ type: "gate-not-released", cause, why, authority, releaseRef });
  const detail = why === "locked-down" ? "the unit was locked down meanwhile" : undefined;
  reply(turn, asker, authority, { done: false, code: why }, detail);
}
