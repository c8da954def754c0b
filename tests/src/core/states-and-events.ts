/** Every state a doorway can be in and every event that can come, for tests that pair or chain them. */
import type { Event, EventKind, TimerName } from "../../../src/core/event.ts";
import type { DoorwayState } from "../../../src/core/state.ts";
import { step } from "../../../src/core/step.ts";
import type { CommittingVisit } from "../../../src/core/visit/visit-state.ts";
import { aCredential, aPolicy, event, lays, shows, warmth } from "../../support/core.ts";
import { CoreUnderTest } from "../../support/doorway-core.ts";

/** Every state a doorway can be in, as far as the core tells states apart, reached by real events. */
export const STATES: Record<string, () => DoorwayState> = {
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
  "gathering, repeating a measurement": () =>
    reach([shows(aCredential()), event({ kind: "temperature-failed", failure: "unsteady" })]),
  "gathering, before a thermometer that works": () =>
    reach([works("thermometer"), present(), shows(aCredential())]),
  "gathering, while the thermometer is down": () =>
    reach([works("thermometer"), measured(), present(), device("thermometer"), shows(paper())]),
  "a person present, seen by the thermometer": () => reach([works("thermometer"), present()]),
  "an observation asked for by a visit that is over": () =>
    reach([works("thermometer"), present(), shows(aCredential()), absent()]),
  "a rejected visit whose visitor left": () =>
    reach([works("thermometer"), present(), shows(aCredential({ kind: "mdoc" })), absent()]),
  "committing, with the next presentation": () =>
    reach(
      [
        measured(),
        shows(aCredential()),
        shows(aCredential({ reference: "code-2", holder: { pseudonym: "holder-2" } })),
      ],
      false,
    ),
  "committing a denial of staff, whose visitor left": () => {
    const before = reach([
      works("thermometer"),
      present(),
      shows(aCredential({ kind: "mdoc" })),
      absent(),
    ]);
    return step(before, operator(before.visit?.ref, "deny")).state;
  },
  "granted by staff": () => {
    const core = new CoreUnderTest();
    core.take(lays(unknownCard()));
    core.take(operator(core.state.visit?.ref));
    return core.state;
  },
  "a hint": () => reach([shows(aCredential({ kind: "unknown", isValid: false, reasons: [] }))]),
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
export const EVENTS: Record<EventKind, (state: DoorwayState) => Event[]> = {
  "credential-presented": () => [
    shows(aCredential({ reference: "next", holder: { pseudonym: "other" } })),
    shows(aCredential()),
    shows(paper()),
    shows(aCredential({ kind: "unknown", isValid: false, reasons: [] })),
    lays(unknownCard()),
  ],
  "read-failed": () => [event({ kind: "read-failed", device: "card-reader", detail: "x" })],
  "temperature-measured": () => [measured(), measured(39)],
  "temperature-failed": () => [event({ kind: "temperature-failed", failure: "unsteady" })],
  "evidence-observed": () => [event({ kind: "evidence-observed", evidence: warmth(36.5) })],
  "observation-failed": () =>
    [true, false].map((deviceAtFault) =>
      event({ kind: "observation-failed", evidence: "temperature", deviceAtFault }),
    ),
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
  "operator-decided": (state) => [
    operator(),
    operator(state.visit?.ref),
    operator(state.visit?.ref, "deny"),
  ],
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
  "device-changed": () => [device("thermometer"), device("gate"), works("thermometer")],
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
const paper = () => aCredential({ kind: "health-pass-paper", supportingDocument: "id-card" });
const unknownCard = () =>
  aCredential({ kind: "resident-id", isValid: false, reasons: [{ code: "holder-unknown" }] });
const measured = (celsius = 36.5): Event =>
  event({ kind: "temperature-measured", evidence: warmth(celsius) });
const absent = (): Event => event({ kind: "presence-changed", present: false });
const present = (): Event => event({ kind: "presence-changed", present: true });
const gate = (state: "locked" | "released"): Event => event({ kind: "gate-changed", state });
const contact = (name: "door-open" | "exit-request" | "fire" | "tamper", active: boolean): Event =>
  event({ kind: "contact-changed", contact: name, active });
const device = (name: "thermometer" | "code-reader" | "gate" | "panel"): Event =>
  event({ kind: "device-changed", device: name, ok: false, detail: "x" });
const works = (name: "gate" | "thermometer"): Event =>
  event({ kind: "device-changed", device: name, ok: true, detail: "" });
const operator = (visitRef?: string, verdict: "grant" | "deny" = "grant"): Event =>
  event({
    kind: "operator-decided",
    verdict,
    authority,
    ...(visitRef === undefined ? {} : { visitRef }),
  });
const command = (body: Extract<Event, { kind: "commanded" }>["command"]): Event =>
  event({ kind: "commanded", command: body, commandId: "c", authority });
const awaitedKey = (state: DoorwayState): string =>
  state.pendingRelease?.recordKey ?? committing(state)?.recordKey ?? "none";
export const committing = ({ visit }: DoorwayState): CommittingVisit | undefined =>
  visit?.phase === "committing" ? visit : undefined;
