/** Dates and times: what exists, what does not, and the ways a zone is written. */
import { describe, expect, it } from "vitest";
import { fhirTimeOf, isBirthDate, timeOf } from "../../../src/base/dates.ts";

const NOON = Date.parse("2026-05-01T12:00:00Z");

describe("a moment", () => {
  it.each([
    ["Z", 0],
    ["z", 0],
    ["", 0],
    ["+00:00", 0],
    ["+0000", 0],
    ["+00", 0],
    ["+0", 0],
    ["-0", 0],
    ["+000", 0],
    ["+2", 120],
    ["+02", 120],
    ["+2:00", 120],
    ["+0200", 120],
    ["+02:00", 120],
    ["-5", -300],
    ["-05:30", -330],
    ["+5:45", 345],
    ["+545", 345],
    ["+23:59", 1439],
  ])("in the zone %j", (zone, minutesAhead) => {
    expect(timeOf(`2026-05-01T12:00:00${zone}`)).toBe(NOON - minutesAhead * 60_000);
  });

  it.each([
    ["2026-02-28", "2026-02-28T00:00:00Z"],
    ["2024-02-29", "2024-02-29T00:00:00Z"],
    ["2000-02-29T23:59:59.999Z", "2000-02-29T23:59:59.999Z"],
    ["2026-12-31T23:59", "2026-12-31T23:59:00Z"],
    ["2026-05-01t12:00:00.1234567Z", "2026-05-01T12:00:00.123Z"],
    ["2026-05-01T12:00:00.5Z", "2026-05-01T12:00:00.500Z"],
    ["1900-01-01", "1900-01-01T00:00:00Z"],
    ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"],
  ])("%s is %s", (text, same) => {
    expect(timeOf(text)).toBe(Date.parse(same));
  });

  it.each([
    "",
    "2026",
    "2026-05",
    "2026-5-1",
    "10.01.2026",
    "2026-02-29",
    "2026-02-30",
    "2026-04-31",
    "1900-02-29",
    "2026-00-10",
    "2026-13-01",
    "2026-01-00",
    "2026-01-32",
    "0026-01-10",
    "0000-01-01",
    "1899-12-31",
    "2026-04-31T12:00:00Z",
    "2026-05-01T",
    "2026-05-01 12:00:00",
    "2026-05-01T24:00:00Z",
    "2026-05-01T12:60:00Z",
    "2026-06-30T23:59:60Z",
    "2026-05-01T12:00:00+24:00",
    "2026-05-01T12:00:00+02:60",
    "2026-05-01T12:00:00+2:",
    "2026-05-01T12:00:00+2:0",
    "2026-05-01T12:00:00+",
    "2026-05-01T12:00:00CEST",
    "2026-05-01T12:00:00Z ",
  ])("%j is none", (text) => {
    expect(timeOf(text)).toBeNaN();
  });

  it("of every day of four centuries is one, and of the day after each month is none", () => {
    for (let year = 1900; year < 2300; year++) {
      for (let month = 1; month <= 12; month++) {
        const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
        const text = `${year}-${String(month).padStart(2, "0")}-`;
        expect(timeOf(text + last)).toBe(Date.UTC(year, month - 1, last));
        expect(timeOf(text + (last + 1))).toBeNaN();
      }
    }
  });
});

it.each([
  ["2021", Date.UTC(2021, 0)],
  ["2021-03", Date.UTC(2021, 2)],
  ["2021-03-04", Date.UTC(2021, 2, 4)],
  ["2021-03-04T05:06:07+08:00", Date.UTC(2021, 2, 3, 21, 6, 7)],
  ["2021-13", Number.NaN],
  ["0021", Number.NaN],
  ["2021-02-30", Number.NaN],
])("FHIR's %s is %d", (text, expected) => {
  expect(fhirTimeOf(text)).toBe(expected);
});

it.each([
  ["1963", true],
  ["1963-11", true],
  ["1963-00", true],
  ["1963-00-00", true],
  ["1963-11-00", true],
  ["2000-02-29", true],
  ["1900-02-29", false],
  ["1990-02-30", false],
  ["1960-99-99", false],
  ["1963-13", false],
  ["0026-01-10", false],
  ["", false],
  ["1963-1-1", false],
])("a birth date %j: %s", (text, expected) => {
  expect(isBirthDate(text)).toBe(expected);
});
