/** Counts bad readings, and raises an alarm when there are too many in a row. */
import type { Transition } from "../transition.ts";

/** Bad readings in a row are a person who tries codes, or a dirty lens: staff are alarmed. */
export function countRead(transition: Transition, good: boolean): void {
  if (good) {
    transition.update({ badReads: 0 });
    transition.clear("repeated-bad-reads");
    return;
  }
  const badReads = transition.state.badReads + 1;
  transition.update({ badReads });
  if (badReads >= transition.state.policy.attempts.maxBadReads)
    transition.raise("repeated-bad-reads");
}
