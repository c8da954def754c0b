/** Records to store and send in tests. */
import type { RecordDraft } from "../../src/core/record.ts";

/** 2022-04-26T09:00:00Z. */
export const START_MS = 1_650_963_600_000;

/** The n-th record of a made-up day: one a second. */
export function draft(number: number, holder?: string): RecordDraft {
  return {
    key: `record-${number}`,
    at: { monotonicMs: number * 1_000, wallMs: START_MS + number * 1_000, wallTrusted: true },
    body: { type: "visit-ended", visitRef: `visit-${number}`, ending: "taken" },
    ...(holder === undefined ? {} : { personal: { holderPseudonym: holder } }),
  };
}
