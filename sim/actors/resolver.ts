/** The district's online resolver, which can be slow, wrong or down. */
import { delay, type Clock } from "../../hal/clock.ts";
import type { DirectoryEntry } from "../../src/core/evidence/directory.ts";
import type { ResolverClient } from "../../src/credential/directory/resolver.ts";

/** `wrong`: it answers with something that is no directory entry, which the client refuses. */
export type ResolverState = "fine" | "slow" | "wrong" | "down";

export interface SimulatedResolver extends ResolverClient {
  set(state: ResolverState): void;
  /** Questions so far. */
  asked(): number;
}

/** Within the network of a district. */
const USUAL_MS = 40;
/** Beyond every deadline of a unit. */
const SLOW_MS = 5_000;

/** @param entryOf what the district knows of a token's holder */
export function createSimulatedResolver(
  clock: Clock,
  entryOf: (token: string) => DirectoryEntry | undefined,
): SimulatedResolver {
  let state: ResolverState = "fine";
  let asked = 0;
  return {
    set(next) {
      state = next;
    },
    asked: () => asked,
    async ask(token) {
      asked += 1;
      const now = state;
      await delay(clock, now === "slow" ? SLOW_MS : USUAL_MS);
      if (now === "down") throw new Error("the resolver cannot be reached");
      if (now === "wrong") throw new Error("the resolver's answer is no directory entry");
      return entryOf(token);
    },
  };
}
