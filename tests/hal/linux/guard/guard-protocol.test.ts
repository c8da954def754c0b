import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createLineSplitter,
  decodeCommand,
  decodeReport,
  encodeCommand,
  encodeReport,
} from "../../../../hal/linux/guard/guard-protocol.ts";

const MAXIMUM_MS = 5000;

describe("commands to the guard", () => {
  it.each(["energise 1 1 0", `energise 7 ${MAXIMUM_MS} 86400000`, "deenergise 2", "beat"])(
    "knows %j",
    (text) => {
      const command = decodeCommand(text, MAXIMUM_MS);
      if (command === undefined) throw new Error("it should have been known");
      expect(encodeCommand(command)).toBe(`${text}\n`);
    },
  );

  it.each([
    "",
    "energise",
    "energise 1",
    "energise 1 5",
    "energise 1 0 0",
    `energise 1 ${MAXIMUM_MS + 1} 0`,
    "energise 1 -5 0",
    "energise 1 1e3 0",
    "energise 1 5.5 0",
    "energise 1 5 -1",
    "energise 1 5 now",
    " energise 1 5 5",
    "energise 1 5 5 5",
    "ENERGISE 1 5 5",
    "deenergise",
    "deenergise 1 5",
    "beat beat",
  ])("does not know %j", (text) => {
    expect(decodeCommand(text, MAXIMUM_MS)).toBeUndefined();
  });

  it("never takes noise for a release beyond the maximum", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const command = decodeCommand(text, MAXIMUM_MS);
        return command?.kind !== "energise" || command.forMs <= MAXIMUM_MS;
      }),
    );
  });
});

describe("reports of the guard", () => {
  it.each(["ready", "beat", "level 0", "level 1", "done 12"])("knows %j", (text) => {
    const report = decodeReport(text);
    if (report === undefined) throw new Error("it should have been known");
    expect(encodeReport(report)).toBe(`${text}\n`);
  });

  it.each(["", "level 2", "level", "done", "done x", "Ready"])("does not know %j", (text) => {
    expect(decodeReport(text)).toBeUndefined();
  });
});

describe("cutting text into lines", () => {
  it.each([
    ["two in one chunk", ["a\nb\n"], ["a", "b"]],
    ["one in two chunks", ["ener", "gise 1 5 9\n"], ["energise 1 5 9"]],
    ["an unfinished tail", ["beat\nbe"], ["beat"]],
    ["empty ones", ["\n\n"], ["", ""]],
  ])("%s", (_, chunks, expected) => {
    const lines: string[] = [];
    const cut = createLineSplitter((line) => lines.push(line));
    for (const chunk of chunks) cut(chunk);
    expect(lines).toEqual(expected);
  });

  it("hands on what has no end, so that it is refused and not collected for ever", () => {
    const lines: string[] = [];
    const cut = createLineSplitter((line) => lines.push(line));
    for (let round = 0; round < 10; round++) cut("x".repeat(40));
    expect(lines.length).toBeGreaterThan(0);
    expect(decodeCommand(lines[0] ?? "", MAXIMUM_MS)).toBeUndefined();
  });
});
