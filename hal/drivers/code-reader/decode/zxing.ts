/** The ZXing-C++ reader in wasm, called on grey bytes directly and without a promise. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { prepareZXingModule } from "zxing-wasm/reader";
import type { ZXingReaderModule } from "zxing-wasm/reader";
import type { DecodedCode, Point } from "../../../devices.ts";
import type { Luminance } from "../image/image.ts";
import { asLatin1, textOf } from "./text.ts";

/** How much effort ZXing spends; each adds to the cost of a picture without a code. */
export interface ZxingEffort {
  tryHarder: boolean;
  tryRotate: boolean;
  tryInvert: boolean;
  tryDownscale: boolean;
  tryDenoise: boolean;
  /** How grey becomes black and white: by the surroundings, or by one threshold for the picture. */
  binarizer: "local" | "global";
}

/** A ready decoder; it is synchronous and keeps no state between pictures. */
export interface Zxing {
  read(image: Luminance, effort: ZxingEffort): DecodedCode[];
  /** The same, and the corners of what is there, as far as its outline goes, but could not be read. */
  look(image: Luminance, effort: ZxingEffort): { codes: DecodedCode[]; outlines: Point[][] };
}

// Indices into zxing-cpp's enumerations (zxing-wasm 3.1.4: bindings/binarizer.ts, textMode.ts,
// eanAddOnSymbol.ts, characterSet.ts).
const LOCAL_AVERAGE = 0;
const GLOBAL_HISTOGRAM = 1;
const TEXT_PLAIN = 0;
const EAN_IGNORE = 0;
// For what the code declares nothing of: left open, ZXing guesses, and its text would not tell.
const CHARACTER_SET_LATIN1 = 2;

/** The part of the module's memory interface that the package leaves to Emscripten's own types. */
type ZxingWasm = ZXingReaderModule & {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
};

// Which of several codes is meant is decided afterwards, so all that may be in view are wanted. The
// library counts them in one byte.
const MOST_SYMBOLS = 255;

const FORMATS = {
  QRCode: "qr",
  QRCodeModel1: "qr",
  QRCodeModel2: "qr",
  MicroQRCode: "micro-qr",
} as const;

function formatOf(name: string): DecodedCode["format"] | undefined {
  return name in FORMATS ? FORMATS[name as keyof typeof FORMATS] : undefined;
}

/** Loads the wasm from the installed package; the library's own default would fetch it from a CDN. */
export async function loadZxing(): Promise<Zxing> {
  const path = createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm");
  const file = readFileSync(path);
  const wasmBinary = new Uint8Array(file).buffer;
  const wasm = (await prepareZXingModule({
    overrides: { wasmBinary },
    fireImmediately: true,
  })) as ZxingWasm;
  let pointer = 0;
  let capacity = 0;
  const reserve = (bytes: number): number => {
    if (bytes > capacity) {
      if (pointer !== 0) wasm._free(pointer);
      pointer = wasm._malloc(bytes);
      if (pointer === 0)
        throw new RangeError(`zxing has no memory for a picture of ${bytes} bytes`);
      capacity = bytes;
    }
    return pointer;
  };
  const scan = (image: Luminance, effort: ZxingEffort, returnErrors: boolean): ReadResult[] => {
    const at = reserve(image.luminance.length);
    wasm.HEAPU8.set(image.luminance, at);
    const { binarizer, ...tries } = effort;
    const found = wasm.readBarcodesFromPixmap(at, image.width, image.height, {
      ...FIXED_OPTIONS,
      ...tries,
      binarizer: binarizer === "local" ? LOCAL_AVERAGE : GLOBAL_HISTOGRAM,
      returnErrors,
    });
    try {
      return Array.from({ length: found.size() }, (_, index) => found.get(index)).flatMap(
        (result) => result ?? [],
      );
    } finally {
      // It lies in the wasm's memory, which no garbage collector of JavaScript looks after.
      (found as typeof found & { delete(): void }).delete();
    }
  };
  return {
    read: (image, effort) => scan(image, effort, false).flatMap(toCode),
    look(image, effort) {
      const results = scan(image, effort, true);
      return {
        codes: results.flatMap(toCode),
        outlines: results.filter((result) => !result.isValid).map(cornersOf),
      };
    },
  };
}

type ReadResult = Exclude<
  ReturnType<ReturnType<ZxingWasm["readBarcodesFromPixmap"]>["get"]>,
  undefined
>;

const FIXED_OPTIONS = {
  formats: "QRCode,MicroQRCode",
  isPure: false,
  downscaleFactor: 3,
  downscaleThreshold: 500,
  minLineCount: 2,
  maxNumberOfSymbols: MOST_SYMBOLS,
  validateOptionalChecksum: false,
  eanAddOnSymbol: EAN_IGNORE,
  textMode: TEXT_PLAIN,
  characterSet: CHARACTER_SET_LATIN1,
  tryCode39ExtendedMode: false,
};

function cornersOf(result: ReadResult): Point[] {
  const { topLeft, topRight, bottomRight, bottomLeft } = result.position;
  return [topLeft, topRight, bottomRight, bottomLeft].map(({ x, y }) => ({ x, y }));
}

function toCode(result: ReadResult): DecodedCode[] {
  const format = formatOf(result.format);
  if (format === undefined || !result.isValid) return [];
  const bytes = Uint8Array.from(result.bytes);
  // Undeclared bytes come as Latin-1; kanji and hanzi segments declare themselves without an ECI.
  const declared = result.hasECI || result.text !== asLatin1(bytes) ? result.text : undefined;
  const text = textOf(bytes, declared, result.hasECI);
  const { width: modules } = result.symbol;
  return [
    {
      bytes,
      text,
      format,
      corners: cornersOf(result),
      decoder: "zxing",
      ...(modules > 0 ? { modules } : {}),
      ...partOf(result),
    },
  ];
}

// Clause 8.2: sixteen symbols at most, so a single one or more than those is no sequence.
const MOST_PARTS = 16;

function partOf({
  sequenceSize,
  sequenceIndex,
  sequenceId,
}: ReadResult): Pick<DecodedCode, "part"> {
  if (sequenceSize < 2 || sequenceSize > MOST_PARTS || sequenceIndex >= sequenceSize) return {};
  return { part: { number: sequenceIndex + 1, of: sequenceSize, parity: Number(sequenceId) } };
}
