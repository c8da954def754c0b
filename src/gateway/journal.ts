/** The last visits as staff see them, kept up to date from the records as they are made. */
import type { RecordDraft } from "../core/record.ts";
import type { VisitSummary } from "../core/view.ts";
import { temperatureIn } from "../core/view-of.ts";

/** Newest first, at most `limit` visits; older ones stay in the store only. */
export class Journal {
  readonly #limit: number;
  #visits: VisitSummary[] = [];
  /** Which visit a record of theirs belongs to, by the sequence number it got. */
  readonly #bySeq = new Map<number, string>();

  constructor(limit = 200) {
    this.#limit = limit;
  }

  list(): readonly VisitSummary[] {
    return this.#visits;
  }

  /** A record is being made. */
  note(draft: RecordDraft): void {
    const { body } = draft;
    if (body.type === "visit-ended") this.#change(body.visitRef, { ending: body.ending });
    if (body.type !== "visit-decided") return;
    const { decision, authority, credentialKind } = body;
    const temperatureC = temperatureIn(body.evidence);
    const maskedName = draft.personal?.maskedName;
    const summary: VisitSummary = {
      visitRef: body.visitRef,
      decidedAtMs: draft.at.wallMs,
      outcome: decision.outcome,
      reasons: decision.reasons,
      rules: decision.rules,
      decidedAfterMs: body.decidedAfterMs,
      delivered: false,
      ...(credentialKind === undefined ? {} : { credentialKind }),
      ...(maskedName === undefined ? {} : { maskedName }),
      ...(temperatureC === undefined ? {} : { temperatureC }),
      ...(authority === undefined ? {} : { authority }),
    };
    // A visit that staff decides anew replaces its line instead of adding one.
    const others = this.#visits.filter((visit) => visit.visitRef !== body.visitRef);
    this.#visits = [summary, ...others].slice(0, this.#limit);
  }

  /** A record got its sequence number. */
  committed(draft: RecordDraft, seq: number): void {
    if (draft.body.type !== "visit-decided") return;
    this.#bySeq.set(seq, draft.body.visitRef);
    if (this.#bySeq.size <= 2 * this.#limit) return;
    const [oldest] = this.#bySeq.keys();
    if (oldest !== undefined) this.#bySeq.delete(oldest);
  }

  /** Records up to and including these numbers reached their destination. */
  delivered(fromSeq: number, toSeq: number): void {
    for (const [seq, visitRef] of this.#bySeq) {
      if (seq < fromSeq || seq > toSeq) continue;
      this.#bySeq.delete(seq);
      this.#change(visitRef, { delivered: true });
    }
  }

  gateMoved(visitRef: string, gateAfterMs: number): void {
    this.#change(visitRef, { gateAfterMs });
  }

  #change(visitRef: string, change: Partial<VisitSummary>): void {
    this.#visits = this.#visits.map((visit) =>
      visit.visitRef === visitRef ? { ...visit, ...change } : visit,
    );
  }
}
