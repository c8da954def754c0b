/** One picture: its image variants, each made once, and the decoders that read them. */
import type { DecodedCode, Point } from "../../../devices.ts";
import { dewarp } from "../image/dewarp.ts";
import type { Warp } from "../image/dewarp.ts";
import type { Decoders } from "./decoders.ts";
import { isOutlineOf } from "../image/erase.ts";
import {
  blur,
  boxBlur,
  clahe,
  gain,
  gamma,
  localNormalise,
  median,
  onOppositeGround,
  sharpen,
} from "../image/filters.ts";
import { borderLevel, crop, pad, scale, toOriginal } from "../image/image.ts";
import type { Luminance, View } from "../image/image.ts";
import { area } from "./rank.ts";
import type { FrameAccumulator } from "../image/frame-accumulation.ts";
import type { ZxingEffort } from "./zxing.ts";

const VARIANTS = {
  original: (view: View) => view,
  third: (view: View) => scale(view, 1 / 3),
  half: (view: View) => scale(view, 1 / 2),
  twoThirds: (view: View) => scale(view, 2 / 3),
  oneAndHalf: (view: View) => scale(view, 1.5),
  double: (view: View) => scale(view, 2),
  padded: (view: View) => pad(view, marginOf(view), borderLevel(view)),
  paddedWhite: (view: View) => pad(view, marginOf(view), 255),
  brighter: (view: View) => gamma(view, 0.5),
  muchBrighter: (view: View) => gain({ ...view, luminance: boxBlur(view, 1) }, 10),
  darker: (view: View) => gamma(view, 2),
  sharper: (view: View) => sharpen(view, 2, 1.5),
  muchSharper: (view: View) => sharpen(view, 3, 3),
  smoother: (view: View) => blur(view, 1),
  despeckled: median,
  levelled: (view: View) => localNormalise(view, Math.max(16, Math.round(longSide(view) / 10))),
  levelledFinely: (view: View) =>
    localNormalise(view, Math.max(10, Math.round(longSide(view) / 24))),
  smoothLevelled: (view: View) => localNormalise(blur(view, 1), 12),
  equalised: (view: View) => clahe(view, 8, 3),
} satisfies Record<string, (view: View) => View>;

/** A version of the picture. */
export type VariantName = keyof typeof VARIANTS;

const longSide = (image: Luminance): number => Math.max(image.width, image.height);

// A code cut off at its edge needs four modules of quiet zone (ISO/IEC 18004:2015, 5.3.8). Where it
// fills the picture that is a tenth of it at most, and decoders are content with half.
const marginOf = (view: View): number => Math.max(8, Math.round(longSide(view) / 16));

const QUICK: ZxingEffort = {
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
  // Codes of 16 and more pixels a module are lost without it; they are left to the next step,
  // because it makes every frame without a code a quarter dearer.
  tryDownscale: false,
  tryDenoise: false,
  binarizer: "local",
};
const HARDER: ZxingEffort = { ...QUICK, tryHarder: true, tryInvert: true, tryDownscale: true };

type Read = (decoders: Decoders, view: View) => DecodedCode[];

const DECODER_MODES = {
  zxing: (decoders, view) => decoders.zxing.read(view, QUICK),
  "zxing-global": (decoders, view) =>
    decoders.zxing.read(view, { ...QUICK, tryDownscale: true, binarizer: "global" }),
  "zxing-harder": (decoders, view) => decoders.zxing.read(view, HARDER),
  "zxing-denoise": (decoders, view) => decoders.zxing.read(view, { ...HARDER, tryDenoise: true }),
  rxing: (decoders, view) => decoders.rxing.read(view, false),
  zbar: (decoders, view) => decoders.zbar.read(view, false),
} satisfies Record<string, Read>;

/** A way to ask a decoder. */
export type DecoderMode = keyof typeof DECODER_MODES;

/** What steps work on; corners come back in the pixels of the picture it was made for. */
export interface ImageVariants {
  readonly pixels: number;
  /** Whether the quickest attempt outlined a symbol that it could not read. */
  readonly outlined: boolean;
  /** Whether any thorough attempt outlined a symbol that it could not read. */
  hasOutlines(): boolean;
  read(reader: DecoderMode, version: VariantName): DecodedCode[];
  /** Reads the accumulated frames of the stream; nothing where there are too few. */
  readAccumulated(): DecodedCode[];
  /** Reads what lies on an even ground with the contrast of that ground inverted; nothing on any other ground. */
  readOnOppositeGround(): DecodedCode[];
  /** Cuts out what was outlined and not read, and reads it enlarged and much sharpened. */
  readEnlarged(): DecodedCode[];
  /** Cuts out the symbols that were outlined and not read, and tries them dewarped in several ways. */
  readDewarped(warps: readonly Warp[]): DecodedCode[];
}

// Micro QR M1 has 11 modules: in less than that there is nothing to find.
const SMALLEST_SIDE = 11;

const isTooSmall = ({ width, height }: View): boolean =>
  width < SMALLEST_SIDE || height < SMALLEST_SIDE;

/** Corners of a view in the pixels of the picture it was made for. */
function inOriginal(view: View, codes: readonly DecodedCode[]): DecodedCode[] {
  return codes.map((code) => ({
    ...code,
    corners: code.corners.map((corner) => toOriginal(view, corner)),
  }));
}

/** A picture's place in a stream, for what its frames show only together. */
export interface StreamPosition {
  accumulator: FrameAccumulator;
  frame: number;
}

/** @param stream absent for a single picture */
export function createImageVariants(
  decoders: Decoders,
  picture: View,
  stream?: StreamPosition,
): ImageVariants {
  const made = new Map<VariantName, View>([["original", picture]]);
  let bent: View[] | undefined;
  let unread: Point[][] | undefined;
  let outlined = false;
  let outlinedOtherwise = false;
  const versionOf = (version: VariantName): View => {
    const known = made.get(version);
    if (known !== undefined) return known;
    const view = VARIANTS[version](picture);
    made.set(version, view);
    return view;
  };
  const located = (): Point[][] => {
    unread ??= isTooSmall(picture) ? [] : lookFor(picture, HARDER).outlines;
    return unread;
  };
  const lookFor = (
    view: View,
    effort: ZxingEffort,
  ): { codes: DecodedCode[]; outlines: Point[][] } => {
    const { codes, outlines } = decoders.zxing.look(view, effort);
    return { codes, outlines: outlines.filter((outline) => !isOutlineOf(codes, outline)) };
  };
  const readView = (view: View, reader: DecoderMode): DecodedCode[] =>
    isTooSmall(view) ? [] : inOriginal(view, DECODER_MODES[reader](decoders, view));
  return {
    pixels: picture.width * picture.height,
    get outlined() {
      return outlined;
    },
    hasOutlines: () => outlined || outlinedOtherwise || located().length > 0,
    read(reader, version) {
      const effort = OUTLINING[reader];
      const view = versionOf(version);
      if (effort === undefined || isTooSmall(view)) return readView(view, reader);
      // Outlines come with these attempts at no cost, and are seldom seen where no code is.
      const { codes, outlines } = lookFor(view, effort);
      if (version !== "original") outlinedOtherwise ||= outlines.length > 0;
      else if (reader === "zxing") outlined = outlines.length > 0;
      else unread = outlines;
      return inOriginal(view, codes);
    },
    readAccumulated() {
      stream?.accumulator.add(picture, stream.frame);
      const together = stream?.accumulator.mean();
      return together === undefined ? [] : readTogether(createImageVariants(decoders, together));
    },
    readOnOppositeGround() {
      const view = onOppositeGround(picture);
      return view === undefined ? [] : readView(view, "zxing-harder");
    },
    readEnlarged() {
      const parts =
        longSide(picture) <= SMALL_PICTURE_SIDE ? [picture] : surroundings(picture, located());
      for (const part of parts) {
        const factor = Math.min(3, ENLARGED_SIDE / longSide(part));
        if (factor < SMALLEST_ENLARGEMENT) continue;
        const enlarged = sharpen(scale(part, factor), 3, 4);
        for (const reader of ["zxing-harder", "rxing"] as const) {
          const codes = readView(enlarged, reader);
          if (codes.length > 0) return codes;
        }
      }
      return [];
    },
    readDewarped(warps) {
      bent ??= surroundings(picture, located()).map(shrunk);
      for (const part of bent) {
        for (const warp of warps) {
          const codes = readView(dewarp(part, warp), "zxing-global");
          if (codes.length > 0) return codes;
        }
      }
      return [];
    },
  };
}

/** The modes of ZXing that also report the outlines of what they could not read. */
const OUTLINING: Partial<Record<DecoderMode, ZxingEffort>> = {
  zxing: QUICK,
  "zxing-harder": HARDER,
};

// What frames laid together show lacks noise and glare; what remains is want of contrast and size.
const TOGETHER: readonly (readonly [DecoderMode, VariantName])[] = [
  ["zxing", "original"],
  ["rxing", "original"],
  ["zxing-harder", "half"],
  ["zxing-harder", "smoothLevelled"],
  ["zxing-harder", "brighter"],
  ["zxing-harder", "muchSharper"],
];

function readTogether(variants: ImageVariants): DecodedCode[] {
  for (const [reader, version] of TOGETHER) {
    const codes = variants.read(reader, version);
    if (codes.length > 0) return codes;
  }
  return variants.readEnlarged();
}

// Modules of less than two pixels are lost between the samples of a decoder's grid. Enlarged to
// three times as many and sharpened for the lens' blur they are read down to 1.35 pixels.
const ENLARGED_SIDE = 1200;
const SMALLEST_ENLARGEMENT = 1.5;
const SMALL_PICTURE_SIDE = 480;

// The outline of a symbol that did not read is rough, and often only part of it.
const MARGIN_SHARE = 0.5;
const CUT_OUT_SIDE = 320;

// A stain that looks like a symbol must not keep the others from being tried.
const MOST_LOCATED = 3;

const shrunk = (part: View): View => {
  const factor = CUT_OUT_SIDE / longSide(part);
  return factor < 1 ? scale(part, factor) : part;
};

/** The surroundings of the largest located symbols. */
function surroundings(picture: View, located: readonly Point[][]): View[] {
  return located
    .filter((outline) => area(outline) >= SMALLEST_SIDE ** 2)
    .toSorted((a, b) => area(b) - area(a))
    .slice(0, MOST_LOCATED)
    .map((outline) => around(picture, outline));
}

function around(picture: View, outline: readonly Point[]): View {
  const xs = outline.map(({ x }) => x);
  const ys = outline.map(({ y }) => y);
  const margin =
    MARGIN_SHARE * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  return crop(picture, {
    left: Math.min(...xs) - margin,
    top: Math.min(...ys) - margin,
    right: Math.max(...xs) + margin,
    bottom: Math.max(...ys) + margin,
  });
}
