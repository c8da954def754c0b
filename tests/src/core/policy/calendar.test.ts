import { describe, expect, it } from "vitest";
import {
  dayOf,
  localDay,
  localMs,
  startOfDayMs,
  type Zone,
} from "../../../../src/core/policy/calendar.ts";
import { isOpen } from "../../../../src/core/decision/decide.ts";
import type { OpeningSpan } from "../../../../src/core/policy/policy.ts";
import { DAY_MS } from "../../../../src/core/time.ts";

const utc = (text: string): number => Date.parse(`${text}Z`);
const wall = (ms: number, zone: Zone): string =>
  new Date(localMs(ms, zone)).toISOString().slice(0, 16);

describe("the clock on the venue's wall", () => {
  it.each([
    ["Asia/Shanghai", "2026-05-01T16:00", "2026-05-02T00:00"],
    ["Asia/Kathmandu", "2026-05-01T18:15", "2026-05-02T00:00"],
    ["Europe/Vienna", "2026-03-29T00:59", "2026-03-29T01:59"],
    ["Europe/Vienna", "2026-03-29T01:00", "2026-03-29T03:00"],
    ["Europe/Vienna", "2026-10-25T00:59", "2026-10-25T02:59"],
    ["Europe/Vienna", "2026-10-25T01:00", "2026-10-25T02:00"],
    ["America/New_York", "2026-03-08T06:59", "2026-03-08T01:59"],
    ["America/New_York", "2026-03-08T07:00", "2026-03-08T03:00"],
    ["Australia/Lord_Howe", "2026-10-03T15:30", "2026-10-04T02:30"],
    [480, "2026-05-01T16:00", "2026-05-02T00:00"],
    [-210, "2026-05-02T03:29", "2026-05-01T23:59"],
  ])("in %s at %s UTC shows %s", (zone, at, shown) => {
    expect(wall(utc(at), zone)).toBe(shown);
  });

  it("knows moments before 1970, and takes none that no calendar has", () => {
    expect(wall(utc("1940-06-03T00:00"), "UTC")).toBe("1940-06-03T00:00");
    expect(localMs(1e18, "Asia/Shanghai")).toBe(1e18);
    expect(Number.isNaN(localMs(Number.NaN, "Asia/Shanghai"))).toBe(true);
  });

  it.each([
    ["Asia/Shanghai", "2026-05-02", "2026-05-01T16:00"],
    ["Europe/Vienna", "2026-03-29", "2026-03-28T23:00"],
    ["Europe/Vienna", "2026-03-30", "2026-03-29T22:00"],
    ["Europe/Vienna", "2026-10-25", "2026-10-24T22:00"],
    ["Europe/Vienna", "2026-10-26", "2026-10-25T23:00"],
    ["America/Los_Angeles", "2026-05-02", "2026-05-02T07:00"],
  ])("in %s begins the day %s at %s UTC", (zone, day, begins) => {
    expect(startOfDayMs(Date.parse(day) / DAY_MS, zone)).toBe(utc(begins));
    expect(localDay(utc(begins), zone)).toBe(Date.parse(day) / DAY_MS);
    expect(localDay(utc(begins) - 1, zone)).toBe(Date.parse(day) / DAY_MS - 1);
  });

  it("takes a day without a time for that day everywhere, and a moment for its day at the venue", () => {
    const day = Date.parse("2026-05-02") / DAY_MS;
    for (const zone of ["Asia/Shanghai", "UTC", "America/Los_Angeles"]) {
      expect(dayOf(Date.parse("2026-05-02"), zone)).toBe(day);
    }
    expect(dayOf(utc("2026-05-02T01:00"), "America/Los_Angeles")).toBe(day - 1);
    expect(dayOf(utc("2026-05-01T23:00"), "Asia/Shanghai")).toBe(day);
  });
});

describe("opening hours", () => {
  const open = (span: OpeningSpan, zone: Zone, at: string): boolean =>
    isOpen({ spans: [span], whenClosed: "deny" }, utc(at), zone);
  const daily = [1, 2, 3, 4, 5, 6, 7];
  const from8to20 = { days: daily, fromMinute: 480, untilMinute: 1_200 };

  it.each([
    // The day before summer time begins, the day it begins, and the same hours in winter.
    ["2026-03-28T06:59", false],
    ["2026-03-28T07:00", true],
    ["2026-03-29T05:59", false],
    ["2026-03-29T06:00", true],
    ["2026-03-29T17:59", true],
    ["2026-03-29T18:00", false],
    ["2026-10-25T06:59", false],
    ["2026-10-25T07:00", true],
    ["2026-10-25T18:59", true],
    ["2026-10-25T19:00", false],
  ])("08:00-20:00 in Vienna at %s UTC: %s", (at, expected) => {
    expect(open(from8to20, "Europe/Vienna", at)).toBe(expected);
  });

  const night = { days: [6], fromMinute: 22 * 60, untilMinute: 3 * 60 };
  it.each([
    // Saturday's night into the Sunday without an hour from two to three: over at 03:00, at once.
    ["2026-03-28T20:59", false],
    ["2026-03-28T21:00", true],
    ["2026-03-29T00:59", true],
    ["2026-03-29T01:00", false],
    // Into the Sunday that has this hour twice: open both times.
    ["2026-10-24T19:59", false],
    ["2026-10-24T20:00", true],
    ["2026-10-25T00:30", true],
    ["2026-10-25T01:30", true],
    ["2026-10-25T01:59", true],
    ["2026-10-25T02:00", false],
  ])("sat 22:00-03:00 in Vienna at %s UTC: %s", (at, expected) => {
    expect(open(night, "Europe/Vienna", at)).toBe(expected);
  });

  it("are those of the policy's zone, of its offset, or of China", () => {
    const hours = { spans: [from8to20], whenClosed: "deny" as const };
    expect(isOpen(hours, utc("2026-05-02T00:00"))).toBe(true);
    expect(isOpen(hours, utc("2026-05-01T23:59"))).toBe(false);
    expect(isOpen({ ...hours, utcOffsetMinutes: 0 }, utc("2026-05-02T00:00"))).toBe(false);
    expect(isOpen({ ...hours, utcOffsetMinutes: 0 }, utc("2026-05-02T08:00"))).toBe(true);
  });
});
