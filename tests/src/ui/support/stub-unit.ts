/** A stub of the unit behind its screens: shows whatever state a test asks for, decides nothing itself. */
import type { OperatorAnswer } from "../../../../src/core/authority/answer.ts";
import type { Reason } from "../../../../src/core/reason.ts";
import type { RuleResult } from "../../../../src/core/decision/decision.ts";
import type { OpeningSummary, ScreenView, VisitSummary } from "../../../../src/core/view/view.ts";
import type { UnitFeed } from "../../../../src/ui/ports.ts";

/** 2026-03-09 14:32 in Shanghai. */
export const STUB_NOW_MS = Date.UTC(2026, 2, 9, 6, 32);

const HOUR_MS = 3_600_000;

/** A quiet doorway: nobody there, everything works. */
export function quietView(change: Partial<ScreenView> = {}): ScreenView {
  return {
    phase: "welcome",
    awaits: [],
    inviting: ["code", "card"],
    temperatureDown: false,
    reasons: [],
    rules: [],
    gate: "locked",
    doorOpen: false,
    mode: "normal",
    alarms: [],
    devices: {
      "code-reader": true,
      "card-reader": true,
      thermometer: true,
      gate: true,
      panel: true,
      "door-contacts": true,
    },
    links: { broker: true, directory: true },
    clockTrusted: true,
    freshness: {
      directoryAsOfMs: STUB_NOW_MS - 2 * HOUR_MS,
      trustListAsOfMs: STUB_NOW_MS - 26 * HOUR_MS,
      policy: { id: "office", version: 7, issuedAtMs: STUB_NOW_MS - 240 * HOUR_MS },
    },
    outbox: { pending: 0, state: "normal" },
    atMs: STUB_NOW_MS,
    ...change,
  };
}

/** The explanation of somebody who met every rule. */
export const MET_RULES: readonly RuleResult[] = [
  { ruleId: "clock", outcome: "met", verdict: "grant" },
  { ruleId: "credential", outcome: "met", verdict: "grant" },
  { ruleId: "live-code", outcome: "met", verdict: "grant", ageMs: 48_000 },
  { ruleId: "basis", outcome: "met", verdict: "grant", ageMs: 26 * HOUR_MS },
  {
    ruleId: "green",
    outcome: "met",
    verdict: "grant",
    evidenceId: "colour-1",
    evidenceKind: "code-colour",
    ageMs: 2 * HOUR_MS,
  },
  {
    ruleId: "test-48h",
    outcome: "met",
    verdict: "grant",
    evidenceId: "nat-1",
    evidenceKind: "nucleic-acid-test",
    ageMs: 20 * HOUR_MS,
  },
  {
    ruleId: "fever",
    outcome: "met",
    verdict: "grant",
    evidenceId: "temperature-1",
    evidenceKind: "temperature",
    ageMs: 900,
  },
];

const TOO_OLD: Reason = {
  code: "live-code-too-old",
  params: { issuedAtMs: STUB_NOW_MS - 90 * 60_000, ageMs: 90 * 60_000, maxAgeMinutes: 30 },
};
const UNKNOWN: Reason = { code: "holder-unknown" };

/** The states a doorway's screen goes through, by the name a test asks for. */
export const STUB_VIEWS = {
  welcome: quietView(),
  checking: quietView({
    phase: "checking",
    visitRef: "visit-1",
    credentialKind: "health-pass-paper",
    awaits: ["id-card", "temperature"],
  }),
  granted: quietView({
    phase: "granted",
    visitRef: "visit-1",
    outcome: "granted",
    credentialKind: "health-pass-live",
    maskedName: "王**",
    temperatureC: 36.6,
    gate: "released",
    rules: MET_RULES,
  }),
  denied: quietView({
    phase: "denied",
    visitRef: "visit-2",
    outcome: "denied",
    credentialKind: "health-pass-live",
    reasons: [
      TOO_OLD,
      { code: "temperature-high", params: { celsius: 38.4, maxC: 37.3 } },
      { code: "test-too-old", params: { ageMs: 49 * HOUR_MS, maxAgeHours: 48 } },
    ],
    temperatureC: 38.4,
  }),
  referred: quietView({
    phase: "referred",
    visitRef: "visit-3",
    outcome: "referred",
    credentialKind: "resident-id",
    reasons: [UNKNOWN],
  }),
  red: quietView({
    phase: "denied",
    visitRef: "visit-4",
    outcome: "denied",
    credentialKind: "health-pass-live",
    maskedName: "赵*",
    reasons: [{ code: "code-red" }],
    confirm: ["code-red"],
  }),
  opened: quietView({ phase: "opened", gate: "released" }),
  exit: quietView({ phase: "exit", gate: "released" }),
  wrongCode: quietView({ hint: "not-a-health-code" }),
  onlyCards: quietView({
    inviting: ["card"],
    devices: { ...quietView().devices, "code-reader": false },
  }),
  nothingWorks: quietView({ inviting: [], devices: { ...quietView().devices, gate: false } }),
  entryOver: quietView({
    phase: "granted",
    visitRef: "visit-1",
    outcome: "granted",
    entryOver: true,
    maskedName: "王**",
  }),
  lockedDown: quietView({ phase: "locked-down", mode: "locked-down" }),
  evacuation: quietView({
    phase: "evacuation",
    mode: "evacuation",
    gate: "released",
    doorOpen: true,
    alarms: [{ kind: "evacuation", raisedAtMs: STUB_NOW_MS }],
  }),
  troubled: quietView({
    inviting: ["code"],
    temperatureDown: true,
    devices: { ...quietView().devices, thermometer: false, "card-reader": false },
    links: { broker: false, directory: true },
    clockTrusted: false,
    outbox: { pending: 1_204, state: "filling" },
    alarms: [
      { kind: "device-failed", subject: "thermometer", raisedAtMs: STUB_NOW_MS - 60_000 },
      { kind: "device-failed", subject: "card-reader", raisedAtMs: STUB_NOW_MS - 50_000 },
      { kind: "broker-unreachable", raisedAtMs: STUB_NOW_MS - 40_000 },
      { kind: "clock-untrusted", raisedAtMs: STUB_NOW_MS - 30_000 },
    ],
    freshness: {
      directoryAsOfMs: STUB_NOW_MS - 80 * HOUR_MS,
      policy: { id: "office", version: 7, issuedAtMs: STUB_NOW_MS - 240 * HOUR_MS },
    },
  }),
} as const satisfies Readonly<Record<string, ScreenView>>;

/** What the staff list holds: one of each outcome, delivered and not. */
export const STUB_VISITS: readonly VisitSummary[] = [
  {
    visitRef: "visit-3",
    decidedAtMs: STUB_NOW_MS - 5_000,
    outcome: "referred",
    reasons: [UNKNOWN],
    rules: [{ ruleId: "credential", outcome: "unmet", verdict: "refer", reason: UNKNOWN }],
    credentialKind: "resident-id",
    decidedAfterMs: 320,
    delivered: false,
  },
  {
    visitRef: "visit-2",
    decidedAtMs: STUB_NOW_MS - 65_000,
    outcome: "denied",
    reasons: [TOO_OLD],
    rules: [
      { ruleId: "credential", outcome: "met", verdict: "grant" },
      {
        ruleId: "live-code",
        outcome: "unmet",
        verdict: "deny",
        reason: TOO_OLD,
        ageMs: 90 * 60_000,
      },
    ],
    credentialKind: "health-pass-live",
    maskedName: "李**",
    ending: "abandoned",
    decidedAfterMs: 41,
    delivered: true,
  },
  {
    visitRef: "visit-1",
    decidedAtMs: STUB_NOW_MS - 125_000,
    outcome: "granted",
    reasons: [],
    rules: MET_RULES,
    credentialKind: "health-pass-live",
    maskedName: "王**",
    temperatureC: 36.6,
    ending: "taken",
    decidedAfterMs: 38,
    gateAfterMs: 3,
    delivered: true,
  },
];

type OperatorRequest = Parameters<UnitFeed["operatorDecide"]>[0];

/** A feed with handles for the test. */
export interface StubUnit extends UnitFeed {
  /** Changes what the unit shows and tells its listeners. */
  show(view: ScreenView, visits?: readonly VisitSummary[]): void;
  /** Changes the list of openings without a visit. */
  showOpenings(openings: readonly OpeningSummary[]): void;
  /** What staff asked for so far. */
  readonly asked: readonly OperatorRequest[];
  /** From now on the unit answers staff so; undefined: as it usually does. */
  refuseStaff(answer: OperatorAnswer | undefined): void;
  /** How many are listening. */
  listeners(): number;
}

export function createStubUnit(): StubUnit {
  const listeners = new Set<() => void>();
  const asked: OperatorRequest[] = [];
  let view: ScreenView = STUB_VIEWS.welcome;
  let visits: readonly VisitSummary[] = STUB_VISITS;
  let openings: readonly OpeningSummary[] = [];
  let refusal: OperatorAnswer | undefined;
  return {
    unitId: "stub-1",
    venueName: { zh: "示范大厦东门", en: "Sample Building, East Gate" },
    utcOffsetMinutes: 480,
    view: () => view,
    visits: () => visits,
    openings: () => openings,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    async operatorDecide(request) {
      if (refusal !== undefined) return refusal;
      asked.push(request);
      const did = request.visitRef === undefined ? "opened" : "admitted";
      return { done: true, did: request.verdict === "deny" ? "turned-away" : did, recorded: true };
    },
    show(next, nextVisits) {
      view = next;
      visits = nextVisits ?? visits;
      for (const listener of listeners) listener();
    },
    showOpenings(next) {
      openings = next;
      for (const listener of listeners) listener();
    },
    asked,
    refuseStaff(answer) {
      refusal = answer;
    },
    listeners: () => listeners.size,
  };
}
