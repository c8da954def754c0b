/** Forgetting on schedule: old keys are destroyed and old records pruned, without anyone asking. */
import { delay, every, type Clock, type Timer } from "../../../hal/clock.ts";
import { DAY_MS, HOUR_MS } from "../../core/time.ts";
import type { Pruned, PruneRequest } from "./prune.ts";

/** How long what is kept; what has no number is kept for ever. */
export interface Retention {
  /** Days after which the link from a record to a person is forgotten. */
  personalDataDays?: number | undefined;
  /** Days after which a delivered record goes. */
  recordDays?: number | undefined;
}

interface Forgetful {
  forgetBefore(atMs: number): Promise<number>;
  prune(request: PruneRequest): Promise<Pruned>;
}

/** Between two steps of pruning commits have the database to themselves. */
const BETWEEN_STEPS_MS = 50;

/**
 * Looks once an hour. While the wall clock is not to be believed nothing is destroyed: a clock
 * that jumped ahead would otherwise forget everybody at once.
 */
export function scheduleRetention(
  store: Forgetful,
  clock: Clock,
  { personalDataDays, recordDays }: Retention,
): Timer {
  if (personalDataDays === undefined && recordDays === undefined) return { cancel: () => {} };
  let kept = true;
  let pruning = false;
  const daysAgo = (days: number): number => clock.wallMs() - days * DAY_MS;
  const goesOn = (): boolean => kept && clock.wallTrusted();
  const forget = async (): Promise<void> => {
    if (personalDataDays !== undefined) await store.forgetBefore(daysAgo(personalDataDays));
  };
  const prune = async (): Promise<void> => {
    if (recordDays === undefined || pruning) return;
    pruning = true;
    try {
      while (goesOn()) {
        const request = { beforeMs: daysAgo(recordDays), atMs: clock.wallMs() };
        if (!(await store.prune(request)).more) return;
        await delay(clock, BETWEEN_STEPS_MS);
      }
    } finally {
      pruning = false;
    }
  };
  const timer = every(clock, HOUR_MS, () => {
    if (!goesOn()) return;
    // A failing disk shows in the commits; the work is done at the next hour that works.
    forget().catch(() => {});
    prune().catch(() => {});
  });
  return {
    cancel: () => {
      kept = false;
      timer.cancel();
    },
  };
}
