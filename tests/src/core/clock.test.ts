/** A clock that cannot be believed is the unit's own fault: it refers, and refuses nobody. */
import { describe, expect, it } from "vitest";
import type { Credential, Evidence } from "../../../src/core/evidence/evidence.ts";
import type { Policy, Rule } from "../../../src/core/policy/policy.ts";
import { REASONS_OF_TIME, type ReasonCode } from "../../../src/core/reason.ts";
import { DAY_MS, HOUR_MS } from "../../../src/core/time.ts";
import { aCredential, at, card, NOON_MS, paper, piece } from "../../support/core.ts";
import { outcomeOf, VERDICTS } from "./support.ts";

const strict = { ...VERDICTS, whenMissing: "deny" as const };
const COLOUR: Rule = { id: "c", kind: "code-colour", accepted: ["green"], ...strict };
const NAT: Rule = {
  id: "n",
  kind: "nucleic-acid-test",
  maxAgeHours: 48,
  countFrom: "sampledAt",
  ...strict,
};
const green = (change: Partial<Evidence> = {}) =>
  piece({ kind: "code-colour", colour: "green" }, change);
const negative = (hoursAgo: number) =>
  piece({
    kind: "nucleic-acid-test",
    disease: "covid-19",
    result: "negative",
    sampledAtMs: NOON_MS - hoursAgo * HOUR_MS,
  });
const live = (change: Partial<Credential> = {}) => aCredential({ evidence: [green()], ...change });

function shown(credential: Credential, rules: Rule[], change: object = {}): string {
  return outcomeOf(rules, [], { credential, at: at(0, false), ...change });
}

describe("with a clock that cannot be believed", () => {
  it("a fresh live code that looks old or ahead is referred, the clock named first", () => {
    for (const issuedAtMs of [NOON_MS - 3 * HOUR_MS, NOON_MS + 3 * HOUR_MS]) {
      const outcome = shown(live({ issuedAtMs }), [COLOUR]);
      expect(outcome).toMatch(/^referred clock-untrusted live-code-/);
    }
  });

  it.each<[string, ReasonCode[]]>([
    ["a pass that looks expired", ["live-code-too-old", "expired"]],
    ["one that looks not yet valid", ["not-yet-valid"]],
    ["one whose issuer looks expired", ["issuer-expired"]],
  ])("%s is referred", (_name, codes) => {
    const reasons = codes.map((code) => ({ code })) as Credential["reasons"];
    const outcome = shown(live({ isValid: false, reasons }), [COLOUR]);
    expect(outcome).toBe(["referred clock-untrusted", ...codes].join(" "));
  });

  it.each<[ReasonCode]>([["revoked"], ["signature-invalid"], ["issuer-unknown"], ["malformed"]])(
    "a credential that is %s is denied all the same",
    (code) => {
      const reasons = [{ code }, { code: "expired" }] as Credential["reasons"];
      const outcome = shown(live({ isValid: false, reasons }), [COLOUR]);
      expect(outcome).toBe(`denied ${code} clock-untrusted expired`);
    },
  );

  it("a red code is denied, also in a pass that looks expired or not yet valid", () => {
    const red = piece({ kind: "code-colour", colour: "red" }, { validUntilMs: NOON_MS - HOUR_MS });
    const reasons = [{ code: "expired" as const }];
    expect(shown(live({ isValid: false, reasons, evidence: [red] }), [COLOUR])).toBe(
      "denied code-red clock-untrusted expired",
    );
    expect(shown(live({ evidence: [red] }), [COLOUR])).toBe("denied code-red clock-untrusted");
  });

  it("what only looks old or early is referred", () => {
    const evidence = [green(), negative(49)];
    expect(shown(live({ evidence }), [COLOUR, NAT])).toBe("referred clock-untrusted test-too-old");
    expect(shown(live({ evidence: [green(), negative(-1)] }), [NAT])).toBe(
      "referred clock-untrusted test-from-future",
    );
    const doses: Rule = {
      id: "v",
      kind: "vaccination",
      minDoses: 1,
      minDaysSinceLastDose: 14,
      maxDaysSinceLastDose: 270,
      ...strict,
    };
    const dosed = (days: number) =>
      piece({
        kind: "vaccination",
        disease: "covid-19",
        doses: 1,
        lastDoseAtMs: NOON_MS - days * DAY_MS,
      });
    for (const days of [-30, 3, 400]) {
      expect(shown(live({ evidence: [dosed(days)] }), [doses])).toMatch(
        /^referred clock-untrusted vaccination-too-/,
      );
    }
    const recovery: Rule = { id: "r", kind: "recovery", minDays: 11, maxDays: 180, ...strict };
    const over = piece({
      kind: "recovery",
      disease: "covid-19",
      firstPositiveAtMs: NOON_MS - 30 * DAY_MS,
      untilMs: NOON_MS - DAY_MS,
    });
    expect(shown(live({ evidence: [over] }), [recovery])).toBe(
      "referred clock-untrusted recovery-over",
    );
  });

  it("what does not rest on the time is denied as ever", () => {
    const positive = piece({
      kind: "nucleic-acid-test",
      disease: "covid-19",
      result: "positive",
      sampledAtMs: NOON_MS - HOUR_MS,
    });
    expect(shown(live({ evidence: [positive] }), [NAT])).toBe(
      "denied test-positive clock-untrusted",
    );
    expect(shown(live(), [NAT])).toBe("denied test-missing clock-untrusted");
    expect(shown(live({ kind: "nz-covid-pass" }), [])).toBe(
      "denied credential-kind-not-accepted clock-untrusted",
    );
  });

  it("a credential of which nothing is known is not refused for what it lacks", () => {
    const reasons = [{ code: "card-expired" as const }];
    const nothing = live({ kind: "resident-id", isValid: false, reasons, evidence: [] });
    expect(shown(nothing, [COLOUR, NAT])).toBe("referred clock-untrusted card-expired");
  });

  it("closed hours are no closed door", () => {
    const closed: Partial<Policy> = {
      openingHours: {
        spans: [{ days: [7], fromMinute: 600, untilMinute: 660 }],
        whenClosed: "deny",
      },
    };
    expect(shown(live(), [], { policy: closed })).toBe(
      "referred clock-untrusted outside-opening-hours",
    );
    expect(outcomeOf([], [], { credential: live(), policy: closed })).toBe(
      "denied outside-opening-hours",
    );
  });

  it("lists that look old are no ground to deny", () => {
    const policy: Partial<Policy> = {
      freshness: { maxTrustListAgeHours: 72, maxDirectoryAgeHours: 24, whenOlder: "deny" },
    };
    const old = live({ basis: "trust-list", basisAsOfMs: NOON_MS - 100 * HOUR_MS });
    expect(shown(old, [], { policy })).toBe("referred clock-untrusted trust-list-too-old");
    expect(outcomeOf([], [], { credential: old, policy })).toBe("denied trust-list-too-old");
  });

  it("a card that looks expired still has to be the holder's", () => {
    const expired = (pseudonym: string) => ({
      ...card(pseudonym),
      isValid: false,
      reasons: [{ code: "card-expired" as const }],
    });
    const supportingCard = expired("holder-1");
    expect(shown(paper(), [], { supportingCard })).toBe("referred clock-untrusted card-expired");
    expect(shown(paper(), [], { supportingCard: expired("holder-2") })).toBe(
      "denied holder-mismatch clock-untrusted card-expired",
    );
  });

  it("an alternative that only time speaks against may be met: the whole is for staff", () => {
    const positive = piece({
      kind: "antigen-test",
      disease: "covid-19",
      result: "positive",
      sampledAtMs: NOON_MS - 90 * DAY_MS,
    });
    const recovered = piece({
      kind: "recovery",
      disease: "covid-19",
      firstPositiveAtMs: NOON_MS - 3 * DAY_MS,
    });
    const either: Rule = {
      id: "either",
      kind: "any-of",
      ...strict,
      rules: [
        { id: "a", kind: "antigen-test", maxAgeHours: 24, ...strict },
        { id: "r", kind: "recovery", minDays: 11, maxDays: 180, ...strict },
      ],
    };
    const evidence = [positive, recovered];
    expect(shown(live({ evidence }), [either])).toBe(
      "referred clock-untrusted recovery-too-recent",
    );
    expect(outcomeOf([either], evidence)).toBe("denied antigen-positive");
  });

  it.each([
    ["refer", "referred clock-untrusted live-code-too-old"],
    ["grant", "referred live-code-too-old"],
    ["deny", "denied clock-untrusted live-code-too-old"],
  ] as const)("does as the policy says: %s", (whenUntrusted, expected) => {
    const old = live({ issuedAtMs: NOON_MS - 3 * HOUR_MS });
    expect(shown(old, [COLOUR], { policy: { clock: { whenUntrusted } } })).toBe(expected);
  });

  it("every reason of time is one of those that do not deny", () => {
    for (const code of REASONS_OF_TIME) {
      const reasons = [{ code }] as Credential["reasons"];
      const outcome = shown(live({ isValid: false, reasons }), []);
      expect(outcome).toMatch(/^referred clock-untrusted/);
    }
  });
});

describe("the unit's own faults", () => {
  it.each<[ReasonCode]>([["directory-unreachable"], ["trust-list-too-old"], ["possibly-revoked"]])(
    "%s is for staff where the policy does not say",
    (code) => {
      const reasons = [{ code }] as Credential["reasons"];
      const credential = live({ isValid: false, reasons });
      const policy = { whenCredentialFails: {} };
      expect(outcomeOf([], [], { credential, policy })).toBe(`referred ${code}`);
      const denying = { whenCredentialFails: { [code]: "deny" as const } };
      expect(outcomeOf([], [], { credential, policy: denying })).toBe(`denied ${code}`);
    },
  );

  it("stand before the visitor's", () => {
    const warm: Rule = { id: "t", kind: "temperature", maxC: 37.3, minC: 34, ...VERDICTS };
    const colour: Rule = { ...COLOUR, whenUnmet: "refer" };
    const yellow = piece({ kind: "code-colour", colour: "yellow" });
    const credential = live({ evidence: [yellow] });
    expect(outcomeOf([colour, warm], [], { credential, outOfReach: ["temperature"] })).toBe(
      "referred temperature-missing code-yellow",
    );
  });
});
