/** Nobody is let in by the rules who must not be: judged by who came, not by what the unit made of them. */
import type { RecordDraft } from "../../src/core/record.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";
import { isWithdrawal } from "./records.ts";

/** Why the rules must not let somebody in. */
export interface Unfit {
  why: string;
  /** Only a clock that is right can tell. */
  dated?: boolean;
}

export interface AdmissionTruth {
  unfit: ReadonlyMap<string, Unfit>;
  /** Visitors who show one and the same live code. */
  sharing: ReadonlySet<string>;
  /** For how long a code that let somebody in lets in nobody else, ms. */
  reuseWindowMs: number;
}

/** Every grant by the rules that somebody ought not to have had. */
export function checkAdmissions(entries: readonly TraceEntry[], truth: AdmissionTruth): string[] {
  const problems: string[] = [];
  const arrivals: { visitor: string; atMs: number }[] = [];
  const shownAtMs = new Map<string, number>();
  const takenBack = withdrawnGrants(entries);
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
    if (visitRef === undefined || takenBack.has(visitRef)) continue;
    if (entry.what === "record-stored" && inDoubt.has(entry.draft.key)) {
      problems.push(
        `${timeText(entry.at)}: somebody was let in by a clock that is not to be trusted`,
      );
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
  const takenBack = new Set<string>();
  for (const entry of entries) {
    if (entry.what !== "turn") continue;
    for (const effect of entry.effects) {
      if (effect.kind !== "commit-record" || effect.record.body.type !== "visit-decided") continue;
      const { decision, visitRef } = effect.record.body;
      if (isWithdrawal(decision)) takenBack.add(visitRef);
    }
  }
  return takenBack;
}
