/** The core: one state, one event, the next state and what is to be done. Pure: no clock, no chance, no I/O. */
import {
  commanded,
  ordersKept,
  ordersRestored,
  releaseCommitted,
  releaseNotCommitted,
} from "./authority/commands.ts";
import type { Effect } from "./effect.ts";
import type { Event, EventOf } from "./event.ts";
import { contactChanged, doorOpenTooLong, exitQuiet, fireEnded } from "./contacts.ts";
import { endPassage, gateChanged, holdOpen } from "./visit/passage.ts";
import { endHint } from "./visit/hint.ts";
import {
  restoreUsedCodes,
  decisionCommitted,
  decisionNotCommitted,
  redateUsedCodes,
} from "./visit/outcome.ts";
import { presenceChanged, thermometerRecovered } from "./visit/presence.ts";
import { countRead } from "./visit/bad-reads.ts";
import { gateAnswered, gateOverdue } from "./visit/release.ts";
import { resultTimeElapsed, presenceLostAtResult } from "./visit/shown-result.ts";
import { operatorDecided, releaseCommanded } from "./authority/staff.ts";
import type { DoorwayState } from "./state.ts";
import { Transition } from "./transition.ts";
import {
  evaluate,
  temperatureMeasured,
  temperatureFailed,
  credentialPresented,
} from "./visit/visit.ts";

/** Takes one event in. The given state is left as it was. */
export function step(
  state: DoorwayState,
  event: Event,
): { state: DoorwayState; effects: readonly Effect[] } {
  const transition = new Transition(state, event);
  transition.update({ clockTrusted: event.at.wallTrusted });
  handle(transition, event);
  return { state: transition.state, effects: transition.effects };
}

function handle(transition: Transition, event: Event): void {
  switch (event.kind) {
    case "credential-presented":
      return credentialPresented(transition, event);
    case "read-failed":
      return countRead(transition, false);
    case "temperature-measured":
      return temperatureMeasured(transition, event.evidence);
    case "temperature-failed":
      return temperatureFailed(transition, event);
    case "presence-changed":
      return presenceChanged(transition, event.present);
    case "record-committed":
      decisionCommitted(transition, event.key);
      return releaseCommitted(transition, event.key);
    case "record-failed":
      decisionNotCommitted(transition, event.key);
      return releaseNotCommitted(transition, event.key);
    case "gate-changed":
      return gateChanged(transition, event.state);
    case "gate-answered":
      return gateAnswered(transition, event);
    case "contact-changed":
      return contactChanged(transition, event);
    case "operator-decided":
      return operatorDecided(transition, event);
    case "commanded":
      if (event.command.name === "release") return releaseCommanded(transition, event);
      return commanded(transition, event);
    case "codes-remembered":
      return restoreUsedCodes(transition, event);
    case "orders-restored":
      return ordersRestored(transition, event);
    case "orders-kept":
      return ordersKept(transition, event);
    case "device-changed":
      return deviceChanged(transition, event);
    case "link-changed":
      return linkChanged(transition, event);
    case "fault-changed":
      if (event.active) return transition.raise(event.fault, event.subject);
      return transition.clear(event.fault, event.subject);
    case "database-replaced":
      return databaseReplaced(transition, event);
    case "outbox-changed":
      return outboxChanged(transition, event.state);
    case "policy-changed":
      return policyChanged(transition, event);
    case "data-set-changed":
      if (event.ok) return transition.clear("data-not-updated", event.set);
      return transition.raise("data-not-updated", event.set);
    case "token-guessing":
      return event.active ? transition.raise("token-guessing") : transition.clear("token-guessing");
    case "clock-changed":
      return clockChanged(transition, event);
    case "timer-elapsed":
      return timerElapsed(transition, event);
  }
}

function deviceChanged(transition: Transition, event: EventOf<"device-changed">): void {
  const wasDown = transition.state.devices[event.device] === false;
  transition.update({ devices: { ...transition.state.devices, [event.device]: event.ok } });
  if (event.ok) transition.clear("device-failed", event.device);
  else transition.raise("device-failed", event.device);
  // A visit that waited for a thermometer which has just died need not wait for its window.
  if (event.device !== "thermometer") return;
  if (!event.ok) {
    evaluate(transition, false);
    presenceLostAtResult(transition);
  } else if (wasDown) thermometerRecovered(transition);
}

function linkChanged(transition: Transition, event: EventOf<"link-changed">): void {
  transition.update({ links: { ...transition.state.links, [event.link]: event.ok } });
  const alarm = event.link === "broker" ? "broker-unreachable" : "directory-unreachable";
  if (event.ok) transition.clear(alarm);
  else transition.raise(alarm);
}

/** Stands for as long as units start beside that file: somebody should look after it. */
function databaseReplaced(
  transition: Transition,
  { replacement }: EventOf<"database-replaced">,
): void {
  if (replacement !== undefined) transition.record({ type: "database-replaced", ...replacement });
  transition.raise("database-replaced");
}

function outboxChanged(transition: Transition, state: "normal" | "filling" | "full"): void {
  if (state !== "full") transition.clear("outbox-full");
  if (state === "normal") transition.clear("outbox-filling");
  if (state === "filling") transition.raise("outbox-filling");
  if (state === "full") transition.raise("outbox-full");
}

function policyChanged(transition: Transition, event: EventOf<"policy-changed">): void {
  const { policy } = event;
  transition.update({ policy });
  transition.clear("policy-expired");
  transition.record({ type: "policy-changed", policyId: policy.id, version: policy.version });
  evaluate(transition, false);
}

function clockChanged(transition: Transition, event: EventOf<"clock-changed">): void {
  const { byMs, trusted } = event;
  transition.update({ clockTrusted: trusted });
  redateUsedCodes(transition, byMs);
  if (byMs !== 0) transition.record({ type: "clock-stepped", byMs, trusted });
  if (trusted) transition.clear("clock-untrusted");
  else transition.raise("clock-untrusted");
}

function timerElapsed(transition: Transition, event: EventOf<"timer-elapsed">): void {
  switch (event.timer) {
    case "visit-window":
      if (transition.state.visit?.ref === event.about) evaluate(transition, true);
      return;
    case "commit-deadline":
      return decisionNotCommitted(transition, event.about);
    case "release-deadline":
      return releaseNotCommitted(transition, event.about);
    case "gate-deadline":
      return gateOverdue(transition, event.about);
    case "alarms-quiet":
      return transition.endQuietAlarms();
    case "exit-quiet":
      return exitQuiet(transition);
    case "fire-quiet":
      return fireEnded(transition);
    case "hint":
      return endHint(transition);
    case "result":
      return resultTimeElapsed(transition, event.about);
    case "passage":
      return endPassage(transition);
    case "door-open":
      return doorOpenTooLong(transition);
    case "hold-open":
      return holdOpen(transition);
    case "message":
      return transition.update({ message: null });
  }
}
