/** The core: one state, one event, the next state and the effects. Pure: no clock, no chance, no I/O. */
import { commanded, ordersKept, ordersRestored } from "./authority/commands.ts";
import { releaseCommitted, releaseNotCommitted } from "./authority/pending-release.ts";
import { operatorDecided, releaseCommanded } from "./authority/staff.ts";
import { contactChanged, doorOpenTooLong, exitQuiet, fireEnded } from "./contacts.ts";
import type { Effect } from "./effect.ts";
import type { Event, EventOf } from "./event.ts";
import { isObserver } from "./evidence/observed.ts";
import { holdOpen } from "./mode.ts";
import type { DoorwayState } from "./state.ts";
import { Transition } from "./transition.ts";
import { announcementOf, isSameAnnouncement } from "./view/announcement-of.ts";
import { countRead } from "./visit/bad-reads.ts";
import { evaluate } from "./visit/commit.ts";
import { endHint } from "./visit/hint.ts";
import { evidenceObserved, observationFailed } from "./visit/observation.ts";
import { decisionCommitted, decisionNotCommitted } from "./visit/outcome.ts";
import { endPassage, gateChanged } from "./visit/passage.ts";
import { loseSight, presenceChanged, regainSight, thermometerRecovered } from "./visit/presence.ts";
import { gateAnswered, gateOverdue } from "./visit/release.ts";
import { presenceLostAtResult, resultTimeElapsed } from "./visit/shown-result.ts";
import { redateUsedCodes, restoreUsedCodes } from "./visit/used-codes.ts";
import { credentialPresented } from "./visit/visit.ts";

/** Takes one event in. The given state is left as it was. */
export function step(
  state: DoorwayState,
  event: Event,
): { state: DoorwayState; effects: readonly Effect[] } {
  const transition = new Transition(state, event);
  transition.update({ clockTrusted: event.at.wallTrusted });
  handle(transition, event);
  const announcement = announcementOf(transition.state);
  if (!isSameAnnouncement(announcement, announcementOf(state))) {
    transition.effect({ kind: "announce", announcement });
  }
  return { state: transition.state, effects: transition.effects };
}

function handle(transition: Transition, event: Event): void {
  switch (event.kind) {
    case "credential-presented":
      return credentialPresented(transition, event);
    case "read-failed":
      return countRead(transition, false);
    case "temperature-measured":
    case "evidence-observed":
      return evidenceObserved(transition, event.evidence);
    case "temperature-failed":
      return observationFailed(transition, "temperature", event.failure === "sensor-fault");
    case "observation-failed":
      return observationFailed(transition, event.evidence, event.deviceAtFault);
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
      return commandReceived(transition, event);
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
      return transition.setAlarm(event.active, event.fault, event.subject);
    case "database-replaced":
      return databaseReplaced(transition, event);
    case "outbox-changed":
      return outboxChanged(transition, event.state);
    case "policy-changed":
      return policyChanged(transition, event);
    case "data-set-changed":
      return transition.setAlarm(!event.ok, "data-not-updated", event.set);
    case "token-guessing":
      return transition.setAlarm(event.active, "token-guessing");
    case "clock-changed":
      return clockChanged(transition, event);
    case "timer-elapsed":
      return timerElapsed(transition, event);
  }
}

function commandReceived(transition: Transition, event: EventOf<"commanded">): void {
  const { command } = event;
  if (command.name === "release") releaseCommanded(transition, event, command);
  else commanded(transition, event, command);
}

function deviceChanged(transition: Transition, event: EventOf<"device-changed">): void {
  const { device, ok } = event;
  const { devices, presence } = transition.state;
  const wasDown = devices[device] === false;
  transition.update({ devices: { ...devices, [device]: ok } });
  if (device === "thermometer") {
    transition.update({ presence: ok ? regainSight(presence) : loseSight(presence) });
  }
  transition.setAlarm(!ok, "device-failed", device);
  // A visit that waits for a device which has just failed need not wait for its window.
  if (!ok && isObserver(device)) evaluate(transition, false);
  if (device !== "thermometer") return;
  if (!ok) presenceLostAtResult(transition);
  else if (wasDown) thermometerRecovered(transition);
}

function linkChanged(transition: Transition, event: EventOf<"link-changed">): void {
  transition.update({ links: { ...transition.state.links, [event.link]: event.ok } });
  const alarm = event.link === "broker" ? "broker-unreachable" : "directory-unreachable";
  transition.setAlarm(!event.ok, alarm);
}

/** Raised at each start while the quarantined file is there: an operator has to look at it. */
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
  transition.setAlarm(!trusted, "clock-untrusted");
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
