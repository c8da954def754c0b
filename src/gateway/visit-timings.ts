/** How long a visit took, stage by stage. */
import type { RecordBody } from "../core/record.ts";
import type { ReadTimings } from "./sensing.ts";

/** When a visit passed each stage, monotonic ms. */
export interface VisitTimings extends ReadTimings {
  visitRef: string;
  decidedAtMs: number;
  committedAtMs: number;
  /** Absent when the gate did not move. */
  gateAtMs?: number;
}

/** Visits that are timed at once; the oldest go first. */
const VISITS_TIMED = 64;

/** Follows visits from the reading to the gate, and reports each that is through. */
export class VisitStopwatch {
  readonly #report: (timings: VisitTimings) => void;
  readonly #running = new Map<string, VisitTimings>();

  constructor(report: (timings: VisitTimings) => void) {
    this.#report = report;
  }

  /** A reading may open the visit of this reference. */
  read(visitRef: string, timings: ReadTimings): void {
    this.#running.set(visitRef, { visitRef, ...timings, decidedAtMs: 0, committedAtMs: 0 });
    if (this.#running.size <= VISITS_TIMED) return;
    const [oldest] = this.#running.keys();
    if (oldest !== undefined) this.#running.delete(oldest);
  }

  /** A record is being made. */
  drafted(body: RecordBody, atMs: number): void {
    if (body.type !== "visit-decided") return;
    const timings = this.#running.get(body.visitRef);
    if (timings !== undefined) timings.decidedAtMs = atMs;
  }

  /** A record is durable; a visit that is not granted is through. */
  committed(body: RecordBody, atMs: number, granted: boolean): void {
    if (body.type !== "visit-decided") return;
    const timings = this.#running.get(body.visitRef);
    if (timings === undefined) return;
    timings.committedAtMs = atMs;
    if (granted) return;
    this.#running.delete(body.visitRef);
    this.#report({ ...timings });
  }

  /**
   * The gate has opened for a visit.
   * @returns milliseconds from its decision; undefined where the visit is not timed
   */
  released(visitRef: string, gateAtMs: number): number | undefined {
    const timings = this.#running.get(visitRef);
    if (timings === undefined) return undefined;
    this.#running.delete(visitRef);
    this.#report({ ...timings, gateAtMs });
    return gateAtMs - timings.decidedAtMs;
  }
}
