import { describe, expect, it } from "vitest";
import type { Evidence, EvidenceOf } from "../../../../src/core/evidence/evidence.ts";
import type { Rule } from "../../../../src/core/policy/policy.ts";
import { aCredential, piece } from "../../../support/core.ts";
import { outcomeOf, VERDICTS } from "../support.ts";

type Dose = EvidenceOf<"vaccination">;
type Recovery = EvidenceOf<"recovery">;
type RuleOf<K extends Rule["kind"]> = Extract<Rule, { kind: K }>;

const dosed = (change: Partial<Dose>): Evidence =>
  piece({
    kind: "vaccination",
    disease: "covid-19",
    doses: 2,
    lastDoseAtMs: Date.parse("2026-03-01"),
    ...change,
  });
const doses = (change: Partial<RuleOf<"vaccination">> = {}): Rule => ({
  id: "v",
  kind: "vaccination",
  minDoses: 2,
  ...VERDICTS,
  ...change,
});
const recovered = (change: Partial<Recovery> = {}): Evidence =>
  piece({
    kind: "recovery",
    disease: "covid-19",
    firstPositiveAtMs: Date.parse("2026-03-01"),
    ...change,
  });
const recovery = (change: Partial<RuleOf<"recovery">> = {}): Rule => ({
  id: "r",
  kind: "recovery",
  minDays: 11,
  maxDays: 180,
  ...VERDICTS,
  ...change,
});

/** The outcome at a moment, at a venue. */
function onDay(
  rule: Rule,
  evidence: Evidence | readonly Evidence[],
  time: string,
  timeZone = "Asia/Shanghai",
): string {
  const wallMs = Date.parse(time);
  const pieces = [evidence].flat();
  return outcomeOf([rule], [], {
    credential: aCredential({ issuedAtMs: wallMs, evidence: pieces }),
    at: { monotonicMs: 0, wallMs, wallTrusted: true },
    policy: { timeZone },
  });
}

describe("days since the last dose are days of the venue's calendar", () => {
  const from14to180 = doses({ minDaysSinceLastDose: 14, maxDaysSinceLastDose: 180 });
  it.each([
    ["2026-03-14T23:59:59+08:00", "Asia/Shanghai", "denied vaccination-too-recent"],
    ["2026-03-15T00:00:00+08:00", "Asia/Shanghai", "granted"],
    ["2026-03-15T07:59:00+08:00", "Asia/Shanghai", "granted"],
    ["2026-08-28T23:59:59+08:00", "Asia/Shanghai", "granted"],
    ["2026-08-29T00:00:00+08:00", "Asia/Shanghai", "denied vaccination-too-old"],
    // 17:00 of day 13 where clocks are eight hours behind UTC is day 14 in UTC.
    ["2026-03-14T17:00:00-08:00", "Etc/GMT+8", "denied vaccination-too-recent"],
    ["2026-03-15T00:00:00-08:00", "Etc/GMT+8", "granted"],
    // Summer time begins in between: day 14 is day 14.
    ["2026-03-14T23:59:59-07:00", "America/Los_Angeles", "denied vaccination-too-recent"],
    ["2026-03-15T00:00:00-07:00", "America/Los_Angeles", "granted"],
  ])("at %s in %s", (time, zone, expected) => {
    expect(onDay(from14to180, dosed({}), time, zone)).toBe(expected);
  });

  it("a dose of this morning is of today, and one of tomorrow is of no day yet", () => {
    expect(onDay(doses(), dosed({}), "2026-03-01T07:00:00+08:00")).toBe("granted");
    expect(onDay(doses(), dosed({}), "2026-02-28T23:59:00+08:00")).toBe(
      "denied vaccination-too-recent",
    );
  });

  it("a dose at a time of day is of its day at the venue", () => {
    const lastDoseAtMs = Date.parse("2026-03-01T20:00:00Z");
    const rule = doses({ minDaysSinceLastDose: 14 });
    expect(onDay(rule, dosed({ lastDoseAtMs }), "2026-03-15T23:59:00+08:00")).toContain("recent");
    expect(onDay(rule, dosed({ lastDoseAtMs }), "2026-03-16T00:00:00+08:00")).toBe("granted");
  });

  it("a dose of which only the month is known is as new and as old as it can be", () => {
    const month = dosed({ lastDoseUntilMs: Date.parse("2026-03-31") });
    const rule = doses({ minDaysSinceLastDose: 14, maxDaysSinceLastDose: 60 });
    expect(onDay(rule, month, "2026-04-13T12:00:00+08:00")).toContain("too-recent");
    expect(onDay(rule, month, "2026-04-14T12:00:00+08:00")).toBe("granted");
    expect(onDay(rule, month, "2026-04-30T12:00:00+08:00")).toBe("granted");
    expect(onDay(rule, month, "2026-05-01T12:00:00+08:00")).toContain("too-old");
  });
});

describe("doses", () => {
  const at = "2026-05-01T12:00:00+08:00";
  it.each([
    [2, dosed({ doses: 1 }), "denied vaccination-incomplete"],
    [2, dosed({ doses: 2 }), "granted"],
    ["complete", dosed({ doses: 2, dosesNeeded: 2 }), "granted"],
    ["complete", dosed({ doses: 1, dosesNeeded: 2 }), "denied vaccination-incomplete"],
    ["complete", dosed({ doses: 3, dosesNeeded: 2 }), "granted"],
    ["complete", dosed({ doses: 1, dosesNeeded: 1 }), "granted"],
    ["complete", dosed({ doses: 2 }), "denied vaccination-incomplete"],
    ["complete", dosed({ doses: 0, dosesNeeded: 0 }), "denied vaccination-incomplete"],
    ["complete", dosed({ doses: 1, dosesNeeded: 0 }), "denied vaccination-incomplete"],
    ["complete", dosed({ doses: 0, dosesNeeded: 1 }), "denied vaccination-incomplete"],
    ["complete", dosed({ doses: 5, dosesNeeded: -1 }), "denied vaccination-incomplete"],
    [1, dosed({ doses: 0 }), "denied vaccination-incomplete"],
    [0, dosed({ doses: 0 }), "denied vaccination-incomplete"],
  ] as const)("%s asked for", (minDoses, evidence, expected) => {
    expect(onDay(doses({ minDoses }), evidence, at)).toBe(expected);
  });

  it("are not taken back by a later statement that knows fewer", () => {
    const earlier = dosed({ doses: 2, dosesNeeded: 2, lastDoseAtMs: Date.parse("2026-01-01") });
    const later = dosed({ doses: 1 });
    expect(onDay(doses(), [earlier, later], at)).toBe("granted");
    expect(onDay(doses({ minDoses: "complete" }), [earlier, later], at)).toBe("granted");
    expect(onDay(doses({ minDoses: 3 }), [earlier, later], at)).toContain("incomplete");
  });

  it.each([
    ["another disease", [dosed({ disease: "snomed:6142004" })], "referred vaccination-missing"],
    ["a known other product", [dosed({ disease: "other" })], "referred vaccination-missing"],
    ["an unknown product", [dosed({ disease: "unknown" })], "referred vaccination-unclear"],
    [
      "one of COVID-19 and one of influenza",
      [dosed({ doses: 1 }), dosed({ doses: 1, disease: "other" })],
      "denied vaccination-incomplete",
    ],
    [
      "one of COVID-19 and one unknown",
      [dosed({ doses: 1 }), dosed({ doses: 1, disease: "unknown" })],
      "referred vaccination-unclear",
    ],
    [
      "one unknown that is too recent to be the one that is lacking",
      [
        dosed({ doses: 1 }),
        dosed({ doses: 1, disease: "unknown", lastDoseAtMs: Date.parse("2026-04-30") }),
      ],
      "denied vaccination-incomplete",
    ],
    [
      "a newer one of another disease",
      [dosed({}), dosed({ disease: "other", lastDoseAtMs: Date.parse("2026-04-30") })],
      "granted",
    ],
  ])("of %s", (_name, evidence, expected) => {
    expect(onDay(doses({ minDaysSinceLastDose: 14 }), evidence, at)).toBe(expected);
  });

  it("of another disease count where the rule asks for it", () => {
    const flu = dosed({ doses: 1, disease: "snomed:6142004" });
    expect(onDay(doses({ minDoses: 1, disease: "snomed:6142004" }), flu, at)).toBe("granted");
  });
});

describe("recovery", () => {
  it.each([
    ["2026-03-11T23:59:00+08:00", "denied recovery-too-recent"],
    ["2026-03-12T00:00:00+08:00", "granted"],
    ["2026-08-28T23:59:00+08:00", "granted"],
    ["2026-08-29T00:00:00+08:00", "denied recovery-too-old"],
  ])("at %s", (time, expected) => {
    expect(onDay(recovery(), recovered(), time)).toBe(expected);
  });

  const term = { fromMs: Date.parse("2026-03-20"), untilMs: Date.parse("2026-04-20") };
  it.each([
    ["the evening before its first day", term, "2026-03-19T23:59:00+08:00", "recovery-not-yet"],
    ["its first day", term, "2026-03-20T00:00:00+08:00", "granted"],
    ["its last day", term, "2026-04-20T23:59:00+08:00", "granted"],
    ["the day after its last", term, "2026-04-21T00:00:00+08:00", "recovery-over"],
    [
      "a term of one day",
      { fromMs: term.fromMs, untilMs: term.fromMs },
      "2026-03-20T12:00:00+08:00",
      "granted",
    ],
    [
      "a term that ends before it begins",
      { fromMs: term.untilMs, untilMs: term.fromMs },
      "2026-04-01T12:00:00+08:00",
      "recovery-not-yet",
    ],
    [
      "such a term afterwards",
      { fromMs: term.untilMs, untilMs: term.fromMs },
      "2026-05-01T12:00:00+08:00",
      "recovery-over",
    ],
    ["no end", { fromMs: term.fromMs }, "2026-06-01T12:00:00+08:00", "granted"],
  ])("with %s", (_name, dates, time, expected) => {
    expect(onDay(recovery(), recovered(dates), time)).toContain(expected);
  });

  it("of which one holds is enough, and of another disease is none", () => {
    const over = recovered({ ...term, firstPositiveAtMs: Date.parse("2026-03-05") });
    expect(onDay(recovery(), [over, recovered()], "2026-05-01T12:00:00+08:00")).toBe("granted");
    expect(onDay(recovery(), recovered({ disease: "snomed:6142004" }), "2026-05-01T12:00Z")).toBe(
      "referred recovery-missing",
    );
    expect(onDay(recovery(), recovered({ disease: "unknown" }), "2026-05-01T12:00Z")).toBe(
      "referred recovery-unclear",
    );
    expect(
      onDay(recovery(), [over, recovered({ disease: "unknown" })], "2026-05-01T12:00:00+08:00"),
    ).toBe("referred recovery-unclear");
  });
});
