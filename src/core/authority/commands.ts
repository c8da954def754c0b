/** Signed commands: lock-down, evacuation, message and settings; a release is decided in staff.ts. */
import type { CoreCommand, ReleaseCommand } from "../command.ts";
import type { EventOf } from "../event.ts";
import { applyMode } from "../mode.ts";
import type { Authority, Orders } from "../record.ts";
import type { Transition } from "../transition.ts";
import { evaluate } from "../visit/commit.ts";

/** A command whose signature, audience, time and counter were already verified. */
export function commanded(
  transition: Transition,
  event: EventOf<"commanded">,
  command: Exclude<CoreCommand, ReleaseCommand>,
): void {
  const { authority, commandId } = event;
  switch (command.name) {
    case "lock-down":
      // A lock-down beneath an evacuation may be lifted, so that the door is not locked after it.
      if (command.active && transition.state.mode === "evacuation") {
        answer(transition, event, "refused", "an evacuation is in progress");
        return;
      }
      applyOrder(transition, event, { lockDown: command.active ? authority : undefined });
      evaluate(transition, false);
      return;
    case "evacuate":
      if (transition.state.fireActive) {
        answer(transition, event, "refused", "the fire input is active");
        return;
      }
      applyOrder(transition, event, { evacuation: command.active ? authority : undefined });
      return;
    case "message": {
      const { text, forMs } = command;
      transition.update({ message: { text, untilMs: transition.event.at.monotonicMs + forMs } });
      const timer = "message";
      transition.effect({ kind: "start-timer", timer, about: commandId, afterMs: forMs });
      answer(transition, event, "done", command.name);
      return;
    }
    case "settings": {
      const { version, problem } = command;
      if (problem !== undefined) return answer(transition, event, "refused", problem);
      answer(transition, event, "done", `settings version ${version}`);
    }
  }
}

function answer(
  transition: Transition,
  event: EventOf<"commanded">,
  result: "done" | "refused",
  detail: string,
): void {
  recordHandled(transition, event, result);
  transition.effect({ kind: "answer-command", commandId: event.commandId, result, detail });
}

function recordHandled(
  transition: Transition,
  event: EventOf<"commanded">,
  result: "done" | "refused",
): void {
  const { authority, command } = event;
  transition.record({ type: "command-handled", command: command.name, result, authority });
}

/**
 * Applies the order immediately, and acknowledges it once it is stored: the door waits for no slow
 * disk, and an acknowledged order outlasts a restart.
 */
function applyOrder(
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
  recordHandled(transition, event, "done");
  transition.effect({ kind: "keep-orders", orders, commandId, detail: command.name });
}

/** The orders are on the disk, or they hold only until the next power cut. */
export function ordersKept(transition: Transition, event: EventOf<"orders-kept">): void {
  const { ok, commandId } = event;
  let { detail } = event;
  if (!ok) {
    transition.raise("record-not-committed");
    detail += ", but it could not be written down: a power cut would undo it";
  }
  transition.effect({ kind: "answer-command", commandId, result: "done", detail });
}

/** The unit starts again: the stored orders hold, in the name of those who gave them. */
export function ordersRestored(transition: Transition, event: EventOf<"orders-restored">): void {
  const { orders } = event;
  transition.update({ orders });
  applyMode(transition, orders.evacuation ?? orders.lockDown);
}
