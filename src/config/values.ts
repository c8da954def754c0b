/** Values that stand in configuration files, each with words that say what would be right. */
import { z } from "zod";

/** A number above a bound. */
export function numberAbove(bound: number): z.ZodNumber {
  const message = `expected a number above ${bound}`;
  return z.number(message).gt(bound, message);
}

/** A number between two bounds, both included. */
export function numberFrom(least: number, most: number): z.ZodNumber {
  const message = `expected a number from ${least} to ${most}`;
  return z.number(message).min(least, message).max(most, message);
}

/** A whole number between two bounds, both included. */
export function wholeFrom(least: number, most: number): z.ZodNumber {
  const message = `expected a whole number from ${least} to ${most}`;
  return z.number(message).int(message).min(least, message).max(most, message);
}

/** A text that is not blank. */
export function text(most = 200): z.ZodString {
  const message = `expected a text of 1 to ${most} characters`;
  return z.string(message).trim().min(1, message).max(most, message);
}

/** A name that becomes part of topics and file names. */
export function plainName(): z.ZodString {
  const message = "expected 1 to 64 letters, digits, dots, hyphens or underscores";
  return z.string(message).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, message);
}

/** A moment with its offset from UTC; without one it would mean another moment at each unit. */
export function moment(): z.ZodISODateTime {
  return z.iso.datetime({
    offset: true,
    error: "expected a moment with its offset, e.g. 2026-01-01T00:00:00+08:00",
  });
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** Days as they are written: `mon`, `mon-fri`, `daily`, or a list of these. */
export function weekdays(): z.ZodUnion<[z.ZodString, z.ZodArray<z.ZodString>]> {
  const message = "expected days such as mon, mon-fri or daily, or a list of these";
  const word = z.string(message).refine((written) => daysOf(written) !== undefined, message);
  return z.union([word, z.array(word, message).min(1, message)], message);
}

/** ISO day numbers (1 Monday … 7 Sunday) of one written form, in rising order; undefined: not a day. */
export function daysOf(written: string): number[] | undefined {
  if (written === "daily") return [1, 2, 3, 4, 5, 6, 7];
  const [from, to, ...rest] = written.split("-").map((name) => DAYS.indexOf(name.trim()) + 1);
  if (rest.length > 0 || from === undefined || from < 1) return undefined;
  if (to === undefined) return [from];
  if (to < 1) return undefined;
  // A span may run over the end of the week: sat-mon.
  const length = ((to - from + 7) % 7) + 1;
  return Array.from({ length }, (_none, index) => ((from - 1 + index) % 7) + 1).sort(
    (a, b) => a - b,
  );
}

const HOURS = /^([01][0-9]|2[0-3]):([0-5][0-9])\s*-\s*(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24:00))$/;

/** Hours as they are written: `"08:00-20:00"`; an end at or before the beginning is on the next day. */
export function openHours(): z.ZodString {
  const message = 'expected hours such as "08:00-20:00"';
  return z.string(message).regex(HOURS, message);
}

/** Minutes after midnight of both ends. */
export function minutesOf(written: string): { fromMinute: number; untilMinute: number } {
  const [, fromHour, fromMinute, untilHour, untilMinute, midnight] = HOURS.exec(written) ?? [];
  return {
    fromMinute: Number(fromHour) * 60 + Number(fromMinute),
    untilMinute: midnight === undefined ? Number(untilHour) * 60 + Number(untilMinute) : 24 * 60,
  };
}

const OFFSET = /^([+-])([01][0-9]):([0-5][0-9])$/;

/** An offset from UTC: `"+08:00"`. */
export function utcOffset(): z.ZodString {
  const message = 'expected an offset from UTC such as "+08:00"';
  return z.string(message).regex(OFFSET, message);
}

/** Minutes ahead of UTC. */
export function offsetMinutesOf(written: string): number {
  const [, sign, hours, minutes] = OFFSET.exec(written) ?? [];
  const ahead = Number(hours) * 60 + Number(minutes);
  return sign === "-" && ahead !== 0 ? -ahead : ahead;
}
