import { describe, expect, it } from "vitest";
import { ALARM_KINDS, DEVICE_NAMES } from "../../../src/core/alarm.ts";
import { CREDENTIAL_KINDS } from "../../../src/core/evidence/evidence.ts";
import {
  CREDENTIAL_REASONS,
  DECISION_REASONS,
  type Reason,
  type ReasonCode,
} from "../../../src/core/reason.ts";
import { REASONS } from "../../../src/ui/pages/i18n/reasons.ts";
import {
  formatAge,
  formatTime,
  formatReason,
  type FormatContext,
} from "../../../src/ui/pages/i18n/format.ts";
import * as words from "../../../src/ui/pages/i18n/words.ts";

const HAN = /\p{Script=Han}/u;
const CODES: readonly ReasonCode[] = [...CREDENTIAL_REASONS, ...DECISION_REASONS];
const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 2, 9, 6, 32);
const zh: FormatContext = { language: "zh", nowMs: NOW_MS, utcOffsetMinutes: 480 };
const en: FormatContext = { language: "en", nowMs: NOW_MS, utcOffsetMinutes: 480 };

/** Parameters as the rules give them, by reason; the rest come without any. */
const PARAMS: Partial<Record<ReasonCode, Reason["params"]>> = {
  "credential-kind-not-accepted": { kind: "eu-dcc" },
  "live-code-too-old": { issuedAtMs: NOW_MS - HOUR_MS, ageMs: HOUR_MS, maxAgeMinutes: 30 },
  "live-code-from-future": { issuedAtMs: NOW_MS + HOUR_MS, ageMs: -HOUR_MS },
  "code-reused": { agoMs: 60_000 },
  "test-too-old": { ageMs: 49 * HOUR_MS, maxAgeHours: 48 },
  "test-from-future": { ageMs: -1 },
  "antigen-too-old": { ageMs: 25 * HOUR_MS, maxAgeHours: 24 },
  "vaccination-incomplete": { doses: 1, needed: 2 },
  "vaccination-too-recent": { ageMs: HOUR_MS, minDays: 14 },
  "vaccination-too-old": { ageMs: 9_000 * HOUR_MS, maxDays: 270 },
  "recovery-too-recent": { minDays: 11 },
  "recovery-too-old": { maxDays: 180 },
  "business-rules-failed": { rules: "GR-CN-0001" },
  "temperature-high": { celsius: 38.25, maxC: 37.3 },
  "temperature-implausible": { celsius: 31 },
  "directory-too-old": { ageMs: 80 * HOUR_MS, maxAgeHours: 72 },
  "trust-list-too-old": { ageMs: 80 * HOUR_MS, maxAgeHours: 72 },
};

describe("every reason", () => {
  it.each(CODES)("%s says what is wrong and what to do, in both languages", (code) => {
    expect(Object.keys(REASONS)).toContain(code);
    const reason: Reason = {
      code,
      ...(PARAMS[code] === undefined ? {} : { params: PARAMS[code] }),
    };
    const inChinese = Object.values(formatReason(reason, zh));
    const inEnglish = Object.values(formatReason(reason, en));
    for (const text of inChinese) expect(text).toMatch(HAN);
    for (const text of inEnglish) expect(text).not.toMatch(HAN);
    for (const text of [...inChinese, ...inEnglish]) {
      expect(text.length).toBeGreaterThan(1);
      expect(text).not.toMatch(/[{}–]|undefined|NaN/);
    }
  });

  it("is not said by a code that does not exist", () => {
    expect(Object.keys(REASONS).sort()).toEqual([...CODES].sort());
  });

  it("does not break when a figure is missing", () => {
    expect(formatReason({ code: "test-too-old" }, zh).reason).toContain("–");
  });
});

describe("every other word", () => {
  it.each([
    ["alarms", words.ALARMS, ALARM_KINDS],
    ["credentials", words.CREDENTIALS, CREDENTIAL_KINDS],
    ["devices", words.DEVICES, DEVICE_NAMES],
    ["needs", words.NEEDS, ["id-card", "temperature"]],
    ["modes", words.MODES, ["normal", "locked-down", "evacuation"]],
    ["outcomes", words.OUTCOMES, ["granted", "denied", "referred"]],
    [
      "phases",
      words.PHASES,
      [
        "welcome",
        "checking",
        "granted",
        "denied",
        "referred",
        "opened",
        "exit",
        "locked-down",
        "evacuation",
      ],
    ],
    [
      "rule kinds",
      words.RULES,
      [
        "code-colour",
        "nucleic-acid-test",
        "antigen-test",
        "vaccination",
        "recovery",
        "temperature",
        "roster",
        "business-rules",
        "any-of",
      ],
    ],
    ["endings", words.ENDINGS, ["taken", "not-taken", "unobserved", "abandoned"]],
    ["evidence", words.EVIDENCE, Object.keys(words.EVIDENCE)],
    [
      "rule outcomes",
      words.RULE_OUTCOMES,
      ["met", "unmet", "unclear", "missing", "unreachable", "not-applicable"],
    ],
    ["house rules", words.HOUSE_RULES, Object.keys(words.HOUSE_RULES)],
    ["texts", words.TEXT, Object.keys(words.TEXT)],
  ])("of the %s stands in both languages", (_name, table, keys) => {
    expect(Object.keys(table).sort()).toEqual([...keys].sort());
    for (const { zh: chinese, en: english } of Object.values<words.Bilingual>(table)) {
      expect(chinese).not.toBe("");
      expect(english).not.toBe("");
      expect(english).not.toMatch(HAN);
    }
  });
});

describe("times and ages", () => {
  it.each([
    [NOW_MS, "14:32", "14:32"],
    [NOW_MS - 14.5 * HOUR_MS, "00:02", "00:02"],
    [NOW_MS - 15 * HOUR_MS, "3月8日 23:32", "8 Mar 23:32"],
    [NOW_MS - 366 * 24 * HOUR_MS, "2025年3月8日 14:32", "8 Mar 2025 14:32"],
    [Number.NaN, "–", "–"],
  ])("says %d as the venue's local time", (atMs, chinese, english) => {
    expect(formatTime(atMs, zh)).toBe(chinese);
    expect(formatTime(atMs, en)).toBe(english);
  });

  it.each([
    [-5_000, "在未来", "in the future"],
    [900, "0.9 秒", "0.9 s"],
    [59_999, "59 秒", "59 s"],
    [60_000, "1 分钟", "1 min"],
    [90 * 60_000, "1 小时 30 分钟", "1 h 30 min"],
    [48 * HOUR_MS, "48 小时", "48 h"],
    [48 * HOUR_MS + 60_000, "48 小时 1 分钟", "48 h 1 min"],
    [96 * HOUR_MS, "4 天", "4 days"],
    [Number.NaN, "–", "–"],
  ])("says an age of %d ms", (ageMs, chinese, english) => {
    expect(formatAge(ageMs, "zh")).toBe(chinese);
    expect(formatAge(ageMs, "en")).toBe(english);
  });
});
