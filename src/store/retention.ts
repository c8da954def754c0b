/** Forgetting on schedule: keys older than the retention are destroyed, without anyone asking. */
import type { Clock, Timer } from "../../hal/clock.ts";
import { every } from "../../hal/clock.ts";
import { DAY_MS, HOUR_MS } from "../core/time.ts";

/**
 * Looks once an hour. While the wall clock is not to be believed nothing is destroyed: a clock
 * that jumped ahead would otherwise forget everybody at once.
 */
export function keepRetention(
  store: { forgetBefore(atMs: number): Promise<number> },
  clock: Clock,
  personalDays: number,
): Timer {
  return every(clock, HOUR_MS, () => {
    if (!clock.wallTrusted()) return;
    // A failing disk shows in the commits; the keys are destroyed at the next hour that works.
    store.forgetBefore(clock.wallMs() - personalDays * DAY_MS).catch(() => {});
  });
}
