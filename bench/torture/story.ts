/** The records a tortured unit makes, so that anybody can say later which ones must exist. */
import type { RecordDraft } from "../../src/core/record.ts";

export const UNIT = "torture-unit";
export const DISTRICT = "torture";
/** Where a unit without an outbox publishes its records. */
export const RECORDS_TOPIC = `sentinel/1/${DISTRICT}/${UNIT}/evt`;

/** 2022-04-26T09:00:00Z. */
const START_MS = 1_650_963_600_000;
const HOLDERS = 500;

/** The n-th record, the same whoever makes it and however often. */
export function recordOf(number: number): RecordDraft {
  return {
    key: `record-${number}`,
    at: { monotonicMs: number, wallMs: START_MS + number, wallTrusted: true },
    body: { type: "visit-ended", visitRef: `visit-${number}`, ending: "taken" },
    personal: { holderPseudonym: holderOf(number) },
  };
}

/** Whose visit the n-th record is. */
export function holderOf(number: number): string {
  return `holder-${number % HOLDERS}`;
}

/** Which record a stored text is; undefined when it is none of these. */
export function numberOf(canonical: string): number | undefined {
  const match = /"visitRef":"visit-(\d+)"/.exec(canonical);
  return match === null ? undefined : Number(match[1]);
}
