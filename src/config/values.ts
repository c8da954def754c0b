/** Values that stand in configuration files, each with words that say what would be right. */
import { z } from "zod";
import { diseaseNamed } from "../core/evidence/disease.ts";
import { wholeFrom } from "../../hal/settings.ts";
import type { OpeningSpan } from "../core/policy/policy.ts";

export { numberFrom, text, wholeFrom } from "../../hal/settings.ts";

/** A number above 0, up to a largest one that still makes sense. */
export function numberAboveZero(most: number): z.ZodNumber {
  const message = "expected a number above 0";
  return z.number(message).gt(0, message).max(most, `expected a number above 0, at most ${most}`);
}

/** An IANA time zone that is known here. */
export function timeZone(): z.ZodString {
  const message = "expected an IANA time zone, e.g. Asia/Shanghai or Europe/Vienna";
  return z
    .string(message)
    .max(64, message)
    .refine(
      (name) => /^(?:UTC|[A-Za-z]+(?:\/[A-Za-z0-9_+-]+)+)$/.test(name) && isZone(name),
      message,
    );
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).format(0) !== "";
  } catch {
    return false;
  }
}

/** A disease: COVID-19 by name, another one by its code. */
export function disease() {
  const message =
    "expected covid-19, or another disease by its code, e.g. snomed:6142004 or icd:1E32";
  return z
    .string(message)
    .refine((name) => diseaseNamed(name) !== undefined, message)
    .overwrite((name) => diseaseNamed(name) ?? name);
}

/** A moment with its offset from UTC; without one it would mean another moment at each unit. */
export function moment(): z.ZodISODateTime {
  return z.iso.datetime({
    offset: true,
    error: "expected a moment with its offset, e.g. 2026-01-01T00:00:00+08:00",
  });
}

/** A section whose every field has a default may be left out whole. */
export function section<S extends z.ZodRawShape>(
  shape: S,
): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that every field has a default is the caller's word
  return z.strictObject(shape).prefault({} as never);
}

const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const HOURS = /^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/;
const MINUTES_A_DAY = 1_440;

/** ISO day numbers (1 Monday … 7 Sunday) of `mon`, `mon-fri`, `fri-mon` or `daily`, from the first on. */
function daysOf(written: string): number[] | undefined {
  const [first = "", last = first, ...rest] =
    written === "daily" ? ["mon", "sun"] : written.split("-");
  const from = WEEK.indexOf(first);
  const until = WEEK.indexOf(last);
  if (from < 0 || until < 0 || rest.length > 0) return undefined;
  // A week goes round: fri-mon is four days.
  const count = ((until - from + 7) % 7) + 1;
  return Array.from({ length: count }, (_each, index) => ((from + index) % 7) + 1);
}

function hoursOf(written: string): Pick<OpeningSpan, "fromMinute" | "untilMinute"> | undefined {
  const match = HOURS.exec(written);
  if (match === null || Number(match[2]) > 59 || Number(match[4]) > 59) return undefined;
  const fromMinute = Number(match[1]) * 60 + Number(match[2]);
  const untilMinute = Number(match[3]) * 60 + Number(match[4]);
  if (fromMinute >= MINUTES_A_DAY || untilMinute > MINUTES_A_DAY) return undefined;
  return { fromMinute, untilMinute };
}

/** `mon-fri 08:00-20:00`, `sat 10:00-16:00`, or `08:00-20:00` for every day. */
export function openingSpan(): z.ZodType<OpeningSpan, OpeningSpan | string> {
  const written = z.string().transform((words, context): OpeningSpan => {
    const match = /^(?:([a-z-]+)\s+)?(\S.*)$/.exec(words.trim().toLowerCase());
    const days = daysOf(match?.[1] ?? "daily");
    const hours = hoursOf(match?.[2] ?? "");
    if (days !== undefined && hours !== undefined) return { days, ...hours };
    context.addIssue({ code: "custom", message: 'expected e.g. "mon-fri 08:00-20:00"' });
    return z.NEVER;
  });
  const counted = z.strictObject({
    days: z.array(wholeFrom(1, 7)).min(1, "expected at least one day"),
    fromMinute: wholeFrom(0, MINUTES_A_DAY - 1),
    untilMinute: wholeFrom(0, MINUTES_A_DAY),
  });
  return z.union([counted, written]);
}
