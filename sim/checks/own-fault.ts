/** A fault of the unit refuses no visitor: an untrusted clock refers, and a poster is no visitor's code. */
import type { RecordDraft } from "../../src/core/record.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";

/** Reasons that rest on what time it is. */
const DATED: ReadonlySet<string> = new Set([
  "clock-untrusted",
  "issuer-expired",
  "not-yet-valid",
  "expired",
  "card-expired",
  "live-code-too-old",
  "live-code-from-future",
  "test-too-old",
  "test-from-future",
  "antigen-too-old",
  "vaccination-too-recent",
  "vaccination-too-old",
  "recovery-too-recent",
  "recovery-too-old",
  "recovery-not-yet",
  "recovery-over",
  "outside-opening-hours",
  "policy-expired",
]);

/**
 * Every refusal by the rules that the unit's own fault brought about.
 * @param genuine visitors who show a pass or a card, and nothing else
 */
export function checkOwnFault(
  entries: readonly TraceEntry[],
  genuine: ReadonlySet<string> = new Set(),
): string[] {
  const problems: string[] = [];
  let atDoor = "";
  for (const entry of entries) {
    if (entry.what === "person" && entry.does === "arrives") atDoor = entry.visitor;
    if (entry.what !== "record-stored") continue;
    const codes = refusalOf(entry.draft);
    if (codes === undefined) continue;
    if (!entry.draft.at.wallTrusted && codes.every((code) => DATED.has(code))) {
      problems.push(`${timeText(entry.at)}: refused by a clock in doubt (${codes.join(", ")})`);
    }
    if (genuine.has(atDoor) && codes.every((code) => code === "not-a-health-code")) {
      problems.push(`${timeText(entry.at)}: ${atDoor} was refused for a code that was not theirs`);
    }
  }
  return problems;
}

/** Reasons of a refusal by the rules; undefined for anything else. */
function refusalOf({ body }: RecordDraft): readonly string[] | undefined {
  if (body.type !== "visit-decided" || body.authority !== undefined) return undefined;
  const { outcome, reasons } = body.decision;
  return outcome === "denied" ? reasons.map(({ code }) => code) : undefined;
}
