/** The staff list: visits, and between them the openings of the gate that no visit led to. */
import type { OpeningSummary, VisitSummary } from "../../../core/view/view.ts";
import { Visit } from "../shared/visit.tsx";
import { NOT_RELEASED_WORDS, OPENINGS, TEXT } from "../i18n/words.ts";
import { formatTime, type FormatContext } from "../i18n/format.ts";
import { Sign, StatusMark } from "../shared/signs.tsx";

interface EntriesProps {
  visits: readonly VisitSummary[];
  openings: readonly OpeningSummary[];
  context: FormatContext;
}

/** Newest first. */
export function Entries({ visits, openings, context }: EntriesProps) {
  const entries = [
    ...visits.map((visit) => ({ atMs: visit.decidedAtMs, key: visit.visitRef, visit })),
    ...openings.map((opening) => ({ atMs: opening.atMs, key: opening.releaseRef, opening })),
  ].sort((a, b) => b.atMs - a.atMs);
  if (entries.length === 0) return <p class="dim">{TEXT.noVisits[context.language]}</p>;
  return (
    <>
      {entries.map((entry) =>
        "visit" in entry ? (
          <Visit key={entry.key} visit={entry.visit} context={context} />
        ) : (
          <Opening key={entry.key} opening={entry.opening} context={context} />
        ),
      )}
    </>
  );
}

/** Who opened the gate, and why; and whether it did open. */
function Opening({ opening, context }: { opening: OpeningSummary; context: FormatContext }) {
  const { language } = context;
  const { authority, notReleased, cause, delivered } = opening;
  return (
    <div class="visit opening" data-opening={cause}>
      <Sign name={cause === "exit-request" ? "exit" : "opened"} />
      <strong>{OPENINGS[cause][language]}</strong>
      <span class="visit-who">
        {authority === undefined ? "" : `${authority.by}: ${authority.why}`}
      </span>
      <time class="visit-time">{formatTime(opening.atMs, context)}</time>
      <span class={delivered ? "delivery delivered" : "delivery waiting"}>
        {delivered ? TEXT.delivered[language] : TEXT.waiting[language]}
      </span>
      {notReleased !== undefined && (
        <span class="visit-reasons">
          <StatusMark good={false} /> {NOT_RELEASED_WORDS[notReleased][language]}
        </span>
      )}
    </div>
  );
}
