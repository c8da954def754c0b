/** What people with authority do: staff at the door, and signed commands from afar. */
import type { EventOf } from "./event.ts";
import type { Authority, ReleaseCause } from "./record.ts";
import { changeMode, releaseFor } from "./passage.ts";
import type { Turn } from "./turn.ts";
import { evaluate, overrule } from "./visit.ts";

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
      if (turn.state.mode === "evacuation") {
        answer(turn, event, "refused", "an evacuation is in progress");
        return;
      }
      changeMode(turn, command.active ? "locked-down" : "normal", authority);
      evaluate(turn, false);
      break;
    case "evacuate":
      if (turn.state.fireActive) {
        answer(turn, event, "refused", "the fire input is active");
        return;
      }
      changeMode(turn, command.active ? "evacuation" : "normal", authority);
      break;
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
  const { commandId, authority, command } = event;
  turn.record({ type: "command-handled", command: command.name, result, authority });
  turn.effect({ kind: "answer-command", commandId, result, detail });
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
  const { pendingRelease, mode } = turn.state;
  if (pendingRelease === null || pendingRelease.recordKey !== key) return;
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

function refusePending(turn: Turn, detail: string): void {
  const commandId = turn.state.pendingRelease?.commandId;
  turn.set({ pendingRelease: null });
  if (commandId === undefined) return;
  turn.effect({ kind: "answer-command", commandId, result: "refused", detail });
}
