import { describe, expect, it } from "vitest";
import type { Effect } from "../../../src/core/effect.ts";
import type { Event, EventKind } from "../../../src/core/event.ts";
import type { DoorwayState } from "../../../src/core/state.ts";
import { brokenInvariants } from "../../../src/core/invariants.ts";
import { step } from "../../../src/core/step.ts";
import { at } from "../../support/core.ts";
import { CoreUnderTest } from "../../support/doorway-core.ts";
import { committing, EVENTS, STATES } from "./states-and-events.ts";

/** Why this release may be, from the state before, the event, and the state after; or undefined. */
function warrant(
  before: DoorwayState,
  taken: Event,
  after: DoorwayState,
  release: Extract<Effect, { kind: "release-gate" }>,
): string | undefined {
  switch (release.cause) {
    case "granted":
    case "operator": {
      const { visitRef } = release;
      const decided = [before.visit, after.visit].find((visit) => visit?.ref === visitRef);
      const decision = decided?.phase === "gathering" ? undefined : decided?.decision;
      if (visitRef !== undefined && decision?.outcome !== "granted") return undefined;
      const key = before.pendingRelease?.recordKey ?? committing(before)?.recordKey;
      const recorded = taken.kind === "record-committed" && taken.key === key;
      return recorded ? "its record is durable" : undefined;
    }
    case "command":
      return (before.pendingRelease?.cause === "command" ||
        committing(before)?.byHand !== undefined) &&
        taken.kind === "record-committed"
        ? "its record is durable"
        : undefined;
    case "exit-request":
      return taken.kind === "contact-changed" && taken.contact === "exit-request"
        ? "somebody leaves"
        : undefined;
    case "fire":
    case "evacuation":
      return after.mode === "evacuation" ? "everybody leaves" : undefined;
  }
}

/** Everybody who asked and waits for an answer. */
function waitingIn(state: DoorwayState): string[] {
  const { pendingRelease, awaitedReleases } = state;
  const requesters = [
    committing(state)?.byHand?.requester,
    pendingRelease?.requester,
    ...awaitedReleases.map(({ requester }) => requester),
  ];
  return requesters
    .filter((requester) => requester !== undefined)
    .map((requester) => ("requestRef" in requester ? requester.requestRef : requester.commandId));
}

/** What must hold after every turn; returns what does not. */
function broken(
  before: DoorwayState,
  taken: Event,
  after: DoorwayState,
  effects: readonly Effect[],
): string[] {
  const found: string[] = [];
  const keys: string[] = [];
  for (const effect of effects) {
    if (effect.kind === "commit-record") keys.push(effect.record.key);
    if (effect.kind !== "release-gate") continue;
    if (warrant(before, taken, after, effect) === undefined) {
      found.push(`a release by ${effect.cause} without a warrant`);
    }
    if (effect.releaseMs > 4_000) found.push(`a release of ${effect.releaseMs} ms`);
  }
  if (new Set(keys).size !== keys.length) found.push("two records with one key");
  found.push(...brokenInvariants(after));
  const answered = effects.flatMap((effect) => {
    if (effect.kind === "answer-operator") return [effect.requestRef];
    return effect.kind === "answer-command" ? [effect.commandId] : [];
  });
  const waiting = waitingIn(after);
  const asked = taken.kind === "operator-decided" ? [taken.ref] : [];
  for (const requester of [...waitingIn(before), ...asked]) {
    const times = answered.filter((each) => each === requester).length;
    if (times === 0 && !waiting.includes(requester)) found.push(`${requester} is never answered`);
    if (times > 1) found.push(`${requester} is answered ${times} times`);
  }
  return found;
}

const pairs = Object.keys(STATES).flatMap((name) =>
  Object.keys(EVENTS).map((kind) => [name, kind as EventKind] as const),
);

describe("every state with every event", () => {
  it.each(pairs)("%s × %s", (name, kind) => {
    const make = STATES[name];
    if (make === undefined) throw new Error(`no state ${name}`);
    const before = make();
    const frozen = JSON.stringify(before);
    for (const taken of EVENTS[kind](before)) {
      const { state, effects } = step(before, taken);
      expect(JSON.stringify(before), "the given state is left alone").toBe(frozen);
      expect(broken(before, taken, state, effects)).toEqual([]);
      expect(step(before, taken), "the same again comes out the same").toEqual({ state, effects });
    }
  });

  it("never grants from a state where nothing was shown", () => {
    const core = new CoreUnderTest();
    for (const kind of Object.keys(EVENTS) as EventKind[]) {
      if (
        ["credential-presented", "operator-decided", "commanded", "orders-restored"].includes(kind)
      )
        continue;
      for (const taken of EVENTS[kind](core.state)) core.take({ ...taken, at: at() });
    }
    const causes = core.of("release-gate").map((effect) => effect.cause);
    expect(causes.filter((cause) => cause !== "exit-request" && cause !== "fire")).toEqual([]);
  });
});
