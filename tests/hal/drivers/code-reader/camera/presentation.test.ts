/** One reading for each showing. */
import { describe, expect, test } from "vitest";
import type { DecodedCode } from "../../../../../hal/devices.ts";
import { createPresentations } from "../../../../../hal/drivers/code-reader/camera/presentation.ts";
import type {
  Presentations,
  Sighting,
} from "../../../../../hal/drivers/code-reader/camera/presentation.ts";

const code = (text: string, format: DecodedCode["format"] = "qr"): Sighting => ({
  code: { bytes: new TextEncoder().encode(text), text, format, corners: [], decoder: "test" },
  wanted: true,
});
const poster = (text: string): Sighting => ({ ...code(text), wanted: false });

/** The text that is reported of a frame. */
const reported = (
  presentations: Presentations,
  sightings: readonly Sighting[],
  atMs: number,
  settled = false,
): string | undefined => presentations.observe(sightings, atMs, settled)?.code.text;

describe("presentations, forgotten after 1,000 ms", () => {
  test("a code is reported at once, and not again while it stays", () => {
    const presentations = createPresentations(1_000, 600);
    expect(reported(presentations, [code("a")], 0)).toBe("a");
    for (let at = 100; at < 5_000; at += 100)
      expect(reported(presentations, [code("a")], at)).toBe(undefined);
  });

  test.each([
    [999, undefined],
    [1_000, "a"],
  ])("after %d ms out of view it is reported again: %s", (gap, again) => {
    const presentations = createPresentations(1_000, 600);
    reported(presentations, [code("a")], 0);
    reported(presentations, [], gap / 2);
    expect(reported(presentations, [code("a")], gap)).toBe(again);
  });

  test("time without a single look at the picture is not time out of view", () => {
    const presentations = createPresentations(1_000, 600);
    reported(presentations, [code("a")], 0);
    expect(reported(presentations, [code("a")], 60_000)).toBe(undefined);
  });

  test("another code is reported at once", () => {
    const presentations = createPresentations(1_000, 600);
    reported(presentations, [code("a")], 0);
    expect(reported(presentations, [code("b")], 1)).toBe("b");
  });

  test("of two new ones in one frame the first is reported, the second with the next frame", () => {
    const presentations = createPresentations(1_000, 600);
    expect(reported(presentations, [code("a"), code("b")], 0)).toBe("a");
    expect(reported(presentations, [code("a"), code("b")], 30)).toBe("b");
    expect(reported(presentations, [code("a"), code("b")], 60)).toBe(undefined);
  });

  test("a still picture keeps what was read in it in view, though it is not read again", () => {
    const presentations = createPresentations(1_000, 600);
    presentations.change(0);
    reported(presentations, [code("a")], 0);
    for (let at = 100; at <= 5_000; at += 100) {
      presentations.hold(at);
      reported(presentations, [], at);
    }
    expect(reported(presentations, [code("a")], 5_100)).toBe(undefined);
  });

  test("a still picture does not keep what was read before it changed", () => {
    const presentations = createPresentations(1_000, 600);
    reported(presentations, [code("a")], 0);
    presentations.change(100);
    for (let at = 100; at <= 2_000; at += 100) {
      if (at > 100) presentations.hold(at);
      reported(presentations, [], at);
    }
    presentations.change(2_100);
    expect(reported(presentations, [code("a")], 2_100)).toBe("a");
  });

  test("codes of the same bytes in different symbols are different", () => {
    const presentations = createPresentations(1_000, 600);
    reported(presentations, [code("a")], 0);
    expect(presentations.observe([code("a", "micro-qr")], 1, false)?.code.format).toBe("micro-qr");
  });
});

describe("a code that does not look like a credential", () => {
  test.each([
    [
      "waits for one that does, and is reported after that",
      false,
      [undefined, undefined, "poster"],
    ],
    [
      "is reported at once where nothing else is going to be read",
      true,
      ["poster", undefined, undefined],
    ],
  ])("%s", (_name, settled, expected) => {
    const presentations = createPresentations(1_000, 600);
    const frames = [0, 599, 600].map((at) =>
      reported(presentations, [poster("poster")], at, settled),
    );
    expect(frames).toEqual(expected);
  });

  test.each([0, 500, 1_500])(
    "beside one that is read after %d ms, that one is reported",
    (readAt) => {
      const presentations = createPresentations(1_000, 600);
      const frames: (string | undefined)[] = [];
      for (let at = 0; at <= 3_000; at += 100) {
        const credential = at >= readAt ? [code("credential")] : [];
        frames.push(reported(presentations, [...credential, poster("poster")], at));
      }
      const expected = readAt > 600 ? ["poster", "credential"] : ["credential"];
      expect(frames.filter((text) => text !== undefined)).toEqual(expected);
    },
  );

  test("is not reported when the credential beside it is taken away", () => {
    const presentations = createPresentations(1_000, 600);
    reported(presentations, [code("credential"), poster("poster")], 0);
    for (let at = 100; at <= 5_000; at += 100) {
      expect(reported(presentations, [poster("poster")], at, true)).toBe(undefined);
    }
  });

  test("that hung there for long is not reported again behind everybody who stood before it", () => {
    const presentations = createPresentations(1_000, 600);
    for (let at = 0; at <= 40_000; at += 500) reported(presentations, [poster("poster")], at, true);
    reported(presentations, [], 45_000);
    expect(reported(presentations, [poster("poster")], 50_000, true)).toBe(undefined);
    reported(presentations, [], 51_000);
    expect(reported(presentations, [poster("poster")], 700_000, true)).toBe("poster");
  });
});
