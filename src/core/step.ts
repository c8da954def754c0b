/** The core: one state, one event, the next state and what is to be done. Pure: no clock, no chance, no I/O. */
import {
  commanded,
  ordersKept,
  ordersRestored,
  releaseCommitted,
  releaseNotCommitted,
} from "./authority/authority.ts";
import type { Effect } from "./effect.ts";
import type { Event, EventOf } from "./event.ts";
import { contactChanged, doorOpenTooLong, exitQuiet, fireEnded } from "./contacts.ts";
import { endPassage, gateChanged, holdOpen } from "./visit/passage.ts";
import { endHint } from "./visit/hint.ts";
import { codesRemembered, committed, notCommitted, redateCodes } from "./visit/outcome.ts";
import { presenceChanged, seeingAgain } from "./visit/presence.ts";
import { countReads } from "./visit/bad-reads.ts";
import { gateAnswered, gateOverdue } from "./visit/release.ts";
import { resultShown, resultUnseen } from "./visit/shown-result.ts";
import { operatorDecided, releaseCommanded } from "./authority/staff.ts";
import type { DoorwayState } from "./state.ts";
import { Turn } from "./turn.ts";
import { evaluate, measured, measurementFailed, presented } from "./visit/visit.ts";

/** Takes one event in. The given state is left as it was. */
export function step(
  state: DoorwayState,
  event: Event,
): { state: DoorwayState; effects: readonly Effect[] } {
  const turn = new Turn(state, event);
  turn.set({ clockTrusted: event.at.wallTrusted });
  handle(turn, event);
  return { state: turn.state, effects: turn.effects };
}

function handle(turn: Turn, event: Event): void {
  switch (event.kind) {
    case "credential-presented":
      return presented(turn, event);
    case "read-failed":
      return countReads(turn, false);
    case "temperature-measured":
      return measured(turn, event.evidence);
    case "temperature-failed":
      return measurementFailed(turn, event);
    case "presence-changed":
      return presenceChanged(turn, event.present);
    case "record-committed":
      committed(turn, event.key);
      return releaseCommitted(turn, event.key);
    case "record-failed":
      notCommitted(turn, event.key);
      return releaseNotCommitted(turn, event.key);
    case "gate-changed":
      return gateChanged(turn, event.state);
    case "gate-answered":
      return gateAnswered(turn, event);
    case "contact-changed":
      return contactChanged(turn, event);
    case "operator-decided":
      return operatorDecided(turn, event);
    case "commanded":
      if (event.command.name === "release") return releaseCommanded(turn, event);
      return commanded(turn, event);
    case "codes-remembered":
      return codesRemembered(turn, event);
    case "orders-restored":
      return ordersRestored(turn, event);
    case "orders-kept":
      return ordersKept(turn, event);
    case "device-changed":
      return deviceChanged(turn, event);
    case "link-changed":
      return linkChanged(turn, event);
    case "fault-changed":
      if (event.active) return turn.raise(event.fault, event.subject);
      return turn.clear(event.fault, event.subject);
    case "database-replaced":
      return databaseReplaced(turn, event);
    case "outbox-changed":
      return outboxChanged(turn, event.state);
    case "policy-changed":
      return policyChanged(turn, event);
    case "data-set-changed":
      if (event.ok) return turn.clear("data-not-updated", event.set);
      return turn.raise("data-not-updated", event.set);
    case "token-guessing":
      return event.active ? turn.raise("token-guessing") : turn.clear("token-guessing");
    case "clock-changed":
      return clockChanged(turn, event);
    case "timer-elapsed":
      return timerElapsed(turn, event);
  }
}

function deviceChanged(turn: Turn, event: EventOf<"device-changed">): void {
  const wasDown = turn.state.devices[event.device] === false;
  turn.set({ devices: { ...turn.state.devices, [event.device]: event.ok } });
  if (event.ok) turn.clear("device-failed", event.device);
  else turn.raise("device-failed", event.device);
  // A visit that waited for a thermometer which has just died need not wait for its window.
  if (event.device !== "thermometer") return;
  if (!event.ok) {
    evaluate(turn, false);
    resultUnseen(turn);
  } else if (wasDown) seeingAgain(turn);
}

function linkChanged(turn: Turn, event: EventOf<"link-changed">): void {
  turn.set({ links: { ...turn.state.links, [event.link]: event.ok } });
  const alarm = event.link === "broker" ? "broker-unreachable" : "directory-unreachable";
  if (event.ok) turn.clear(alarm);
  else turn.raise(alarm);
}

/** Stands for as long as units start beside that file: somebody should look after it. */
function databaseReplaced(turn: Turn, { replacement }: EventOf<"database-replaced">): void {
  if (replacement !== undefined) turn.record({ type: "database-replaced", ...replacement });
  turn.raise("database-replaced");
}

function outboxChanged(turn: Turn, state: "normal" | "filling" | "full"): void {
  if (state !== "full") turn.clear("outbox-full");
  if (state === "normal") turn.clear("outbox-filling");
  if (state === "filling") turn.raise("outbox-filling");
  if (state === "full") turn.raise("outbox-full");
}

function policyChanged(turn: Turn, event: EventOf<"policy-changed">): void {
  const { policy } = event;
  turn.set({ policy });
  turn.clear("policy-expired");
  turn.record({ type: "policy-changed", policyId: policy.id, version: policy.version });
  evaluate(turn, false);
}

function clockChanged(turn: Turn, event: EventOf<"clock-changed">): void {
  const { byMs, trusted } = event;
  turn.set({ clockTrusted: trusted });
  redateCodes(turn, byMs);
  if (byMs !== 0) turn.record({ type: "clock-stepped", byMs, trusted });
  if (trusted) turn.clear("clock-untrusted");
  else turn.raise("clock-untrusted");
}

function timerElapsed(turn: Turn, event: EventOf<"timer-elapsed">): void {
  switch (event.timer) {
    case "visit-window":
      if (turn.state.visit?.ref === event.about) evaluate(turn, true);
      return;
    case "commit-deadline":
      return notCommitted(turn, event.about);
    case "release-deadline":
      return releaseNotCommitted(turn, event.about);
    case "gate-deadline":
      return gateOverdue(turn, event.about);
    case "alarms-quiet":
      return turn.endQuietAlarms();
    case "exit-quiet":
      return exitQuiet(turn);
    case "fire-quiet":
      return fireEnded(turn);
    case "hint":
      return endHint(turn);
    case "result":
      return resultShown(turn, event.about);
    case "passage":
      return endPassage(turn);
    case "door-open":
      return doorOpenTooLong(turn);
    case "hold-open":
      return holdOpen(turn);
    case "message":
      return turn.set({ message: null });
  }
}
