/** What the gate says to a release: that it opened, or that the record has to be corrected. */
import type { EventOf } from "../event.ts";
import { revise } from "./outcome.ts";
import { awaitGate, endPassage } from "./passage.ts";
import type { NotReleased, ReleaseCause } from "../record.ts";
import { reply } from "../authority/reply.ts";
import type { AwaitedRelease } from "../state.ts";
import type { Turn } from "../turn.ts";

/** The gate did what it was asked for, or could not. */
export function gateAnswered(turn: Turn, event: EventOf<"gate-answered">): void {
  const { releaseRef, cause, ok } = event;
  const awaited = turn.state.awaitedReleases.find((each) => each.releaseRef === releaseRef);
  if (awaited === undefined) {
    if (!ok) holdOpenFailed(turn, cause);
    return;
  }
  settle(turn, awaited);
  if (!ok) return notReleased(turn, awaited, "gate-failed");
  const { asker, authority, visitRef, recorded } = awaited;
  const did = visitRef === undefined ? "opened" : "admitted";
  reply(turn, asker, authority, { done: true, did, recorded });
}

/** A gate that says nothing: it is told to lock, for it could still open when nobody expects it. */
export function gateOverdue(turn: Turn, releaseRef: string): void {
  const awaited = turn.state.awaitedReleases.find((each) => each.releaseRef === releaseRef);
  if (awaited === undefined) return;
  settle(turn, awaited);
  turn.effect({ kind: "lock-gate" });
  notReleased(turn, awaited, "gate-silent");
}

function settle(turn: Turn, awaited: AwaitedRelease): void {
  const awaitedReleases = turn.state.awaitedReleases.filter((each) => each !== awaited);
  turn.set({ awaitedReleases });
  awaitGate(turn);
}

function notReleased(turn: Turn, awaited: AwaitedRelease, why: NotReleased): void {
  const { releaseRef, cause, visitRef, authority, asker } = awaited;
  const about = visitRef === undefined ? {} : { visitRef };
  const by = authority === undefined ? {} : { authority };
  turn.record({ type: "gate-not-released", cause, why, ...about, ...by, releaseRef });
  const { passage, visit } = turn.state;
  if (passage?.releaseRef === releaseRef) {
    const stays = visit !== null && visit.ref === visitRef && visit.phase === "closed";
    // Whoever stands there still is referred; a visit that is off the screen ends here.
    if (stays) {
      turn.set({ passage: null });
      turn.effect({ kind: "cancel-timer", timer: "passage" });
      revise(turn, visit, "referred", "gate-failed");
    } else endPassage(turn);
  }
  reply(turn, asker, authority, { done: false, code: "gate-failed" });
}

/** The way should stand open and does not; it is tried again every two seconds, and recorded once. */
function holdOpenFailed(turn: Turn, cause: ReleaseCause): void {
  if (cause !== "fire" && cause !== "evacuation") return;
  if (turn.state.mode !== "evacuation" || turn.state.holdOpenFailed) return;
  turn.set({ holdOpenFailed: true });
  turn.record({ type: "gate-not-released", cause, why: "gate-failed" });
}
