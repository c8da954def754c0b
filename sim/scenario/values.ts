/** Times as people write them: durations such as `1h30m`, moments such as `49h ago`. */
import { z } from "zod";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/time.ts";
import { timeOf } from "../../src/base/dates.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))(?:\s*\d+(?:\.\d+)?(?:ms|s|m|h|d))*$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const AGO = /^(.+?)\s+ago$/;
const AHEAD = /^in\s+(.+)$/;

/** Nothing here lasts longer, and no calendar reaches much further. */
const LONGEST_MS = 36_525 * DAY_MS;
const TOO_LONG = "longer than a hundred years";

/** Milliseconds of a duration text, or nothing when it is none. */
function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) {
    total += Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  }
  return total;
}

/** Milliseconds of a duration that the schema let through: a number counts seconds. */
export function durationMs(duration: Duration): number {
  return typeof duration === "number" ? duration * SECOND_MS : (parseDuration(duration) ?? 0);
}

/** Epoch ms of a moment that the schema let through, seen from `nowMs`. */
export function momentMs(moment: Moment, nowMs: number): number {
  if (moment === "now") return nowMs;
  const ago = AGO.exec(moment)?.[1];
  if (ago !== undefined) return nowMs - (parseDuration(ago) ?? 0);
  const ahead = AHEAD.exec(moment)?.[1];
  if (ahead !== undefined) return nowMs + (parseDuration(ahead) ?? 0);
  return timeOf(moment);
}

const spanOf = (text: string): string | undefined => AGO.exec(text)?.[1] ?? AHEAD.exec(text)?.[1];

function isMoment(text: string): boolean {
  if (text === "now") return true;
  const relative = spanOf(text);
  if (relative !== undefined) return parseDuration(relative) !== undefined;
  return ISO.test(text) && !Number.isNaN(timeOf(text));
}

export const duration = z
  .union([
    z
      .number()
      .nonnegative()
      .max(LONGEST_MS / SECOND_MS, TOO_LONG),
    z
      .string()
      .refine((text) => parseDuration(text) !== undefined, {
        message: 'not a duration: write seconds as a number, or e.g. "90s", "1h30m", "250ms", "2d"',
      })
      .refine((text) => (parseDuration(text) ?? 0) <= LONGEST_MS, { message: TOO_LONG }),
  ])
  .meta({ description: 'A span of time: a number of seconds, or e.g. "90s", "1h30m", "250ms".' });
export type Duration = z.infer<typeof duration>;

export const moment = z
  .string()
  .refine(isMoment, {
    message: 'not a moment: write e.g. "2022-04-26T08:00:00+08:00", "now", "49h ago" or "in 30m"',
  })
  .refine((text) => (parseDuration(spanOf(text) ?? "") ?? 0) <= LONGEST_MS, { message: TOO_LONG })
  .meta({
    description:
      'A moment: ISO 8601 with a zone, "now", or seen from the moment it is used: "49h ago", "in 30m".',
  });
export type Moment = z.infer<typeof moment>;

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export const day = z
  .string()
  .regex(DAY, 'not a day: write e.g. "1948-03-02"')
  .refine((text) => !DAY.test(text) || !Number.isNaN(timeOf(text)), {
    message: "there is no such day",
  })
  .meta({ description: "A calendar day, YYYY-MM-DD." });
