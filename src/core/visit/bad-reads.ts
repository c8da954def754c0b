/** Bad readings: counted, so that staff come when there are too many in a row. */
import type { Turn } from "../turn.ts";

/** Bad readings in a row are somebody trying, or a lens that wants cleaning: staff must know. */
export function countReads(turn: Turn, good: boolean): void {
  if (good) {
    turn.set({ badReads: 0 });
    turn.clear("repeated-bad-reads");
    return;
  }
  const badReads = turn.state.badReads + 1;
  turn.set({ badReads });
  if (badReads >= turn.state.policy.attempts.maxBadReads) turn.raise("repeated-bad-reads");
}
