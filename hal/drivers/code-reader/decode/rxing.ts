/** The rxing decoder in wasm: a third opinion that reads some pictures the other two miss. */
import {
  BarcodeFormat,
  DecodeHintDictionary,
  DecodeHintTypes,
  decode_barcode_with_hints,
} from "rxing-wasm";
import type { DecodedCode } from "../../../devices.ts";
import { readCodewords } from "./codewords.ts";
import type { Content } from "./codewords.ts";
import type { Luminance } from "../image/image.ts";
import { guessesOf, readingsOf, textOf } from "./text.ts";

/** A ready decoder; `read` is synchronous and keeps no state between pictures. */
export interface Rxing {
  /** @param harder looks along more lines, at several times the cost of a miss */
  read(image: Luminance, harder: boolean): DecodedCode[];
}

/** The package loads its wasm from its own folder while it is imported. */
export function loadRxing(): Rxing {
  const [quick, thorough] = [false, true].map((harder) => {
    const hints = new DecodeHintDictionary();
    hints.set_hint(DecodeHintTypes.PossibleFormats, "QrCode");
    if (harder) hints.set_hint(DecodeHintTypes.TryHarder, "true");
    return hints;
  });
  // A Rust panic leaves the instance in an undefined state: after one it is not asked again.
  let broken = false;
  return {
    read(image, harder) {
      const hints = harder ? thorough : quick;
      if (broken || hints === undefined) return [];
      try {
        return [decode(image, hints)].flat();
      } catch (error) {
        // Not finding a code is thrown as a string.
        broken = error instanceof Error && error.name === "RuntimeError";
        return [];
      }
    },
  };
}

function decode(image: Luminance, hints: DecodeHintDictionary): DecodedCode[] {
  const result = decode_barcode_with_hints(
    image.luminance,
    image.width,
    image.height,
    hints,
    false,
  );
  try {
    if (result.format() !== BarcodeFormat.QrCode) return [];
    const notes = notesOn(result);
    // Which part of a message a symbol is, rxing says only in part: that is left to ZXing.
    if (isPart(notes)) return [];
    const byEci = declaresCharacterSet(notes);
    const content = contentOf(result.raw_bytes(), result.text(), byEci);
    if (content === undefined) return [];
    const { bytes, declared } = content;
    const [ax, ay, bx, by, cx, cy, dx, dy] = result.result_points();
    const corners =
      ax !== undefined &&
      ay !== undefined &&
      bx !== undefined &&
      by !== undefined &&
      cx !== undefined &&
      cy !== undefined &&
      dx !== undefined &&
      dy !== undefined
        ? [
            { x: ax, y: ay },
            { x: bx, y: by },
            { x: dx, y: dy },
            { x: cx, y: cy },
          ]
        : [];
    return [
      { bytes, text: textOf(bytes, declared, byEci), format: "qr", corners, decoder: "rxing" },
    ];
  } finally {
    result.free();
  }
}

/** A symbol's metadata: names by their values, as rxing gives them. */
type Notes = readonly (readonly [value: unknown, name: unknown])[];

function notesOn(result: ReturnType<typeof decode_barcode_with_hints>): Notes {
  return [...(result.get_meta_data() as Map<unknown, unknown>)];
}

/** Whether the symbol is one of several that carry a message together; of others it notes -1. */
function isPart(notes: Notes): boolean {
  return notes.some(
    ([value, name]) => String(name).startsWith("Structured_Append") && Number(value) >= 0,
  );
}

/** Whether the symbol holds an ECI designator, by its symbology identifier (ISO/IEC 18004:2015, annex F). */
function declaresCharacterSet(notes: Notes): boolean {
  return notes.some(([value]) => value === "]Q2" || value === "]Q4" || value === "]Q6");
}

/**
 * rxing's raw bytes are the content for some symbols and the data codewords, mode and count
 * included, for others. Whichever it is, the content is what reads as the text it gives; where
 * nothing does, the bytes are unknown and it is left to the other decoders.
 */
function contentOf(raw: Uint8Array, text: string, declares: boolean): Content | undefined {
  const candidates: Content[] = [{ bytes: raw }, ...readCodewords(raw)];
  const content = candidates.find(
    ({ bytes, declared }) =>
      bytes.length > 0 && (declared === text || readingsOf(bytes).includes(text)),
  );
  if (content === undefined || content.declared !== undefined) return content;
  // Without an ECI it never takes bytes for Chinese or Korean: such text is from hanzi segments.
  const declared = declares || !guessesOf(content.bytes).includes(text);
  return declared ? { bytes: content.bytes, declared: text } : content;
}
