/** Calendar questions at the venue: which day and which minute of the day it is there, summer time included. */
import { DAY_MS, MINUTE_MS } from "../time.ts";

/** Where the venue is: an IANA time zone, or a fixed number of minutes ahead of UTC. */
export type Zone = string | number;

/** The furthest moment a calendar knows (ECMA-262, time values). */
const LAST_MOMENT_MS = 8.64e15;

// Making one is slow and it never changes; the answers depend on the zone and the moment alone.
const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  FORMATS.set(timeZone, made);
  return made;
}

/** How far the venue's local time is ahead of UTC at a moment. */
export function offsetMs(wallMs: number, zone: Zone): number {
  if (typeof zone === "number") return zone * MINUTE_MS;
  if (!(Math.abs(wallMs) <= LAST_MOMENT_MS)) return 0;
  const parts = new Map(
    formatOf(zone)
      .formatToParts(wallMs)
      .map((each) => [each.type, each.value]),
  );
  const field = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
  const year = parts.get("era") === "BC" ? 1 - field("year") : field("year");
  const local = new Date(0);
  local.setUTCFullYear(year, field("month") - 1, field("day"));
  local.setUTCHours(field("hour"), field("minute"), field("second"));
  return local.getTime() - Math.floor(wallMs / 1_000) * 1_000;
}

/** The venue's local time, as milliseconds whose UTC fields read like its clock on the wall. */
export function localMs(wallMs: number, zone: Zone): number {
  return wallMs + offsetMs(wallMs, zone);
}

/** Days since 1970-01-01 at the venue. */
export function localDay(wallMs: number, zone: Zone): number {
  return Math.floor(localMs(wallMs, zone) / DAY_MS);
}

/**
 * The calendar day a statement names. A date without a time is kept as midnight UTC and is that day
 * wherever the venue is; anything else is a moment, which has its day at the venue.
 */
export function dayOf(statedMs: number, zone: Zone): number {
  return statedMs % DAY_MS === 0 ? statedMs / DAY_MS : localDay(statedMs, zone);
}

/** When a day begins at the venue. */
export function startOfDayMs(day: number, zone: Zone): number {
  const midnight = day * DAY_MS;
  const about = midnight - offsetMs(midnight, zone);
  return midnight - offsetMs(about, zone);
}
