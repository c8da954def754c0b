import { describe, expect, it } from "vitest";
import { decide, isOpen, type DecisionInput } from "../../../../src/core/decision/decide.ts";
import type { Evidence } from "../../../../src/core/evidence/evidence.ts";
import type { Policy, Rule, Verdict } from "../../../../src/core/policy/policy.ts";
import { DAY_MS, HOUR_MS } from "../../../../src/core/time.ts";
import { aCredential, aPolicy, at, NOON_MS, piece, warmth } from "../../../support/core.ts";

const verdicts = {
  whenUnmet: "deny" as Verdict,
  whenMissing: "refer" as Verdict,
  whenUnreachable: "refer" as Verdict,
};

function ruling(rules: Rule[], evidence: Evidence[], change: Partial<DecisionInput> = {}) {
  return decide({
    credential: aCredential({ evidence }),
    evidence: [],
    policy: aPolicy({ rules }),
    at: at(),
    mode: "normal",
    usedCodes: [],
    outOfReach: [],
    windowOver: false,
    ...change,
  });
}

function outcome(rules: Rule[], evidence: Evidence[], change: Partial<DecisionInput> = {}): string {
  const result = ruling(rules, evidence, change);
  if (!result.decided) return `awaits ${result.awaits.join(" ")}`;
  const { decision } = result;
  return [decision.outcome, ...decision.reasons.map((reason) => reason.code)].join(" ");
}

const nucleicAcid = (change: Partial<Extract<Rule, { kind: "nucleic-acid-test" }>> = {}): Rule => ({
  id: "nat",
  kind: "nucleic-acid-test",
  maxAgeHours: 48,
  countFrom: "sampledAt",
  ...verdicts,
  ...change,
});

describe("a nucleic acid test no older than 48 h from sampling", () => {
  const sampled = (ageMs: number, result: "negative" | "positive" | "pending" = "negative") =>
    piece({
      kind: "nucleic-acid-test",
      disease: "covid-19",
      result,
      sampledAtMs: NOON_MS - ageMs,
      reportedAtMs: NOON_MS - ageMs + 8 * HOUR_MS,
    });

  it.each([
    ["1 ms below the limit", [sampled(48 * HOUR_MS - 1)], "granted"],
    ["exactly at the limit", [sampled(48 * HOUR_MS)], "granted"],
    ["1 ms beyond the limit", [sampled(48 * HOUR_MS + 1)], "denied test-too-old"],
    ["taken this instant", [sampled(0)], "granted"],
    ["taken in the future", [sampled(-1)], "denied test-from-future"],
    ["positive", [sampled(HOUR_MS, "positive")], "denied test-positive"],
    ["still pending", [sampled(HOUR_MS, "pending")], "referred test-pending"],
    ["missing", [], "referred test-missing"],
    [
      "pending after a good one",
      [sampled(HOUR_MS, "pending"), sampled(40 * HOUR_MS)],
      "referred test-pending",
    ],
    [
      "positive after a good one",
      [sampled(40 * HOUR_MS), sampled(HOUR_MS, "positive")],
      "denied test-positive",
    ],
    ["good after a positive one", [sampled(HOUR_MS), sampled(40 * HOUR_MS, "positive")], "granted"],
  ])("%s", (_name, evidence, expected) => {
    expect(outcome([nucleicAcid()], evidence)).toBe(expected);
  });

  it("counts from the report when the rule says so", () => {
    const old = [sampled(50 * HOUR_MS)];
    expect(outcome([nucleicAcid({ countFrom: "sampledAt" })], old)).toBe("denied test-too-old");
    expect(outcome([nucleicAcid({ countFrom: "reportedAt" })], old)).toBe("granted");
  });

  it("does not take a test without a report for one", () => {
    const unreported = piece({
      kind: "nucleic-acid-test",
      disease: "covid-19",
      result: "negative",
      sampledAtMs: NOON_MS - HOUR_MS,
    });
    expect(outcome([nucleicAcid({ countFrom: "reportedAt" })], [unreported])).toBe(
      "referred test-pending",
    );
  });

  it("tells the age it counted", () => {
    const result = ruling([nucleicAcid()], [sampled(5 * HOUR_MS)]);
    const rules = result.decided ? result.decision.rules : [];
    expect(rules.find((rule) => rule.ruleId === "nat")).toMatchObject({
      outcome: "met",
      ageMs: 5 * HOUR_MS,
      evidenceKind: "nucleic-acid-test",
    });
  });
});

describe("temperature", () => {
  const rule: Rule = { id: "t", kind: "temperature", maxC: 37.3, minC: 34, ...verdicts };
  it.each([
    [37.3, "granted"],
    [37.301, "denied temperature-high"],
    [34, "granted"],
    [33.999, "denied temperature-implausible"],
    [Number.NaN, "denied temperature-implausible"],
    [Number.POSITIVE_INFINITY, "denied temperature-high"],
  ])("%d °C", (celsius, expected) => {
    expect(outcome([rule], [warmth(celsius)])).toBe(expected);
  });

  it("is awaited while it may still come, and missing when the window is over", () => {
    expect(outcome([rule], [])).toBe("awaits temperature");
    expect(outcome([rule], [], { windowOver: true })).toBe("referred temperature-missing");
  });

  it("is unreachable at once when the thermometer is down", () => {
    expect(outcome([rule], [], { outOfReach: ["temperature"] })).toBe(
      "referred temperature-missing",
    );
    const lenient: Rule = { ...rule, whenUnreachable: "grant" };
    expect(outcome([lenient], [], { outOfReach: ["temperature"] })).toBe("granted");
  });

  it("is not waited for when something else denies already", () => {
    const colour: Rule = { id: "c", kind: "code-colour", accepted: ["green"], ...verdicts };
    const red = [piece({ kind: "code-colour", colour: "red" })];
    expect(outcome([colour, rule], red)).toBe("denied code-red");
  });
});

describe("other evidence", () => {
  const doses = (given: number, daysAgo: number, needed?: number): Evidence =>
    piece({
      kind: "vaccination",
      disease: "covid-19",
      doses: given,
      ...(needed === undefined ? {} : { dosesNeeded: needed }),
      lastDoseAtMs: NOON_MS - daysAgo * DAY_MS,
    });
  const vaccination = (change: Partial<Extract<Rule, { kind: "vaccination" }>>): Rule => ({
    id: "v",
    kind: "vaccination",
    minDoses: 2,
    ...verdicts,
    ...change,
  });
  it.each([
    [{ minDoses: 2 }, doses(2, 30), "granted"],
    [{ minDoses: 3 }, doses(2, 30), "denied vaccination-incomplete"],
    [{ minDoses: "complete" as const }, doses(2, 30, 2), "granted"],
    [{ minDoses: "complete" as const }, doses(1, 30, 2), "denied vaccination-incomplete"],
    [{ minDoses: "complete" as const }, doses(2, 30), "denied vaccination-incomplete"],
    [{ minDaysSinceLastDose: 14 }, doses(2, 14), "granted"],
    [{ minDaysSinceLastDose: 14 }, doses(2, 13), "denied vaccination-too-recent"],
    [{ maxDaysSinceLastDose: 270 }, doses(2, 270), "granted"],
    [{ maxDaysSinceLastDose: 270 }, doses(2, 271), "denied vaccination-too-old"],
  ])("vaccination %j", (change, evidence, expected) => {
    expect(outcome([vaccination(change)], [evidence])).toBe(expected);
  });

  it.each([
    ["green", "granted"],
    ["yellow", "denied code-yellow"],
    ["red", "denied code-red"],
  ] as const)("a %s code", (colour, expected) => {
    const rule: Rule = { id: "c", kind: "code-colour", accepted: ["green"], ...verdicts };
    expect(outcome([rule], [piece({ kind: "code-colour", colour })])).toBe(expected);
  });

  it.each([
    ["passed", "granted"],
    ["failed", "denied business-rules-failed"],
    ["open", "referred business-rules-open"],
  ] as const)("business rules that %s", (result, expected) => {
    const rule: Rule = { id: "b", kind: "business-rules", rulesOf: "AT", ...verdicts };
    const evidence = piece({
      kind: "business-rules",
      rulesOf: "AT",
      result,
      failed: result === "failed" ? ["GR-AT-0001"] : [],
      open: [],
    });
    expect(outcome([rule], [evidence])).toBe(expected);
  });

  it("outside its validity says nothing", () => {
    const rule: Rule = { id: "c", kind: "code-colour", accepted: ["green"], ...verdicts };
    const green = (change: Partial<Evidence>) => [
      piece({ kind: "code-colour", colour: "green" }, change),
    ];
    expect(outcome([rule], green({ validUntilMs: NOON_MS + 1 }))).toBe("granted");
    expect(outcome([rule], green({ validUntilMs: NOON_MS }))).toBe("referred code-colour-missing");
    expect(outcome([rule], green({ validFromMs: NOON_MS }))).toBe("granted");
    expect(outcome([rule], green({ validFromMs: NOON_MS + 1 }))).toBe(
      "referred code-colour-missing",
    );
  });
});

describe("alternatives", () => {
  const rule: Rule = {
    id: "protected",
    kind: "any-of",
    ...verdicts,
    rules: [
      nucleicAcid(),
      { id: "recovered", kind: "recovery", minDays: 11, maxDays: 180, ...verdicts },
    ],
  };
  const recovered = (days: number) =>
    piece({ kind: "recovery", disease: "covid-19", firstPositiveAtMs: NOON_MS - days * DAY_MS });

  it("are met by one of them", () => {
    expect(outcome([rule], [recovered(30)])).toBe("granted");
  });

  it("explain each of theirs, and only the whole counts", () => {
    const result = ruling([rule], [recovered(5)]);
    const rules = result.decided ? result.decision.rules : [];
    expect(rules.map((each) => [each.ruleId, each.outcome, each.verdict])).toEqual(
      expect.arrayContaining([
        ["protected", "unmet", "deny"],
        ["protected/nat", "missing", "grant"],
        ["protected/recovered", "unmet", "grant"],
      ]),
    );
  });

  it("are never met by being empty or by not applying", () => {
    const none: Rule = { id: "n", kind: "any-of", ...verdicts, rules: [] };
    expect(outcome([none], [])).toBe("referred");
    const foreign: Rule = {
      ...none,
      rules: [nucleicAcid({ appliesTo: { roles: ["courier"] } })],
    };
    expect(outcome([foreign], [])).toBe("referred");
  });
});

describe("rules for some", () => {
  const courier = piece({ kind: "membership", roles: ["courier"] });
  const couriersTest = nucleicAcid({ appliesTo: { roles: ["courier"] }, whenMissing: "deny" });

  it("apply to their role only", () => {
    expect(outcome([couriersTest], [])).toBe("granted");
    expect(outcome([couriersTest], [courier])).toBe("denied test-missing");
  });

  it("are skipped for roles that are always admitted", () => {
    const policy = aPolicy({ rules: [couriersTest], alwaysAdmitRoles: ["courier"] });
    expect(outcome([], [courier], { policy })).toBe("granted");
  });
});

describe("the credential itself", () => {
  it.each([
    [{ kind: "unknown" as const, isValid: false, reasons: [] }, "denied not-a-health-code"],
    [
      { isValid: false, reasons: [{ code: "signature-invalid" as const }] },
      "denied signature-invalid",
    ],
    [{ isValid: false, reasons: [] }, "denied malformed"],
    [{ isValid: false, reasons: [{ code: "holder-unknown" as const }] }, "referred holder-unknown"],
    [{ kind: "nz-covid-pass" as const }, "denied credential-kind-not-accepted"],
  ])("%j", (change, expected) => {
    const credential = aCredential(change);
    expect(outcome([], [], { credential })).toBe(expected);
  });

  it("that does not hold never admits, whatever the policy says", () => {
    const policy = aPolicy({ rules: [], whenCredentialFails: { revoked: "grant" } });
    const credential = aCredential({ isValid: false, reasons: [{ code: "revoked" }] });
    expect(outcome([], [], { credential, policy })).toBe("referred revoked");
  });

  it.each([
    [30 * 60_000, "granted"],
    [30 * 60_000 + 1, "denied live-code-too-old"],
    [-120_000, "granted"],
    [-120_001, "denied live-code-from-future"],
  ])("as a live code %d ms old", (ageMs, expected) => {
    const credential = aCredential({ issuedAtMs: NOON_MS - ageMs });
    expect(outcome([], [], { credential })).toBe(expected);
  });

  it("as a live code that already let someone in is a reuse within its window", () => {
    const used = (agoMs: number) => ({
      usedCodes: [{ reference: "code-1", atMs: -agoMs }],
      policy: aPolicy({ rules: [] }),
    });
    expect(outcome([], [], used(59_999))).toBe("referred code-reused");
    expect(outcome([], [], used(60_000))).toBe("granted");
  });

  it.each([
    ["trust-list" as const, 72, "referred trust-list-too-old"],
    ["directory" as const, 24, "referred directory-too-old"],
  ])("resting on an old %s", (basis, hours, expected) => {
    const resting = (ageMs: number) => ({
      credential: aCredential({ basis, basisAsOfMs: NOON_MS - ageMs }),
    });
    expect(outcome([], [], resting(hours * HOUR_MS))).toBe("granted");
    expect(outcome([], [], resting(hours * HOUR_MS + 1))).toBe(expected);
  });
});

describe("a paper pass", () => {
  const paper = aCredential({ kind: "health-pass-paper", supportingDocument: "id-card" });
  const card = aCredential({ kind: "resident-id", reference: "card-1" });

  it("waits for the ID card and is refused without it", () => {
    expect(outcome([], [], { credential: paper })).toBe("awaits id-card");
    expect(outcome([], [], { credential: paper, windowOver: true })).toBe("denied id-card-needed");
  });

  it("counts beside its holder's card", () => {
    expect(outcome([], [], { credential: paper, supportingCard: card })).toBe("granted");
  });

  it("counts beside a card nobody knows here, for the card only says who stands there", () => {
    const unknown = { ...card, isValid: false, reasons: [{ code: "holder-unknown" as const }] };
    expect(outcome([], [], { credential: paper, supportingCard: unknown })).toBe("granted");
  });

  it("is refused beside somebody else's card, an expired one, or one without a holder", () => {
    const other = { ...card, holder: { pseudonym: "holder-2" } };
    expect(outcome([], [], { credential: paper, supportingCard: other })).toBe(
      "denied holder-mismatch",
    );
    const expired = { ...card, isValid: false, reasons: [{ code: "card-expired" as const }] };
    expect(outcome([], [], { credential: paper, supportingCard: expired })).toBe(
      "denied card-expired",
    );
    const { holder: _holder, ...nobody } = card;
    expect(outcome([], [], { credential: paper, supportingCard: nobody })).toBe(
      "denied holder-mismatch",
    );
  });
});

describe("a card whose last day nobody can read", () => {
  const reasons = [{ code: "card-validity-unknown" as const }];
  const card = aCredential({ kind: "resident-id", reference: "card-1", isValid: false, reasons });
  const paper = aCredential({ kind: "health-pass-paper", supportingDocument: "id-card" });
  const refers = "referred card-validity-unknown";

  it("is for staff to look at: neither granted nor denied", () => {
    expect(outcome([], [], { credential: card })).toBe(refers);
    expect(outcome([], [], { credential: paper, supportingCard: card })).toBe(refers);
  });

  it("is refused where the policy says so, or where it is somebody else's", () => {
    const policy = aPolicy({ rules: [], whenCredentialFails: { "card-validity-unknown": "deny" } });
    const denied = "denied card-validity-unknown";
    expect(outcome([], [], { credential: card, policy })).toBe(denied);
    const other = { ...card, holder: { pseudonym: "holder-2" } };
    expect(outcome([], [], { credential: paper, supportingCard: other })).toBe(denied);
  });
});

describe("the house", () => {
  it("denies everything in a lock-down", () => {
    expect(outcome([], [], { mode: "locked-down" })).toBe("denied locked-down");
  });

  it.each(["grant", "refer", "deny"] as const)(
    "with an untrusted clock does as told: %s",
    (when) => {
      const policy = aPolicy({ rules: [], clock: { whenUntrusted: when } });
      const expected = {
        grant: "granted",
        refer: "referred clock-untrusted",
        deny: "denied clock-untrusted",
      }[when];
      expect(outcome([], [], { policy, at: at(0, false) })).toBe(expected);
    },
  );

  it("refers under an expired policy", () => {
    const until = (expiresAtMs: number) => ({ policy: aPolicy({ rules: [], expiresAtMs }) });
    expect(outcome([], [], until(NOON_MS + 1))).toBe("granted");
    expect(outcome([], [], until(NOON_MS))).toBe("referred policy-expired");
  });

  it("keeps its hours, in local time and over midnight", () => {
    const hours = (spans: NonNullable<Policy["openingHours"]>["spans"]) => ({
      utcOffsetMinutes: 480,
      spans,
      whenClosed: "deny" as const,
    });
    const minute = 60_000;
    const tuesday = hours([{ days: [2], fromMinute: 600, untilMinute: 660 }]);
    expect(isOpen(tuesday, NOON_MS)).toBe(true);
    expect(isOpen(tuesday, NOON_MS - 1)).toBe(false);
    expect(isOpen(tuesday, NOON_MS + 60 * minute - 1)).toBe(true);
    expect(isOpen(tuesday, NOON_MS + 60 * minute)).toBe(false);
    const night = hours([{ days: [1], fromMinute: 1320, untilMinute: 360 }]);
    expect(isOpen(night, NOON_MS - 4 * 60 * minute - 1)).toBe(true);
    expect(isOpen(night, NOON_MS - 4 * 60 * minute)).toBe(false);
    expect(isOpen(hours([{ days: [3], fromMinute: 0, untilMinute: 1440 }]), NOON_MS)).toBe(false);
    expect(isOpen(hours([{ days: [2], fromMinute: 0, untilMinute: 1440 }]), NOON_MS)).toBe(true);
  });
});
