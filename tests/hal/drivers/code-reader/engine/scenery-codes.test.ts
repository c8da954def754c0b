/** Wanted codes that hang in the doorway. */
import { describe, expect, test } from "vitest";
import type { DecodedCode } from "../../../../../hal/devices.ts";
import { createSceneryCodes } from "../../../../../hal/drivers/code-reader/engine/scenery-codes.ts";

const code = (text: string): DecodedCode => ({
  bytes: new TextEncoder().encode(text),
  text,
  format: "qr",
  corners: [],
  decoder: "test",
});

describe("a wanted code", () => {
  test("is fresh for as long as somebody may hold it up, and familiar when it stays", () => {
    const familiar = createSceneryCodes();
    const fresh = Array.from({ length: 400 }, (_, frame) =>
      familiar.isFresh([code("sample")], frame),
    );
    expect(fresh.indexOf(false)).toBe(299);
    expect(fresh.lastIndexOf(true)).toBe(298);
    expect(familiar.isFresh([code("sample"), code("visitor")], 400)).toBe(true);
  });

  test.each([
    ["a visit long", 900, false],
    ["for minutes", 2_000, true],
  ])("that was familiar and out of view %s is fresh again: %s", (_name, gap, again) => {
    const familiar = createSceneryCodes();
    for (let frame = 0; frame < 300; frame++) familiar.isFresh([code("sample")], frame);
    expect(familiar.isFresh([code("sample")], 299 + gap)).toBe(again);
  });
});
