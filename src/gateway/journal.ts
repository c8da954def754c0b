/** The last visits and openings as staff see them, kept up to date from the records. */
import type { Outcome } from "../core/decision/decision.ts";
import type { RecordBody, RecordDraft, ReleaseCause } from "../core/record.ts";
import type { OpeningSummary, VisitSummary } from "../core/view/view.ts";
import { temperatureIn } from "../core/view/view-of.ts";

/** Newest first, at most `limit` visits; older ones stay in the store only. */
export class Journal {
  readonly #limit: number;
  #visits: VisitSummary[] = [];
  #openings: OpeningSummary[] = [];
  /** Which visit or opening a record belongs to, by the sequence number it got. */
  readonly #bySeq = new Map<number, string>();

  constructor(limit = 200) {
    this.#limit = limit;
  }

  list(): readonly VisitSummary[] {
    return this.#visits;
  }

  /** How a visit was decided last. */
  outcomeOf(visitRef: string): Outcome | undefined {
    return this.#visits.find((visit) => visit.visitRef === visitRef)?.outcome;
  }

  /** Openings without a visit, newest first. */
  openings(): readonly OpeningSummary[] {
    return this.#openings;
  }

  /** A record is being made. */
  note(draft: RecordDraft): void {
    const { body } = draft;
    if (body.type === "gate-released") this.#opened(draft.at.wallMs, body);
    if (body.type === "gate-not-released") this.#notOpened(body);
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
    // A visit that staff decide again replaces its line instead of adding one.
    const others = this.#visits.filter((visit) => visit.visitRef !== body.visitRef);
    this.#visits = [summary, ...others].slice(0, this.#limit);
  }

  /** A record got its sequence number. */
  committed(draft: RecordDraft, seq: number): void {
    const { body } = draft;
    const ref = body.type === "visit-decided" ? body.visitRef : openingOf(body);
    if (ref === undefined) return;
    this.#bySeq.set(seq, ref);
    if (this.#bySeq.size <= 2 * this.#limit) return;
    const [oldest] = this.#bySeq.keys();
    if (oldest !== undefined) this.#bySeq.delete(oldest);
  }

  /** Records up to and including these numbers reached their destination. */
  delivered(fromSeq: number, toSeq: number): void {
    for (const [seq, ref] of this.#bySeq) {
      if (seq < fromSeq || seq > toSeq) continue;
      this.#bySeq.delete(seq);
      this.#change(ref, { delivered: true });
      this.#changeOpening(ref, { delivered: true });
    }
  }

  gateMoved(visitRef: string, gateAfterMs: number): void {
    this.#change(visitRef, { gateAfterMs });
  }

  #opened(atMs: number, body: Extract<RecordBody, { type: "gate-released" }>): void {
    const releaseRef = openingOf(body);
    const { cause, authority } = body;
    if (releaseRef === undefined || !isOpeningCause(cause)) return;
    const by = authority === undefined ? {} : { authority };
    const summary: OpeningSummary = { releaseRef, atMs, cause, ...by, delivered: false };
    this.#openings = [summary, ...this.#openings].slice(0, this.#limit);
  }

  #notOpened(body: Extract<RecordBody, { type: "gate-not-released" }>): void {
    if (body.releaseRef === undefined) return;
    this.#changeOpening(body.releaseRef, { notReleased: body.why });
  }

  #change(visitRef: string, change: Partial<VisitSummary>): void {
    this.#visits = this.#visits.map((visit) =>
      visit.visitRef === visitRef ? { ...visit, ...change } : visit,
    );
  }

  #changeOpening(releaseRef: string, change: Partial<OpeningSummary>): void {
    this.#openings = this.#openings.map((opening) =>
      opening.releaseRef === releaseRef ? { ...opening, ...change } : opening,
    );
  }
}

const isOpeningCause = (cause: ReleaseCause): cause is OpeningSummary["cause"] =>
  cause === "operator" || cause === "command" || cause === "exit-request";

/** The reference of a release that no visit led to. */
function openingOf(body: RecordBody): string | undefined {
  if (body.type !== "gate-released" || body.visitRef !== undefined) return undefined;
  return body.releaseRef;
}
