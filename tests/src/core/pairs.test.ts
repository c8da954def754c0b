import { describe, expect, it } from "vitest";
import type { Effect } from "../../../src/core/effect.ts";
import type { Event, EventKind, TimerName } from "../../../src/core/event.ts";
import type { DoorwayState } from "../../../src/core/state.ts";
import { step } from "../../../src/core/step.ts";
import { aCredential, aPolicy, at, event, lays, shows, warmth } from "../../support/core.ts";
import { CoreUnderTest } from "../../support/doorway-core.ts";

/** Every state a doorway can be in, as far as the core tells states apart, reached by real events. */
const STATES: Record<string, () => DoorwayState> = {
  "nobody there": () => new CoreUnderTest().state,
  "somebody measured": () => reach([present(), measured()]),
  "gathering, awaiting a temperature": () => reach([shows(aCredential())]),
  "gathering, awaiting the card": () => reach([measured(), shows(paper())]),
  "committing a grant": () => reach([measured(), shows(aCredential())], false),
  "committing a denial": () => reach([shows(aCredential({ kind: "mdoc" }))], false),
  "granted, gate locked yet": () => reach([measured(), shows(aCredential())]),
  "granted, gate released": () => reach([measured(), shows(aCredential()), gate("released")]),
  "granted, door open": () =>
    reach([measured(), shows(aCredential()), gate("released"), contact("door-open", true)]),
  denied: () => reach([shows(aCredential({ kind: "mdoc" }))]),
  referred: () => reach([lays(unknownCard())]),
  "granted, awaiting the gate": () => reach([measured(), shows(aCredential())], true, false),
  "committing a grant of staff": () => {
    const before = reach([lays(unknownCard())]);
    return step(before, operator(before.visit?.ref)).state;
  },
  "a release awaiting the gate": () => reach([operator()], true, false),
  "an exit awaiting the gate": () => reach([contact("exit-request", true)], true, false),
  "a device that fails again and again": () =>
    reach([device("gate"), works("gate"), device("gate"), works("gate")]),
  "a hint": () => reach([shows(aCredential({ kind: "unknown", holds: false, reasons: [] }))]),
  "an exit": () => reach([contact("exit-request", true)]),
  "a forced door": () => reach([contact("door-open", true)]),
  "a release awaiting its record": () => reach([operator()], false),
  "locked down": () => reach([command({ name: "lock-down", active: true })]),
  "locked down, in an evacuation": () =>
    reach([
      command({ name: "lock-down", active: true }),
      command({ name: "evacuate", active: true }),
    ]),
  "evacuation by command": () => reach([command({ name: "evacuate", active: true })]),
  fire: () => reach([contact("fire", true)]),
  "all devices down": () =>
    reach([device("thermometer"), device("code-reader"), device("gate"), device("panel")]),
  "clock untrusted": () => reach([event({ kind: "clock-changed", byMs: 0, trusted: false })]),
};

const TIMERS: readonly TimerName[] = [
  "visit-window",
  "commit-deadline",
  "release-deadline",
  "gate-deadline",
  "result",
  "hint",
  "alarms-quiet",
  "exit-quiet",
  "fire-quiet",
  "passage",
  "door-open",
  "hold-open",
  "message",
];

/** Every kind of event, with the variants that matter. The type makes a forgotten kind an error. */
const EVENTS: Record<EventKind, (state: DoorwayState) => Event[]> = {
  "credential-presented": () => [
    shows(aCredential({ reference: "next", holder: { pseudonym: "other" } })),
    shows(aCredential()),
    shows(paper()),
    shows(aCredential({ kind: "unknown", holds: false, reasons: [] })),
    lays(unknownCard()),
  ],
  "read-failed": () => [event({ kind: "read-failed", device: "card-reader", detail: "x" })],
  "temperature-measured": () => [measured(), measured(39)],
  "temperature-failed": () => [event({ kind: "temperature-failed", failure: "unsteady" })],
  "presence-changed": () => [present(), event({ kind: "presence-changed", present: false })],
  "record-committed": (state) => [
    event({ kind: "record-committed", key: "unheard of" }),
    event({ kind: "record-committed", key: awaitedKey(state) }),
  ],
  "record-failed": (state) => [
    event({ kind: "record-failed", key: awaitedKey(state), detail: "disk full" }),
  ],
  "gate-changed": () => [gate("locked"), gate("released")],
  "gate-answered": (state) =>
    [true, false].flatMap((ok) =>
      [state.awaitedReleases[0]?.releaseRef ?? "none", "unheard of"].map((releaseRef) =>
        event({ kind: "gate-answered", releaseRef, cause: "granted", ok, detail: "" }),
      ),
    ),
  "contact-changed": () =>
    (["door-open", "exit-request", "fire", "tamper"] as const).flatMap((name) => [
      contact(name, true),
      contact(name, false),
      event({ kind: "contact-changed", contact: name, active: true, found: true }),
    ]),
  "operator-decided": (state) => [operator(), operator(state.visit?.ref)],
  commanded: (state) => [
    command({ name: "release" }),
    command({ name: "release", visitRef: state.visit?.ref ?? "none" }),
    command({ name: "lock-down", active: true }),
    command({ name: "lock-down", active: false }),
    command({ name: "evacuate", active: true }),
    command({ name: "evacuate", active: false }),
    command({ name: "message", text: "x", forMs: 1 }),
    command({ name: "settings", version: 1 }),
    command({ name: "settings", version: 1, problem: "not known" }),
  ],
  "orders-restored": () => [
    event({ kind: "orders-restored", orders: {} }),
    event({ kind: "orders-restored", orders: { lockDown: authority } }),
    event({ kind: "orders-restored", orders: { evacuation: authority } }),
  ],
  "orders-kept": () =>
    [true, false].map((ok) =>
      event({ kind: "orders-kept", ok, commandId: "c", detail: "lock-down" }),
    ),
  "device-changed": () => [device("thermometer"), device("gate")],
  "link-changed": () => [event({ kind: "link-changed", link: "broker", ok: false })],
  "fault-changed": () =>
    [true, false].map((active) =>
      event({ kind: "fault-changed", fault: "broker-restricted", subject: "commands", active }),
    ),
  "codes-remembered": () => [
    event({ kind: "codes-remembered", used: [{ reference: "code-1", agoMs: 1_000 }] }),
  ],
  "database-replaced": () => [
    event({
      kind: "database-replaced",
      replacement: { why: "not a database", setAside: "unit.db.set-aside", fromSeq: 4, toSeq: 9 },
    }),
    event({ kind: "database-replaced" }),
  ],
  "outbox-changed": () => [event({ kind: "outbox-changed", state: "full" })],
  "policy-changed": () => [event({ kind: "policy-changed", policy: aPolicy({ version: 2 }) })],
  "data-set-changed": () =>
    [true, false].map((ok) =>
      event({ kind: "data-set-changed", set: "directory", ok, detail: "expired" }),
    ),
  "token-guessing": () => [true, false].map((active) => event({ kind: "token-guessing", active })),
  "clock-changed": () => [event({ kind: "clock-changed", byMs: -5_000, trusted: false })],
  "timer-elapsed": (state) =>
    TIMERS.flatMap((timer) =>
      ["stale", state.visit?.ref ?? "none", awaitedKey(state)].map((about) =>
        event({ kind: "timer-elapsed", timer, about }),
      ),
    ),
};

function reach(events: Event[], storeAnswers = true, gateAnswers = true): DoorwayState {
  const core = new CoreUnderTest();
  core.storeAnswers = storeAnswers;
  core.gateAnswers = gateAnswers;
  for (const each of events) core.take(each);
  return core.state;
}

const authority = { by: "li", why: "test" };
const paper = () => aCredential({ kind: "health-pass-paper", needsAlongside: "id-card" });
const unknownCard = () =>
  aCredential({ kind: "resident-id", holds: false, reasons: [{ code: "holder-unknown" }] });
const measured = (celsius = 36.5): Event =>
  event({ kind: "temperature-measured", evidence: warmth(celsius) });
const present = (): Event => event({ kind: "presence-changed", present: true });
const gate = (state: "locked" | "released"): Event => event({ kind: "gate-changed", state });
const contact = (name: "door-open" | "exit-request" | "fire" | "tamper", active: boolean): Event =>
  event({ kind: "contact-changed", contact: name, active });
const device = (name: "thermometer" | "code-reader" | "gate" | "panel"): Event =>
  event({ kind: "device-changed", device: name, ok: false, detail: "x" });
const works = (name: "gate"): Event =>
  event({ kind: "device-changed", device: name, ok: true, detail: "" });
const operator = (visitRef?: string): Event =>
  event({
    kind: "operator-decided",
    verdict: "grant",
    authority,
    ...(visitRef === undefined ? {} : { visitRef }),
  });
const command = (body: Extract<Event, { kind: "commanded" }>["command"]): Event =>
  event({ kind: "commanded", command: body, commandId: "c", authority });
const awaitedKey = (state: DoorwayState): string =>
  state.pendingRelease?.recordKey ?? state.visit?.recordKey ?? "none";

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
      if (visitRef !== undefined && decided?.decision?.outcome !== "granted") return undefined;
      const key = before.pendingRelease?.recordKey ?? before.visit?.recordKey;
      const recorded = taken.kind === "record-committed" && taken.key === key;
      return recorded ? "its record is durable" : undefined;
    }
    case "command":
      return (before.pendingRelease?.cause === "command" ||
        before.visit?.requester !== undefined) &&
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
function waitingIn({ visit, pendingRelease, awaitedReleases }: DoorwayState): string[] {
  const requesters = [
    visit?.requester,
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
  const { visit, passage, mode } = after;
  if (mode === "evacuation" && passage !== null) found.push("a passage in an evacuation");
  if (visit?.phase === "gathering" && visit.awaits.length === 0) {
    found.push("a visit that gathers and awaits nothing");
  }
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
  if (visit?.phase === "closed" && visit.decision === undefined) {
    found.push("a closed visit without a decision");
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
