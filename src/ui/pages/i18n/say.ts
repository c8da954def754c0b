/** Puts reasons and ages into words, in one language at a time. */
import type { Reason } from "../../../core/reason.ts";
import { REASONS } from "./reasons.ts";

export type Language = "zh" | "en";

/** What is wrong and what to do, with the reason's own figures filled in. */
export function sayReason(reason: Reason, language: Language): { reason: string; next: string } {
  const [what, next] = REASONS[reason.code][language];
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (_match, name: string) => figure(reason, name, language));
  return { reason: fill(what), next: fill(next) };
}

function figure(reason: Reason, name: string, language: Language): string {
  const params = reason.params ?? {};
  if (name === "issuedAt") return sayClock(Number(params.issuedAtMs), language);
  if (name === "age") return sayAge(Number(params.ageMs), language);
  const value = params[name];
  if (value === undefined) return "–";
  return typeof value === "number" ? String(Math.round(value * 10) / 10) : value;
}

/** A time of day; with the date when it is not today's. */
export function sayClock(atMs: number, language: Language): string {
  if (!Number.isFinite(atMs)) return "–";
  const at = new Date(atMs);
  const time = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  }).format(at);
  if (at.toDateString() === new Date().toDateString()) return time;
  const day = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    month: "short",
    day: "numeric",
  }).format(at);
  return `${day} ${time}`;
}

/** An age in the unit a person would use. */
export function sayAge(ageMs: number, language: Language): string {
  if (!Number.isFinite(ageMs)) return "–";
  const units = [
    [86_400_000, "天", "d"],
    [3_600_000, "小时", "h"],
    [60_000, "分钟", "min"],
    [1_000, "秒", "s"],
  ] as const;
  const size = Math.abs(ageMs);
  for (const [unitMs, zh, en] of units) {
    if (size >= 2 * unitMs || (unitMs === 3_600_000 && size >= unitMs)) {
      return `${Math.floor(ageMs / unitMs)} ${language === "zh" ? zh : en}`;
    }
  }
  return language === "zh" ? `${(ageMs / 1_000).toFixed(1)} 秒` : `${(ageMs / 1_000).toFixed(1)} s`;
}
