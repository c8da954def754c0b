/** Doses as events: what two systems report of one dose is one dose. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../core/time.ts";
import { fhirTimeOf } from "../../base/dates.ts";

/** When something was, as exactly as it is known. */
export interface TimeSpan {
  fromMs: number;
  /** The last moment that it can have been; `fromMs` for an exact time. */
  untilMs: number;
  /** The day as written. */
  day?: string;
  /** Written with its offset: the day is the one of the place where it was. */
  local?: boolean;
}

/** A year, a month, a day or a time, as FHIR writes them; undefined where it is none. */
export function timeSpanOf(text = ""): TimeSpan | undefined {
  const fromMs = fhirTimeOf(text);
  if (Number.isNaN(fromMs)) return undefined;
  const partial = /^(\d{4})(?:-(\d\d))?$/.exec(text);
  if (partial !== null) {
    const [, year, month] = partial;
    const next =
      month === undefined ? Date.UTC(Number(year) + 1, 0) : Date.UTC(Number(year), Number(month));
    return { fromMs, untilMs: next - DAY_MS };
  }
  const day = text.slice(0, 10);
  if (text.length === day.length) return { fromMs, untilMs: fromMs + DAY_MS - 1, day, local: true };
  const offset = /[+-][\d:]+$/.exec(text.slice(day.length))?.[0] ?? "";
  return { fromMs, untilMs: fromMs, day, local: /[1-9]/.test(offset) };
}

const isExact = ({ fromMs, untilMs }: TimeSpan): boolean => fromMs === untilMs;

/** Clocks on the wall are at most so far behind UTC, and so far ahead of it. */
const MOST_BEHIND_MS = 12 * HOUR_MS;
const MOST_AHEAD_MS = 14 * HOUR_MS;

/** Whether two reports can be of one dose: no person is given two of one kind on one day. */
function isSame(a: TimeSpan, b: TimeSpan): boolean {
  if (a.day !== undefined && a.day === b.day) return true;
  if (isExact(a) && isExact(b)) return Math.abs(a.fromMs - b.fromMs) < MINUTE_MS;
  if (isExact(a)) return isSame(b, a);
  if (a.local === true && b.local === true && a.day !== undefined && b.day !== undefined)
    return false;
  // A day elsewhere begins and ends at another time than that of UTC.
  const [before, after] = isExact(b) ? [MOST_AHEAD_MS, MOST_BEHIND_MS] : [0, 0];
  return b.untilMs >= a.fromMs - before && b.fromMs <= a.untilMs + after;
}

/**
 * Reports that can be of one dose together, the oldest dose first; in each the most exact one first.
 * It takes as few doses as the reports allow: by their ends, each joins the first it can be of, and
 * two days that are known stay two doses, also where a third report names only their month.
 */
export function doseEvents<T extends TimeSpan>(reports: readonly T[]): [T, ...T[]][] {
  const events: [T, ...T[]][] = [];
  const width = ({ fromMs, untilMs }: TimeSpan): number => untilMs - fromMs;
  for (const report of [...reports].sort((a, b) => a.untilMs - b.untilMs)) {
    const known = events.find((event) => event.every((each) => isSame(each, report)));
    if (known === undefined) events.push([report]);
    else known.push(report);
  }
  for (const event of events) event.sort((a, b) => width(a) - width(b));
  return events.sort(([a], [b]) => a.fromMs - b.fromMs);
}
