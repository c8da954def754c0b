/** Live codes that admitted a visitor before a restart: a power cut must not make them new again. */
import type { EventOf } from "../core/event.ts";
import type { Instant } from "../core/time.ts";
import type { RecordStore } from "./ports.ts";

/** Decisions and endings of as many visits as the core remembers codes. */
const RECORDS_SEARCHED = 1_024;

/**
 * From the newest records. Never rejects: a store that cannot be read cannot record either, and the
 * policy says what then holds at the door.
 */
export async function loadUsedCodes(
  store: RecordStore,
  now: Instant,
): Promise<EventOf<"codes-remembered">["used"]> {
  const records = (await store.recent?.(RECORDS_SEARCHED).catch(() => [])) ?? [];
  let steppedMs = 0;
  const seen = new Set<string>();
  const used = records.flatMap(({ at, body, personal }) => {
    // Newest first: what the clock was set by since then is no time that passed.
    if (body.type === "clock-stepped") steppedMs += body.byMs;
    const reference = personal?.codeReference;
    if (reference === undefined || body.type !== "visit-decided") return [];
    // The last decision about a visit counts: a revised grant admitted no visitor.
    const { visitRef, decision } = body;
    const revised = seen.has(visitRef);
    seen.add(visitRef);
    if (revised || decision.outcome !== "granted") return [];
    // Dated by an untrusted clock: it may have been a moment ago.
    const known = now.wallTrusted && at.wallTrusted;
    if (!known) return [{ reference, agoMs: 0 }];
    // A step may be missing from the records, for a clock that was set while the unit was off: of two
    // answers the later moment holds.
    const byWallMs = now.wallMs - at.wallMs;
    return [{ reference, agoMs: Math.max(0, Math.min(byWallMs, byWallMs - steppedMs)) }];
  });
  return used.reverse();
}
