/** Bytes to text, and rxing's codewords to bytes. */
import { describe, expect, test } from "vitest";
import { readCodewords } from "../../../../../hal/drivers/code-reader/decode/codewords.ts";
import { textOf } from "../../../../../hal/drivers/code-reader/decode/text.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("text of a code's bytes", () => {
  test.each([
    ["UTF-8 is UTF-8", utf8("健康码 é"), undefined, "健康码 é"],
    ["a byte order mark stays", bytes("efbbbf41"), undefined, "\ufeffA"],
    ["UTF-16 behind its mark", bytes("feff597d0041"), undefined, "好A"],
    ["UTF-16 the other way round", bytes("fffe7d594100"), undefined, "好A"],
    ["a mark before what is no UTF-16", bytes("feff597d00"), undefined, "\ufffd\ufffdY}\u0000"],
    ["what the code declares", bytes("b0a2"), "阿", "阿"],
    ["a declaration that the bytes do not follow is none", utf8("é"), "\ufffd", "é"],
    ["bytes beside kanji segments are Shift_JIS too", bytes("c0de93fa"), "ÀÞ日", "ﾀﾞ日"],
    ["undeclared Shift_JIS that is clearly Japanese", bytes("83828360"), undefined, "モチ"],
    ["undeclared kana of half width", bytes("c3deb2dd"), undefined, "ﾃﾞｲﾝ"],
    ["undeclared kana of half width in lines", bytes("2ac3debb0d0a"), undefined, "*ﾃﾞｻ\r\n"],
    ["full-width Latin letters are no evidence", bytes("82728264"), undefined, "\x82r\x82d"],
    ["scattered accented letters are Latin-1", bytes("4bd64c4e204ddc4e"), undefined, "KÖLN MÜN"],
    ["one accented letter is Latin-1, not a kanji", bytes("436166e974"), undefined, "Cafét"],
    ["anything else is Latin-1", bytes("e9e8"), undefined, "éè"],
    ["plain binary shows where it is no UTF-8", bytes("89504e4700"), undefined, "\ufffdPNG\u0000"],
    ["nothing is nothing", new Uint8Array(), undefined, ""],
    ["UTF-8 that was packed in kanji mode", utf8("健康码"), "蛛¥蠎·遐", "健康码"],
    ["GB 2312 undeclared", bytes("c4e3bac3"), undefined, "你好"],
    [
      "GB 2312 undeclared, with ASCII and punctuation",
      bytes("bda1bfb5c2eba3ac41"),
      undefined,
      "健康码，A",
    ],
    ["accented letters in a row are Latin-1, not rare kanji", bytes("e9e8e9e8"), undefined, "éèéè"],
    ["accented capitals among ASCII are no GB 2312", bytes("c9544dc9"), undefined, "ÉTMÉ"],
  ])("%s", (_name, content, declared, text) => {
    expect(textOf(content, declared)).toBe(text);
  });

  test("is what an ECI declares, though it is valid UTF-8", () => {
    expect(textOf(bytes("00410042"), "AB", true)).toBe("AB");
    expect(textOf(utf8("é"), "Ã©", true)).toBe("Ã©");
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
      Buffer.from(content.bytes).toString("latin1"),
    );
    expect(readings).toContain(text);
  });

  // 7.4.6 gives 点 and 茗 as its examples of kanji mode; hanzi mode after GB/T 18284-2000, 6.3.6.
  test.each([
    ["kanji", "8026cfeaa800", "点茗"],
    ["hanzi", "d1011e0800", "阿"],
    ["an ECI of ISO/IEC 8859-7", "709405c1c2c3c4c500", "ΑΒΓΔΕ"],
  ])("of %s in a small symbol declare their text", (_name, hex, text) => {
    expect(readCodewords(bytes(hex)).map(({ declared }) => declared)).toContain(text);
  });

  test("that stop in the middle of a segment give nothing in that size of symbol", () => {
    expect(readCodewords(bytes("4ff414"))).toEqual([]);
  });
});
