/** One text for one value: RFC 8785, and what it refuses. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/base/canonical-json.ts";

const turned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, turned(member)]),
  );
};

describe("canonical JSON", () => {
  it("sorts names by UTF-16 code units (RFC 8785 §3.2.3)", () => {
    const names = ["\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6"];
    const value = Object.fromEntries(names.map((name) => [name, 0]));
    expect(canonicalJson(value)).toBe(
      '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\ud83d\ude00":0,"\ufb33":0}',
    );
  });

  it("sorts names that are numbers as texts", () => {
    expect(canonicalJson({ 10: "b", 9: "a" })).toBe('{"10":"b","9":"a"}');
  });

  it("is JSON of the same value, the same for every order of members", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const value: unknown = JSON.parse(text);
        const canonical = canonicalJson(value);
        expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(turned(value))).toBe(canonical);
      }),
    );
  });

  it("leaves out members that are undefined", () => {
    expect(canonicalJson({ b: undefined, a: [1, null] })).toBe('{"a":[1,null]}');
  });

  it.each([Number.NaN, Infinity, undefined, 1n, () => 0, Symbol("s"), [undefined]])(
    "refuses what JSON cannot hold: %s",
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );

  it("refuses what nests more deeply than it may", () => {
    expect(canonicalJson([[{ a: 1 }]], 3)).toBe('[[{"a":1}]]');
    expect(() => canonicalJson([[{ a: [] }]], 3)).toThrow(RangeError);
  });
});
