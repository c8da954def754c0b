/** What holds for every kind of data set there is. */
import { describe, expect, it } from "vitest";
import { DATA_SET_KINDS } from "../../../src/core/data-set.ts";
import { SourceError, type SourceFile } from "../../../src/data-sets/format.ts";
import { DATA_SET_FORMATS } from "../../../src/data-sets/index.ts";

const NOW_MS = 1_700_000_000_000;
const OPTIONS = { nowMs: NOW_MS, of: [] };

function source(text: string): SourceFile {
  return { name: "a-file", bytes: Buffer.from(text), modifiedMs: NOW_MS - 1, isFromFolder: false };
}

describe.each(DATA_SET_KINDS)("the format of a %s set", (kind) => {
  const format = DATA_SET_FORMATS[kind];

  it("is listed under its own kind", () => {
    expect(format.kind).toBe(kind);
  });

  it("refuses a file that is no such set, and names the file", () => {
    const compose = (): unknown => format.compose([source('{"no": such set')], OPTIONS);
    expect(compose).toThrow(SourceError);
    expect(compose).toThrow("a-file cannot be used");
  });

  it("limits the bytes and the files of a set", () => {
    expect(format.limits.bytes).toBeGreaterThan(0);
    expect(format.limits.files).toBeGreaterThan(0);
  });
});

it("makes the same directory of the same people in any order, dated by its file", () => {
  const people = ["b", "a"].map((letter) =>
    JSON.stringify({ pseudonym: letter.repeat(16), asOfMs: 1 }),
  );
  const made = DATA_SET_FORMATS.directory.compose([source(people.join("\n"))], OPTIONS);
  const other = DATA_SET_FORMATS.directory.compose([source(people.reverse().join("\n"))], OPTIONS);
  expect(made).toEqual(other);
  expect(made).toMatchObject({ asOfMs: NOW_MS - 1, what: "2 people" });
});

it("dates no set in the future", () => {
  const late = {
    ...source(JSON.stringify({ pseudonym: "a".repeat(16), asOfMs: 1 })),
    modifiedMs: NOW_MS + 5,
  };
  expect(DATA_SET_FORMATS.directory.compose([late], OPTIONS).asOfMs).toBe(NOW_MS);
});
