/** The ladder of attempts at a picture: which decoder looks at which version of it, in which order. */
import type { DecodedCode } from "../../../devices.ts";
import { BENDS } from "../image/dewarp.ts";
import type { ReaderName, VersionName, Workbench } from "./image-variants.ts";

/** One attempt at a picture. */
export interface Step {
  /** Decoder and version, as readings name it. */
  name: string;
  /** CPU it takes when nothing is found, as a multiple of the first step on the same picture. */
  cost: number;
  /** Whether the picture was changed so much that weakly protected symbols need a second witness. */
  changed: boolean;
  /** Whether one attempt gives all that this step can read; the others give one code at a time. */
  seesEveryCode: boolean;
  attempt(bench: Workbench): DecodedCode[];
}

/** @param maxPixels only where the picture has fewer: enlarging a large one costs more than it finds */
function step(version: VersionName, reader: ReaderName, cost: number, maxPixels?: number): Step {
  return {
    name: version === "original" ? reader : `${reader}+${version}`,
    cost,
    changed: version !== "original",
    seesEveryCode: reader !== "rxing",
    attempt(bench) {
      const tooLarge = maxPixels !== undefined && bench.pixels > maxPixels;
      return tooLarge ? [] : bench.read(reader, version);
    },
  };
}

/** Nothing in a single picture, and before enough frames of a stream were kept. */
const STACKED: Step = {
  name: "frames together",
  cost: 8,
  changed: true,
  seesEveryCode: true,
  attempt: (bench) => bench.readStacked(),
};

/** Nothing before a lively background, as a camera's. */
const ON_OPPOSITE_GROUND: Step = {
  name: "zxing-harder+opposite",
  cost: 0.3,
  changed: true,
  seesEveryCode: true,
  attempt: (bench) => bench.readOnOppositeGround(),
};

/** Nothing where no symbol was located, as in most pictures without a code. */
const ENLARGED: Step = {
  name: "zxing-harder+enlarged",
  cost: 2,
  changed: true,
  seesEveryCode: false,
  attempt: (bench) => bench.readEnlarged(),
};

const BENDS_A_STEP = 16;

/** Bends are small pictures and many, so a step tries several; none where no symbol was located. */
function bendSteps(): Step[] {
  return Array.from({ length: Math.ceil(BENDS.length / BENDS_A_STEP) }, (_, index) => {
    const bends = BENDS.slice(index * BENDS_A_STEP, (index + 1) * BENDS_A_STEP);
    return {
      name: "zxing-global+straightened",
      cost: 1,
      changed: true,
      seesEveryCode: false,
      attempt: (bench: Workbench) => bench.readStraightened(bends),
    };
  });
}

/** Both cheap decoders on the picture as it is: one of them looks at every frame. */
export const CHEAP_STEPS: readonly Step[] = [
  step("original", "zxing", 1),
  step("original", "rxing", 0.8),
];

/** The place among them of the one that finds all codes in view, and outlines of what it cannot read. */
export const SEES_EVERY_CODE = 0;

/**
 * What is tried after them, by images gained for the CPU spent, as measured by
 * `npm run bench -- images`. Costs are those of a camera's frame without a code.
 */
export const FURTHER_STEPS: readonly Step[] = [
  step("original", "zxing-harder", 1.8),
  step("third", "zxing-global", 0.9),
  step("padded", "zxing-harder", 2),
  step("half", "zxing-harder", 1.2),
  step("brighter", "zxing-harder", 2.2),
  step("muchBrighter", "zxing-harder", 3.5),
  step("padded", "rxing", 1),
  step("original", "zxing-denoise", 3.3),
  step("levelled", "zxing-harder", 3.5),
  step("sharper", "zxing-harder", 3),
  step("darker", "zxing-harder", 2.2),
  ENLARGED,
  ON_OPPOSITE_GROUND,
  step("smoothLevelled", "zxing-harder", 4),
  step("muchSharper", "zxing-harder", 3),
  step("twoThirds", "rxing", 1.5),
  step("half", "zbar", 2),
  STACKED,
  ...bendSteps().slice(0, 2),
  step("oneAndHalf", "rxing", 3.5, 810_000),
  step("paddedWhite", "zxing-denoise", 3.5),
  step("smoother", "zxing-harder", 3.5),
  step("equalised", "zxing-denoise", 5),
  step("original", "zbar", 8),
  step("double", "zxing-harder", 6, 500_000),
  ...bendSteps().slice(2),
  step("despeckled", "zxing-harder", 5),
  step("levelledFinely", "zxing-denoise", 5),
  step("levelledFinely", "zbar", 9),
  STACKED,
];

/** Other looks at a picture in which something was seen once that must be seen twice. */
export const WITNESS_STEPS: readonly Step[] = FURTHER_STEPS.filter(
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
export const SURVEY_STEPS: readonly Step[] = [
  ...CHEAP_STEPS,
  ...FURTHER_STEPS.filter(({ name }) => SURVEYED.has(name)),
];
