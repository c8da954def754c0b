import { describe, expect, it } from "vitest";
import type { Evidence, TestResult } from "../../../../src/core/evidence/evidence.ts";
import type { Rule } from "../../../../src/core/policy/policy.ts";
import { DAY_MS, HOUR_MS } from "../../../../src/core/time.ts";
import { at, NOON_MS, piece } from "../../../support/core.ts";
import { outcomeOf, VERDICTS } from "../support.ts";

type TestKind = "nucleic-acid-test" | "antigen-test" | "other-test";

const taken =
  (kind: TestKind) =>
  (hoursAgo: number, result: TestResult = "negative", disease = "covid-19", until?: number) =>
    piece({
      kind,
      disease,
      result,
      sampledAtMs: NOON_MS - hoursAgo * HOUR_MS,
      ...(until === undefined ? {} : { sampledUntilMs: NOON_MS - until * HOUR_MS }),
    });
const nat = taken("nucleic-acid-test");
const antigen = taken("antigen-test");
const other = taken("other-test");

const RULE = {
  id: "n",
  kind: "nucleic-acid-test",
  maxAgeHours: 48,
  countFrom: "sampledAt",
  ...VERDICTS,
} as const satisfies Rule;
const ANTIGEN = { id: "a", kind: "antigen-test", maxAgeHours: 24, ...VERDICTS } as const;

describe("the newest result decides", () => {
  it.each<[string, Evidence[], string]>([
    ["a negative", [nat(1)], "granted"],
    ["a positive", [nat(1, "positive")], "denied test-positive"],
    ["an unknown one", [nat(1, "unknown")], "referred test-unclear"],
    ["a pending one", [nat(1, "pending")], "referred test-pending"],
    ["nothing", [], "referred test-missing"],
    ["a positive newer than a negative", [nat(40), nat(1, "positive")], "denied test-positive"],
    ["an unknown newer than a negative", [nat(40), nat(1, "unknown")], "referred test-unclear"],
    ["a pending newer than a negative", [nat(40), nat(1, "pending")], "referred test-pending"],
    ["a negative newer than a positive", [nat(1), nat(40, "positive")], "granted"],
    ["a negative newer than an unknown", [nat(1), nat(40, "unknown")], "granted"],
    ["a negative newer than a pending", [nat(1), nat(40, "pending")], "granted"],
    ["a positive of the same moment", [nat(1), nat(1, "positive")], "denied test-positive"],
    ["an unknown of the same moment", [nat(1, "unknown"), nat(1)], "referred test-unclear"],
    [
      "a positive and an unknown of one moment",
      [nat(1, "unknown"), nat(1, "positive")],
      "denied test-positive",
    ],
    [
      "a pending newer than a positive",
      [nat(1, "pending"), nat(40, "positive")],
      "referred test-pending",
    ],
  ])("%s", (_name, evidence, expected) => {
    expect(outcomeOf([RULE], evidence)).toBe(expected);
  });

  it("and a pending one only where the policy lets it", () => {
    const rule: Rule = { ...RULE, pendingHides: false };
    expect(outcomeOf([rule], [nat(40), nat(1, "pending")])).toBe("granted");
    expect(outcomeOf([rule], [nat(40, "positive"), nat(1, "pending")])).toBe(
      "denied test-positive",
    );
    expect(outcomeOf([rule], [nat(40), nat(1, "unknown")])).toBe("referred test-unclear");
    expect(outcomeOf([rule], [nat(1, "pending")])).toBe("referred test-missing");
  });

  it("and what is unclear may deny, but never grants", () => {
    const rule: Rule = { ...RULE, whenMissing: "grant", whenUnclear: "deny" };
    expect(outcomeOf([rule], [nat(1, "unknown")])).toBe("denied test-unclear");
    expect(outcomeOf([{ ...RULE, whenMissing: "grant" }], [nat(1, "unknown")])).toBe(
      "referred test-unclear",
    );
    expect(outcomeOf([{ ...RULE, whenMissing: "deny" }], [nat(1, "pending")])).toBe(
      "referred test-pending",
    );
  });

  it.each<[string, Evidence[], string]>([
    [
      "a positive antigen test is newer",
      [nat(40), antigen(1, "positive")],
      "denied antigen-positive",
    ],
    ["an unclear antigen test is newer", [nat(40), antigen(1, "unknown")], "referred test-unclear"],
    ["a pending antigen test is newer", [nat(40), antigen(1, "pending")], "granted"],
    ["a positive antigen test is older", [nat(1), antigen(2, "positive")], "granted"],
    ["only an antigen test is negative", [antigen(1)], "referred test-missing"],
    [
      "a positive test of an unlisted kind is newer",
      [nat(40), other(1, "positive")],
      "denied test-positive",
    ],
    ["an unlisted kind is negative", [other(1)], "referred test-unclear"],
    ["an unlisted kind is negative and too old", [other(49)], "referred test-missing"],
    ["an unlisted kind is newer than one too old", [nat(49), other(1)], "referred test-unclear"],
    ["an unlisted kind is older than one too old", [nat(49), other(60)], "denied test-too-old"],
    [
      "an unlisted kind is newer than a positive",
      [nat(2, "positive"), other(1)],
      "denied test-positive",
    ],
  ])("when %s", (_name, evidence, expected) => {
    expect(outcomeOf([RULE], evidence)).toBe(expected);
  });

  it("also for antigen tests, each kind with its own words", () => {
    expect(outcomeOf([ANTIGEN], [antigen(24)])).toBe("granted");
    expect(outcomeOf([ANTIGEN], [antigen(24.001)])).toBe("denied antigen-too-old");
    expect(outcomeOf([ANTIGEN], [antigen(5), antigen(1, "pending")])).toBe(
      "referred antigen-pending",
    );
    expect(outcomeOf([ANTIGEN], [antigen(5), nat(1, "positive")])).toBe("denied test-positive");
    expect(outcomeOf([ANTIGEN], [antigen(5, "positive"), antigen(1)])).toBe("granted");
    expect(outcomeOf([ANTIGEN], [])).toBe("referred antigen-missing");
  });
});

describe("among alternatives", () => {
  const unread = piece({ kind: "vaccination", disease: "unknown", doses: 2, lastDoseAtMs: 0 });
  const doses: Rule = {
    id: "v",
    kind: "vaccination",
    minDoses: 2,
    ...VERDICTS,
    whenMissing: "deny",
  };
  const either = (change: Partial<Rule> = {}): Rule =>
    ({
      id: "e",
      kind: "any-of",
      ...VERDICTS,
      whenMissing: "deny",
      rules: [doses, RULE],
      ...change,
    }) as Rule;

  it.each<[string, Evidence[], string]>([
    [
      "one that is unclear stands before one that is missing",
      [nat(1, "pending")],
      "referred test-pending",
    ],
    ["one that is unmet stands before one that is missing", [nat(49)], "denied test-too-old"],
    [
      "one that is unclear stands before one that is unmet",
      [nat(49), unread],
      "referred vaccination-unclear",
    ],
    [
      "but not before one that speaks against the visitor",
      [nat(1, "positive"), unread],
      "denied test-positive",
    ],
    ["none that is there is missing", [], "denied vaccination-missing"],
    ["one that is met is enough", [nat(1)], "granted"],
  ])("%s", (_name, evidence, expected) => {
    expect(outcomeOf([either()], evidence)).toBe(expected);
  });

  it("the rule around them says what follows from unclear ones", () => {
    expect(outcomeOf([either({ whenUnclear: "deny" })], [nat(1, "unknown")])).toBe(
      "denied test-unclear",
    );
  });
});

describe("tests of other diseases", () => {
  const FLU = "snomed:6142004";
  it.each<[string, Evidence[], string]>([
    ["prove nothing", [nat(1, "negative", FLU)], "referred test-missing"],
    ["say nothing against anybody", [nat(40), nat(1, "positive", FLU)], "granted"],
    [
      "prove nothing when the disease is unknown, and are not missing",
      [nat(1, "negative", "unknown")],
      "referred test-unclear",
    ],
    [
      "make a newer positive unclear when the disease is unknown",
      [nat(40), nat(1, "positive", "unknown")],
      "referred test-unclear",
    ],
    [
      "make a newer result unclear when neither is known",
      [nat(40), other(1, "unknown", "unknown")],
      "referred test-unclear",
    ],
    ["do not when that is older", [nat(1), other(40, "positive", "unknown")], "granted"],
    [
      "are of no weight when negative and unknown",
      [nat(40), other(1, "negative", "unknown")],
      "granted",
    ],
  ])("%s", (_name, evidence, expected) => {
    expect(outcomeOf([RULE], evidence)).toBe(expected);
  });

  it("count where the rule or the policy asks for them", () => {
    const flu = [nat(1, "negative", FLU), nat(1, "positive")];
    expect(outcomeOf([{ ...RULE, disease: FLU }], flu)).toBe("granted");
    expect(outcomeOf([RULE], flu, { policy: { disease: FLU } })).toBe("granted");
    expect(outcomeOf([{ ...RULE, disease: "covid-19" }], flu, { policy: { disease: FLU } })).toBe(
      "denied test-positive",
    );
  });
});

describe("a sample of which only the day is known", () => {
  const midnight = Math.floor(NOON_MS / DAY_MS) * DAY_MS;
  const onDay = (result: TestResult, day = midnight) =>
    piece({
      kind: "nucleic-acid-test",
      disease: "covid-19",
      result,
      sampledAtMs: day,
      sampledUntilMs: day + DAY_MS - 1,
    });

  it("is as old as it can be when it is negative, and as new when it is not", () => {
    expect(outcomeOf([RULE], [nat(0), onDay("positive")])).toBe("denied test-positive");
    expect(outcomeOf([RULE], [onDay("negative"), nat(1, "positive")])).toBe("denied test-positive");
    expect(outcomeOf([RULE], [nat(0), onDay("positive", midnight - DAY_MS)])).toBe("granted");
  });

  it("is counted from the venue's midnight", () => {
    const rule: Rule = { ...RULE, maxAgeHours: 10 };
    // 2022-04-26 began in Shanghai ten hours before NOON_MS, and in UTC two hours before.
    const policy = { timeZone: "Asia/Shanghai" };
    expect(outcomeOf([rule], [onDay("negative")], { policy })).toBe("granted");
    expect(outcomeOf([rule], [onDay("negative")], { policy, at: at(1) })).toBe(
      "denied test-too-old",
    );
    expect(
      outcomeOf([rule], [onDay("negative")], {
        policy,
        at: { ...at(), wallMs: midnight - 8 * HOUR_MS },
      }),
    ).toContain("denied live-code");
    expect(outcomeOf([rule], [onDay("negative")], { policy: { timeZone: "UTC" }, at: at(1) })).toBe(
      "granted",
    );
  });
});
