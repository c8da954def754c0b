/** The attempts at a picture: which decoder reads which variant of it, in which order. */
import type { DecodedCode } from "../../../devices.ts";
import { WARPS } from "../image/dewarp.ts";
import type { DecoderMode, VariantName, ImageVariants } from "./image-variants.ts";

/** One attempt at a picture. */
export interface Attempt {
  /** Decoder and version, as readings name it. */
  name: string;
  /** CPU it takes when nothing is found, as a multiple of the first step on the same picture. */
  cost: number;
  /** Whether the picture was changed so much that weakly protected symbols must be read a second time. */
  changed: boolean;
  /** Whether one attempt gives all that this step can read; the others give one code at a time. */
  seesEveryCode: boolean;
  run(variants: ImageVariants): DecodedCode[];
}

/** @param maxPixels only where the picture has fewer: enlarging a large one costs more than it finds */
function onVariant(
  version: VariantName,
  reader: DecoderMode,
  cost: number,
  maxPixels?: number,
): Attempt {
  return {
    name: version === "original" ? reader : `${reader}+${version}`,
    cost,
    changed: version !== "original",
    seesEveryCode: reader !== "rxing",
    run(variants) {
      const tooLarge = maxPixels !== undefined && variants.pixels > maxPixels;
      return tooLarge ? [] : variants.read(reader, version);
    },
  };
}

/** Nothing in a single picture, and before enough frames of a stream were kept. */
const ACCUMULATED: Attempt = {
  name: "frames together",
  cost: 8,
  changed: true,
  seesEveryCode: true,
  run: (variants) => variants.readAccumulated(),
};

/** Nothing before a lively background, as a camera's. */
const ON_OPPOSITE_GROUND: Attempt = {
  name: "zxing-harder+opposite",
  cost: 0.3,
  changed: true,
  seesEveryCode: true,
  run: (variants) => variants.readOnOppositeGround(),
};

/** Nothing where no symbol was located, as in most pictures without a code. */
const ENLARGED: Attempt = {
  name: "zxing-harder+enlarged",
  cost: 2,
  changed: true,
  seesEveryCode: false,
  run: (variants) => variants.readEnlarged(),
};

const WARPS_AN_ATTEMPT = 16;

/** Warps are small pictures and many, so a step tries several; none where no symbol was located. */
function dewarpAttempts(): Attempt[] {
  return Array.from({ length: Math.ceil(WARPS.length / WARPS_AN_ATTEMPT) }, (_, index) => {
    const warps = WARPS.slice(index * WARPS_AN_ATTEMPT, (index + 1) * WARPS_AN_ATTEMPT);
    return {
      name: "zxing-global+straightened",
      cost: 1,
      changed: true,
      seesEveryCode: false,
      run: (variants: ImageVariants) => variants.readDewarped(warps),
    };
  });
}

/** Both cheap decoders on the picture as it is: every frame gets one of them. */
export const CHEAP_ATTEMPTS: readonly Attempt[] = [
  onVariant("original", "zxing", 1),
  onVariant("original", "rxing", 0.8),
];

/** The place among them of the one that finds all codes in view, and outlines of what it cannot read. */
export const SEES_EVERY_CODE = 0;

/**
 * What is tried after them, by images gained for the CPU spent, as measured by
 * `npm run bench -- images`. Costs are those of a camera's frame without a code.
 */
export const FURTHER_ATTEMPTS: readonly Attempt[] = [
  onVariant("original", "zxing-harder", 1.8),
  onVariant("third", "zxing-global", 0.9),
  onVariant("padded", "zxing-harder", 2),
  onVariant("half", "zxing-harder", 1.2),
  onVariant("brighter", "zxing-harder", 2.2),
  onVariant("muchBrighter", "zxing-harder", 3.5),
  onVariant("padded", "rxing", 1),
  onVariant("original", "zxing-denoise", 3.3),
  onVariant("levelled", "zxing-harder", 3.5),
  onVariant("sharper", "zxing-harder", 3),
  onVariant("darker", "zxing-harder", 2.2),
  ENLARGED,
  ON_OPPOSITE_GROUND,
  onVariant("smoothLevelled", "zxing-harder", 4),
  onVariant("muchSharper", "zxing-harder", 3),
  onVariant("twoThirds", "rxing", 1.5),
  onVariant("half", "zbar", 2),
  ACCUMULATED,
  ...dewarpAttempts().slice(0, 2),
  onVariant("oneAndHalf", "rxing", 3.5, 810_000),
  onVariant("paddedWhite", "zxing-denoise", 3.5),
  onVariant("smoother", "zxing-harder", 3.5),
  onVariant("equalised", "zxing-denoise", 5),
  onVariant("original", "zbar", 8),
  onVariant("double", "zxing-harder", 6, 500_000),
  ...dewarpAttempts().slice(2),
  onVariant("despeckled", "zxing-harder", 5),
  onVariant("levelledFinely", "zxing-denoise", 5),
  onVariant("levelledFinely", "zbar", 9),
  ACCUMULATED,
];

/** Attempts at a picture in which something was read once that must be read twice. */
export const CONFIRMING_ATTEMPTS: readonly Attempt[] = FURTHER_ATTEMPTS.filter(
  ({ name, cost }) => name.startsWith("zxing-harder") && cost < 4,
);

const SURVEYED = new Set([
  "zxing-harder",
  "zxing-global+third",
  "zxing-harder+half",
  "zxing-harder+brighter",
  "zxing-harder+muchBrighter",
  "zxing-harder+smoothLevelled",
]);

/** What between them make out nearly everything that is there: inverted, dim, pale, large and small. */
export const SURVEY_ATTEMPTS: readonly Attempt[] = [
  ...CHEAP_ATTEMPTS,
  ...FURTHER_ATTEMPTS.filter(({ name }) => SURVEYED.has(name)),
];
