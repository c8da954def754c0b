/** No evidence counts for another person: each piece was observed while its owner stood there. */
import type { Evidence } from "../../src/core/evidence/evidence.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import { ANYBODY } from "../actors/visitors.ts";
import { timeText } from "./time-text.ts";

interface Presence {
  visitor: string;
  fromMs: number;
  pseudonyms: readonly string[];
  skinC: number;
}

/** Between a look of the thermometer's eight samples and the person in front of it, K. */
const TEMPERATURE_TOLERANCE_K = 0.6;

/** Every decision that rests on another person's evidence. */
export function checkEvidence(entries: readonly TraceEntry[]): string[] {
  const problems: string[] = [];
  const presences: Presence[] = [];
  const openedAtMs = new Map<string, number>();
  /** The holder of the credential that a piece of evidence came with. */
  const holders = new Map<string, string | undefined>();
  for (const entry of entries) {
    if (entry.what === "person") follow(presences, entry);
    if (entry.what !== "turn") continue;
    const { event } = entry;
    if (event.kind === "credential-presented") {
      // Reading takes a while, and another person may have stepped in meanwhile: the presenter counts.
      openedAtMs.set(event.ref, event.shownAtMs ?? entry.at);
      for (const piece of event.credential.evidence) {
        holders.set(identityOf(piece), event.credential.holder?.pseudonym);
      }
    }
    for (const effect of entry.effects) {
      if (effect.kind !== "commit-record" || effect.record.body.type !== "visit-decided") continue;
      const { body, personal } = effect.record;
      const owner = presentAt(presences, openedAtMs.get(body.visitRef) ?? entry.at);
      if (owner === undefined) {
        problems.push(`${timeText(entry.at)}: a decision about nobody`);
        continue;
      }
      const holder = personal?.holderPseudonym;
      const theirs = owner.pseudonyms.some((each) => each === ANYBODY || each === holder);
      if (holder !== undefined && !theirs) {
        problems.push(
          `${timeText(entry.at)}: ${owner.visitor} was judged by somebody else's credential`,
        );
      }
      for (const piece of body.evidence) {
        const observed = presentAt(presences, piece.observedAt.monotonicMs);
        // A credential is about its holder, whoever presents it; a temperature is of a body.
        const about = piece.kind === "temperature" ? undefined : holders.get(identityOf(piece));
        const sameHolder = about !== undefined && about === holder;
        if (observed?.visitor !== owner.visitor && !sameHolder) {
          problems.push(
            `${timeText(entry.at)}: ${owner.visitor} was judged by ${piece.kind} of ${observed?.visitor ?? "nobody"}`,
          );
        }
        if (
          piece.kind === "temperature" &&
          Math.abs(piece.estimateC - owner.skinC) > TEMPERATURE_TOLERANCE_K
        ) {
          problems.push(
            `${timeText(entry.at)}: ${owner.visitor} has ${owner.skinC} °C and was judged by ${piece.estimateC} °C`,
          );
        }
      }
    }
  }
  return problems;
}

function follow(presences: Presence[], entry: Extract<TraceEntry, { what: "person" }>): void {
  if (entry.does !== "arrives") return;
  presences.push({
    visitor: entry.visitor,
    fromMs: entry.at,
    pseudonyms: entry.pseudonyms ?? [],
    skinC: entry.skinC ?? Number.NaN,
  });
}

const identityOf = (piece: Evidence): string => `${piece.id} ${piece.observedAt.monotonicMs}`;

/** Who stood there, or who had just left. */
function presentAt(presences: readonly Presence[], atMs: number): Presence | undefined {
  return presences.findLast((presence) => presence.fromMs <= atMs);
}
