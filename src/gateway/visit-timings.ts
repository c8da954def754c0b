/** How long a visit took, stage by stage. */
import type { ReadTimings } from "./sensing.ts";

/** When a visit passed each stage, monotonic ms. */
export interface VisitTimings extends ReadTimings {
  visitRef: string;
  decidedAtMs: number;
  committedAtMs: number;
  /** Absent when the gate did not move. */
  gateAtMs?: number;
}
