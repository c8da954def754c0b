/** Formats reasons, times and ages, in one language at a time. */
import type { Reason } from "../../../core/reason.ts";
import { isCredentialKind, CREDENTIALS } from "./words.ts";
import { REASONS } from "./reasons.ts";

export type Language = "zh" | "en";

/** Language, time and time zone of what is formatted. */
export interface FormatContext {
  language: Language;
  /** What "today" is: the unit's time, not this page's. */
  nowMs: number;
  /** Minutes the venue's local time is ahead of UTC; absent: this browser's time zone. */
  utcOffsetMinutes?: number | undefined;
}

const NOTHING = "–";
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** What is wrong and what to do, with the reason's own figures filled in. */
export function formatReason(
  reason: Reason,
  context: FormatContext,
): { reason: string; next: string } {
  const [what, next] = REASONS[reason.code][context.language];
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (_match, name: string) => figure(reason, name, context));
  return { reason: fill(what), next: fill(next) };
}

function figure(reason: Reason, name: string, context: FormatContext): string {
  const params = reason.params ?? {};
  if (name === "issuedAt") return formatTime(Number(params.issuedAtMs), context);
  if (name === "age") return formatAge(Number(params.ageMs), context.language);
  if (name === "ago") return formatAge(Number(params.agoMs), context.language);
  const value = params[name];
  if (value === undefined) return NOTHING;
  if (name === "celsius" || name === "maxC") return Number(value).toFixed(1);
  if (typeof value === "number") return String(Math.round(value * 10) / 10);
  return isCredentialKind(value) ? CREDENTIALS[value][context.language] : value;
}

/** A time of day, 24 hours; with the date when it is not today's. */
export function formatTime(atMs: number, context: FormatContext): string {
  if (!Number.isFinite(atMs)) return NOTHING;
  const at = local(atMs, context);
  const time = `${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())}`;
  const now = local(context.nowMs, context);
  if (at.toISOString().slice(0, 10) === now.toISOString().slice(0, 10)) return time;
  const month = at.getUTCMonth();
  const day = at.getUTCDate();
  const date = context.language === "zh" ? `${month + 1}月${day}日` : `${day} ${MONTHS[month]}`;
  const year = at.getUTCFullYear();
  if (year === now.getUTCFullYear()) return `${date} ${time}`;
  return context.language === "zh" ? `${year}年${date} ${time}` : `${date} ${year} ${time}`;
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** A time as a date whose UTC fields read as the venue's local time. */
function local(atMs: number, { utcOffsetMinutes }: FormatContext): Date {
  const offset = utcOffsetMinutes ?? -new Date(atMs).getTimezoneOffset();
  return new Date(atMs + offset * MINUTE_MS);
}

/** An age in words: exact enough to see on which side of a limit it is. */
export function formatAge(ageMs: number, language: Language): string {
  if (!Number.isFinite(ageMs)) return NOTHING;
  const zh = language === "zh";
  if (ageMs < -SECOND_MS) return zh ? "在未来" : "in the future";
  const size = Math.max(0, ageMs);
  if (size < 10 * SECOND_MS) return `${(size / SECOND_MS).toFixed(1)} ${zh ? "秒" : "s"}`;
  if (size < MINUTE_MS) return `${Math.floor(size / SECOND_MS)} ${zh ? "秒" : "s"}`;
  if (size < HOUR_MS) return `${Math.floor(size / MINUTE_MS)} ${zh ? "分钟" : "min"}`;
  if (size >= 4 * DAY_MS) return `${Math.floor(size / DAY_MS)} ${zh ? "天" : "days"}`;
  const hours = `${Math.floor(size / HOUR_MS)} ${zh ? "小时" : "h"}`;
  const minutes = Math.floor((size % HOUR_MS) / MINUTE_MS);
  return minutes === 0 ? hours : `${hours} ${minutes} ${zh ? "分钟" : "min"}`;
}
