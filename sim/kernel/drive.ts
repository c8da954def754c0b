/** Waits for something in virtual time by letting that time pass. */
import type { VirtualClock } from "./virtual-clock.ts";

const STEP_MS = 10;
const LONGEST_MS = 600_000;

/** Resolves or rejects as the work does; rejects when ten virtual minutes were not enough. */
export async function drive<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const progress = { settled: false };
  const watched = work.finally(() => {
    progress.settled = true;
  });
  // The loop below rethrows the failure; until then it must not count as unhandled.
  watched.catch(() => undefined);
  const untilMs = clock.monotonicMs() + LONGEST_MS;
  while (!progress.settled) {
    if (clock.monotonicMs() > untilMs) throw new Error("ten virtual minutes were not enough");
    await clock.run(STEP_MS);
  }
  return watched;
}
