/** The helpers that every room uses: error texts, optional members, JSON from outside. */
import { describe, expect, it } from "vitest";
import { errorText } from "../../../src/base/errors.ts";
import { parseJson } from "../../../src/base/json.ts";
import { optional } from "../../../src/base/optional.ts";

describe("errorText", () => {
  it.each([
    [new Error("no such file"), "no such file"],
    [new RangeError(""), ""],
    ["a string", "a string"],
    [undefined, "undefined"],
    [["an", "array"], "an,array"],
  ])("gives the text of %s", (thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });
});

describe("optional", () => {
  it("leaves out what is undefined, and nothing else", () => {
    const members = { a: 0, b: undefined, c: null, d: "", e: false };
    expect(Object.entries(optional(members))).toEqual([
      ["a", 0],
      ["c", null],
      ["d", ""],
      ["e", false],
    ]);
  });
});

describe("parseJson", () => {
  it.each<[string | Uint8Array, unknown]>([
    ['{"a":1}', { a: 1 }],
    ["null", null],
    [Buffer.from("[1]"), [1]],
    ["", undefined],
    ["{", undefined],
    ["\uFEFF{}", undefined],
    [Uint8Array.of(0xff), undefined],
  ])("reads %j", (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });
});
