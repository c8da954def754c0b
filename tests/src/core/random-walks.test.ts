import { describe, expect, it } from "vitest";
import type { Event } from "../../../src/core/event.ts";
import { brokenInvariants } from "../../../src/core/invariants.ts";
import { initialState } from "../../../src/core/state.ts";
import { step } from "../../../src/core/step.ts";
import { aPolicy, at } from "../../support/core.ts";
import { EVENTS } from "./states-and-events.ts";

const STEPS = 2_000;

/** Marsaglia's xorshift32 (Journal of Statistical Software 8(14), 2003). */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

describe("a random walk through all events", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("keeps every invariant (seed %i)", (seed) => {
    const random = numbers(seed);
    const below = (limit: number): number => random.next().value % limit;
    const makers = Object.values(EVENTS);
    let state = initialState(aPolicy());
    let nowMs = 0;
    for (let count = 0; count < STEPS; count += 1) {
      const variants = makers[below(makers.length)]?.(state) ?? [];
      const chosen = variants[below(variants.length)];
      if (chosen === undefined) continue;
      nowMs += below(4_000);
      const taken: Event = { ...chosen, at: at(nowMs) };
      ({ state } = step(state, taken));
      expect(brokenInvariants(state), `after ${taken.kind}, step ${count}`).toEqual([]);
    }
  });
});
