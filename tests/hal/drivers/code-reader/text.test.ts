/** Bytes to text, and rxing's codewords to bytes. */
import { describe, expect, test } from "vitest";
import { readCodewords } from "../../../../hal/drivers/code-reader/codewords.ts";
import { textOf } from "../../../../hal/drivers/code-reader/text.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("text of a code's bytes", () => {
  test.each([
    ["UTF-8 is UTF-8", utf8("健康码 é"), undefined, "健康码 é"],
    ["UTF-8 wins over what a decoder guessed", utf8("é"), "Ã©", "é"],
    ["a byte order mark stays", bytes("efbbbf41"), undefined, "\ufeffA"],
    ["what the code declares", bytes("b0a2"), "阿", "阿"],
    ["undeclared Shift_JIS that is clearly Japanese", bytes("83828360"), undefined, "モチ"],
    ["one accented letter is Latin-1, not a kanji", bytes("436166e974"), undefined, "Cafét"],
    ["anything else is Latin-1", bytes("e9e8"), undefined, "éè"],
    ["plain binary shows where it is no UTF-8", bytes("89504e4700"), undefined, "\ufffdPNG\u0000"],
    ["nothing is nothing", new Uint8Array(), undefined, ""],
  ])("%s", (_name, content, declared, text) => {
    expect(textOf(content, declared)).toBe(text);
  });
});

describe("codewords", () => {
  // ISO/IEC 18004:2015, 7.4.3 and 7.4.4 give these two as examples.
  test.each([
    ["numeric 01234567", "10200c566180", "01234567"],
    ["alphanumeric AC-42", "2029cee72100", "AC-42"],
    ["byte", "4034142430ec", "ABC"],
  ])("of %s in a small symbol give their characters", (_name, hex, text) => {
    const readings = readCodewords(bytes(hex)).map((content) =>
      Buffer.from(content).toString("latin1"),
    );
    expect(readings).toContain(text);
  });

  test("that stop in the middle of a segment give nothing in that size of symbol", () => {
    expect(readCodewords(bytes("4ff414"))).toEqual([]);
  });
});
