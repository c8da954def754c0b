/** One reading for each showing. */
import { describe, expect, test } from "vitest";
import type { DecodedCode } from "../../../../hal/devices.ts";
import { createShowings } from "../../../../hal/drivers/code-reader/showing.ts";

const code = (text: string): DecodedCode => ({
  bytes: new TextEncoder().encode(text),
  text,
  format: "qr",
  corners: [],
  decoder: "test",
});

describe("showings, forgotten after 1,000 ms", () => {
  test("a code is told at once, and not again while it stays", () => {
    const showings = createShowings(1_000);
    expect(showings.look([code("a")], 0)?.text).toBe("a");
    for (let at = 100; at < 5_000; at += 100)
      expect(showings.look([code("a")], at)).toBe(undefined);
  });

  test.each([
    [999, undefined],
    [1_000, "a"],
  ])("after %d ms out of view it is told again: %s", (gap, told) => {
    const showings = createShowings(1_000);
    showings.look([code("a")], 0);
    showings.look([], gap / 2);
    expect(showings.look([code("a")], gap)?.text).toBe(told);
  });

  test("time without a single look at the picture is not time out of view", () => {
    const showings = createShowings(1_000);
    showings.look([code("a")], 0);
    expect(showings.look([code("a")], 60_000)).toBe(undefined);
  });

  test("another code is told at once", () => {
    const showings = createShowings(1_000);
    showings.look([code("a")], 0);
    expect(showings.look([code("b")], 1)?.text).toBe("b");
  });

  test("of two new ones in one frame the first is told, the second with the next frame", () => {
    const showings = createShowings(1_000);
    expect(showings.look([code("a"), code("b")], 0)?.text).toBe("a");
    expect(showings.look([code("a"), code("b")], 30)?.text).toBe("b");
    expect(showings.look([code("a"), code("b")], 60)).toBe(undefined);
  });

  test("a still picture keeps what was read in it in view, though it is not read again", () => {
    const showings = createShowings(1_000);
    showings.change(0);
    showings.look([code("a")], 0);
    for (let at = 100; at <= 5_000; at += 100) {
      showings.hold(at);
      showings.look([], at);
    }
    expect(showings.look([code("a")], 5_100)).toBe(undefined);
  });

  test("a still picture does not keep what was read before it changed", () => {
    const showings = createShowings(1_000);
    showings.look([code("a")], 0);
    showings.change(100);
    for (let at = 100; at <= 2_000; at += 100) {
      if (at > 100) showings.hold(at);
      showings.look([], at);
    }
    showings.change(2_100);
    expect(showings.look([code("a")], 2_100)?.text).toBe("a");
  });

  test("codes of the same bytes in different symbols are different", () => {
    const showings = createShowings(1_000);
    showings.look([code("a")], 0);
    expect(showings.look([{ ...code("a"), format: "micro-qr" }], 1)?.format).toBe("micro-qr");
  });
});
