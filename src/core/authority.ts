/** What people with authority do: staff at the door, and signed commands from afar. */
import type { EventOf } from "./event.ts";
import type { Authority, Orders, ReleaseCause } from "./record.ts";
import { applyMode, releaseFor } from "./passage.ts";
import type { Turn } from "./turn.ts";
import { evaluate, isLate, overrule } from "./visit.ts";

/** Staff lets somebody in, or turns them away. */
export function operatorDecided(turn: Turn, event: EventOf<"operator-decided">): void {
  const { visit, mode } = turn.state;
  const { verdict, authority, visitRef } = event;
  // A lock-down is lifted by whoever ordered it; until then staff may only refuse.
  if (verdict === "grant" && mode === "locked-down") return;
  if (visit !== null && visit.ref === visitRef && visit.phase !== "committing") {
    overrule(turn, visit, verdict, authority);
    return;
  }
  // A refusal without a visit has nothing to refuse.
  if (verdict === "deny") return;
  requestRelease(turn, "operator", authority);
}

/** A command whose signature, audience, time and counter were already verified. */
export function commanded(turn: Turn, event: EventOf<"commanded">): void {
  const { command, authority, commandId } = event;
  switch (command.name) {
    case "release":
      if (turn.state.mode === "locked-down") {
        answer(turn, event, "refused", "the unit is locked down");
      } else {
        requestRelease(turn, "command", authority, commandId);
      }
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
function requestRelease(
  turn: Turn,
  cause: ReleaseCause,
  authority: Authority,
  commandId?: string,
): void {
  refusePending(turn, "replaced by a newer release");
  const recordKey = turn.record({ type: "gate-released", cause, authority });
  turn.set({
    pendingRelease: {
      askedAt: turn.event.at,
      recordKey,
      cause,
      authority,
      ...(commandId === undefined ? {} : { commandId }),
    },
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
  const { pendingRelease, mode, policy } = turn.state;
  if (pendingRelease === null || pendingRelease.recordKey !== key) return;
  if (isLate(pendingRelease.askedAt, turn.event.at, policy.record.commitWithinMs)) {
    return releaseNotCommitted(turn, key);
  }
  if (mode === "locked-down") {
    refusePending(turn, "the unit was locked down meanwhile");
    return;
  }
  turn.set({ pendingRelease: null });
  if (mode === "normal") releaseFor(turn, pendingRelease.cause);
  const { commandId } = pendingRelease;
  if (commandId === undefined) return;
  turn.effect({ kind: "answer-command", commandId, result: "done", detail: "release" });
}

/** It could not be recorded: a release that leaves no trace is not made. */
export function releaseNotCommitted(turn: Turn, key: string): void {
  if (turn.state.pendingRelease?.recordKey !== key) return;
  turn.raise("record-not-committed");
  refusePending(turn, "the release could not be recorded");
}

/** Its record says that the gate was released: another one says that it was not. */
function refusePending(turn: Turn, detail: string): void {
  const pending = turn.state.pendingRelease;
  turn.set({ pendingRelease: null });
  if (pending?.commandId === undefined) return;
  const { commandId, authority } = pending;
  turn.record({ type: "command-handled", command: "release", result: "refused", authority });
  turn.effect({ kind: "answer-command", commandId, result: "refused", detail });
}
