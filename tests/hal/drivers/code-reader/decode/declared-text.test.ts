/** What a code declares of its characters is its text, whichever decoder found it. */
import { beforeAll, describe, expect, test } from "vitest";
import { loadDecoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Decoders } from "../../../../../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../../../../../hal/drivers/code-reader/image/image.ts";

let decoders: Decoders;
beforeAll(async () => {
  decoders = await loadDecoders();
});

const MODULES = 21;
const QUIET_MODULES = 4;
const MODULE_PIXELS = 6;

/** A symbol of version 1 from its modules, row by row, a bit each, the first one highest. */
function draw(modules: string): Luminance {
  const bits = Buffer.from(modules, "base64");
  const side = (MODULES + 2 * QUIET_MODULES) * MODULE_PIXELS;
  const luminance = Uint8Array.from({ length: side * side }, (_, index) => {
    const row = Math.floor(Math.floor(index / side) / MODULE_PIXELS) - QUIET_MODULES;
    const column = Math.floor((index % side) / MODULE_PIXELS) - QUIET_MODULES;
    const inside = row >= 0 && row < MODULES && column >= 0 && column < MODULES;
    const at = row * MODULES + column;
    return inside && ((bits[at >> 3] ?? 0) & (0x80 >> (at & 7))) !== 0 ? 25 : 235;
  });
  return { width: side, height: side, luminance };
}

const PLAIN = {
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
  tryDownscale: false,
  tryDenoise: false,
  binarizer: "local",
} as const;

// Made for this test: one or more segments, error correction M.
const SYMBOLS: readonly (readonly [string, string, string])[] = [
  [
    "a hanzi segment between bytes",
    "AD:SUB:阿;;",
    "/vP8F9Butrt0xdurrsEJB/qv4AMAn5S+Qd9rrb8rEOakcYBvz/omEFNOup891PcuhycETv/oTgA=",
  ],
  [
    "kanji beside kana of half width",
    "A日ｱｲ12",
    "/lP8FhBusrt1ZdukrsEJB/qv4BQAgvZxqN17ymqztmX144BUM/lHUEj3uhBl0koulm8EUE/skQA=",
  ],
  [
    "the ECI of GB 18030",
    "健康",
    "/qP8EhBulrt1lduprsFFB/qv4BQAi+/OS3DPqw3J8kIjP4BsD/tP0Ej6uq5l03hukykEMH/pLIA=",
  ],
  [
    "the ECI of Big5",
    "健康",
    "/mv8E5Buprt1RduprsFVB/qv4B8Avivn50gl7TVbQ0K9SgB/g/itUFPsuuld1EiutREEw3/vRwA=",
  ],
  [
    "the ECI of EUC-KR",
    "건강",
    "/iv8FJBumLt0hduvrsE5B/qv4AwAqmiTwKu/rddDe6OzcoBxm/gi8EBjuurV06MuvdMEu5/pY4A=",
  ],
  [
    "the ECI of UTF-16",
    "日本",
    "/hP8EBBurLt1xdurrsFlB/qv4BMAvivhiUsV7STDA8x5TgB/o/ksUFfuuolt1EuuvSEEg//tVQA=",
  ],
  [
    "the ECI of ISO/IEC 8859-1 over bytes that are valid UTF-8",
    "Ã©",
    "/lP8ElBuuLt1tduvrsF1B/qv4B8AvgvmCUpJ7SkYw021TABvA/msUFvDuqll1kkupSkEA3/tSwA=",
  ],
];

describe("a code with", () => {
  test.each(SYMBOLS)("%s says so to ZXing and to rxing", (_name, text, modules) => {
    const picture = draw(modules);
    const codes = [...decoders.zxing.read(picture, PLAIN), ...decoders.rxing.read(picture, false)];
    expect(codes.map((code) => [code.decoder, code.text])).toEqual([
      ["zxing", text],
      ["rxing", text],
    ]);
    expect(codes[0]?.bytes).toEqual(codes[1]?.bytes);
  });
});
