/** The rules admit no visitor they must not: checked by who came, not by what the unit recorded. */
import type { RecordDraft } from "../../src/core/record.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";
import { isWithdrawal } from "./records.ts";

/** Why the rules must not admit a visitor. */
export interface Unfit {
  why: string;
  /** Only a correct clock can show it. */
  dated?: boolean;
}

export interface AdmissionTruth {
  unfit: ReadonlyMap<string, Unfit>;
  /** Visitors who show one and the same live code. */
  sharing: ReadonlySet<string>;
  /** For how long a code that admitted a visitor admits no other, ms. */
  reuseWindowMs: number;
}

/** Every grant by the rules that must not have been. */
export function checkAdmissions(entries: readonly TraceEntry[], truth: AdmissionTruth): string[] {
  const problems: string[] = [];
  const arrivals: { visitor: string; atMs: number }[] = [];
  const shownAtMs = new Map<string, number>();
  const withdrawn = withdrawnGrants(entries);
  const inDoubt = new Set<string>();
  let clockTrusted = true;
  let clockError = 0;
  let clockWrongAtMs = -Infinity;
  let sharedGrantAtMs = -Infinity;
  for (const entry of entries) {
    if (entry.what === "person" && entry.does === "arrives") {
      arrivals.push({ visitor: entry.visitor, atMs: entry.at });
    }
    if (entry.what === "world" && entry.change === "clock-error") {
      if (clockError !== 0) clockWrongAtMs = entry.at;
      clockError = Number(entry.value);
    }
    if (entry.what === "world" && entry.change === "clock-trusted") {
      clockTrusted = entry.value === true;
    }
    if (entry.what === "turn" && !clockTrusted) {
      for (const effect of entry.effects) {
        if (effect.kind === "commit-record") inDoubt.add(effect.record.key);
      }
    }
    if (entry.what === "turn" && entry.event.kind === "credential-presented") {
      shownAtMs.set(entry.event.ref, entry.event.shownAtMs ?? entry.at);
    }
    const visitRef = entry.what === "record-stored" ? grantByRules(entry.draft) : undefined;
    if (visitRef === undefined || withdrawn.has(visitRef)) continue;
    if (entry.what === "record-stored" && inDoubt.has(entry.draft.key)) {
      problems.push(`${timeText(entry.at)}: a visitor was let in by an untrusted clock`);
    }
    const openedAtMs = shownAtMs.get(visitRef) ?? entry.at;
    const arrival = arrivals.findLast(({ atMs }) => atMs <= openedAtMs);
    if (arrival === undefined) continue;
    const { visitor } = arrival;
    const unfit = truth.unfit.get(visitor);
    const excused = unfit?.dated === true && (clockError !== 0 || clockWrongAtMs >= arrival.atMs);
    if (unfit !== undefined && !excused) {
      problems.push(`${timeText(entry.at)}: ${visitor} was let in by the rules, with ${unfit.why}`);
    }
    if (!truth.sharing.has(visitor)) continue;
    if (entry.at - sharedGrantAtMs < truth.reuseWindowMs) {
      problems.push(
        `${timeText(entry.at)}: ${visitor} was let in with a code that was used already`,
      );
    }
    sharedGrantAtMs = entry.at;
  }
  return problems;
}

function grantByRules({ body }: RecordDraft): string | undefined {
  if (body.type !== "visit-decided" || body.authority !== undefined) return undefined;
  return body.decision.outcome === "granted" ? body.visitRef : undefined;
}

/** Granted, and not carried out. */
function withdrawnGrants(entries: readonly TraceEntry[]): Set<string> {
  const withdrawn = new Set<string>();
  for (const entry of entries) {
    if (entry.what !== "turn") continue;
    for (const effect of entry.effects) {
      if (effect.kind !== "commit-record" || effect.record.body.type !== "visit-decided") continue;
      const { decision, visitRef } = effect.record.body;
      if (isWithdrawal(decision)) withdrawn.add(visitRef);
    }
  }
  return withdrawn;
}
