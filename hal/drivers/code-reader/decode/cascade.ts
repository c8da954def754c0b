/** Everything tried on one picture: cheap first, and on until what is wanted was read. */
import type { DecodedCode } from "../../../devices.ts";
import type { Decoders } from "./decoders.ts";
import { erase } from "../image/erase.ts";
import { createFalsePositiveFilter } from "./false-positive-filter.ts";
import type { FalsePositiveFilter } from "./false-positive-filter.ts";
import { scale, whole } from "../image/image.ts";
import type { Luminance, View } from "../image/image.ts";
import { joinParts } from "./structured-append.ts";
import { contentKey, ranked } from "./rank.ts";
import {
  CHEAP_ATTEMPTS,
  FURTHER_ATTEMPTS,
  SURVEY_ATTEMPTS,
  CONFIRMING_ATTEMPTS,
} from "./attempts.ts";
import type { Attempt } from "./attempts.ts";
import { holdsWanted, isWantedCode } from "./wanted.ts";
import type { IsWanted } from "./wanted.ts";
import { createImageVariants } from "./image-variants.ts";
import type { StreamPosition, ImageVariants } from "./image-variants.ts";

/** A picture is looked at with its longer side no longer than this; a camera's frames never are. */
const LONG_SIDE = 1280;
// A small code in a large picture is lost by scaling down: as a last resort the cheap attempts search
// once more at up to this size.
const LAST_RESORT_LONG_SIDE = 2560;

/** What a reading of a picture may end with. */
export interface ReadGoal {
  /** Texts that look like a credential; absent: any text. */
  isWanted?: IsWanted;
  /** Go on for every code in view, also when a wanted one was read. */
  everyCode?: boolean;
}

const ANY_TEXT: IsWanted = () => true;

/**
 * The codes in a picture, wanted ones first, then the one nearest to the centre and largest; corners
 * in its pixels.
 */
export function readThoroughly(
  decoders: Decoders,
  image: Luminance,
  sought: ReadGoal = {},
): DecodedCode[] {
  const { isWanted = ANY_TEXT, everyCode = false } = sought;
  const filter = createFalsePositiveFilter();
  const list = everyCode ? EVERY_CODE_ATTEMPTS : ALL_ATTEMPTS;
  const isEnough = everyCode
    ? (variants: ImageVariants, next: Attempt | undefined) =>
        next !== undefined && !SURVEY.has(next) && !variants.hasOutlines()
    : undefined;
  const view = bounded(image, LONG_SIDE);
  const result = attemptAll({ decoders, view, steps: list, filter, isWanted, isEnough });
  const codes = [...result.codes];
  if (view.scale > 1 && (everyCode || !holdsWanted(codes, isWanted))) {
    const larger = erase(bounded(image, LAST_RESORT_LONG_SIDE), codes);
    const last = { decoders, view: larger, steps: CHEAP_ATTEMPTS, filter, isWanted };
    codes.push(...attemptAll(last).codes);
  }
  return ranked(joinParts(codes), image, (code) => isWantedCode(code, isWanted));
}

/** What was read, and by which step of those given. */
export interface AttemptsResult {
  codes: DecodedCode[];
  /** The step that read a wanted code, or part of one. */
  attempt: number | undefined;
  /** A symbol was made out and not read. */
  outlined: boolean;
}

export interface AttemptsOptions {
  /** Where the frame belongs; unread it is kept for those after it. */
  stream?: StreamPosition;
  /** Texts to stop for; absent: any text. */
  isWanted?: IsWanted;
}

/**
 * Makes the named attempts on a camera's frame until one reads a wanted code.
 * @param places indices into `list`, in the order to try
 */
export function tryAttempts(
  decoders: Decoders,
  image: Luminance,
  list: readonly Attempt[],
  places: readonly number[],
  { stream, isWanted = ANY_TEXT }: AttemptsOptions = {},
): AttemptsResult {
  const view = bounded(image, LONG_SIDE);
  const steps = places.flatMap((place) => list[place] ?? []);
  const filter = createFalsePositiveFilter();
  const result = attemptAll({ decoders, view, steps, filter, isWanted, stream });
  const { codes, attempt, outlined } = result;
  if (!holdsWanted(codes, isWanted)) stream?.accumulator.add(result.view, stream.frame);
  return {
    codes: ranked(codes, image, (code) => isWantedCode(code, isWanted)),
    attempt: attempt === undefined ? undefined : places[attempt],
    outlined,
  };
}

const ALL_ATTEMPTS: readonly Attempt[] = [...CHEAP_ATTEMPTS, ...FURTHER_ATTEMPTS];
const SURVEY: ReadonlySet<Attempt> = new Set(SURVEY_ATTEMPTS);
// For every code in view those steps come first that between them find what any of the others would:
// with something read, and no outline left, there is nothing to go on for.
const EVERY_CODE_ATTEMPTS: readonly Attempt[] = [
  ...SURVEY_ATTEMPTS,
  ...ALL_ATTEMPTS.filter((step) => !SURVEY.has(step)),
];

interface AttemptPlan {
  decoders: Decoders;
  view: View;
  steps: readonly Attempt[];
  filter: FalsePositiveFilter;
  isWanted: IsWanted;
  stream?: StreamPosition | undefined;
  /** Asked before each step once something was read; absent: enough is a wanted code. */
  isEnough?: ((variants: ImageVariants, next: Attempt | undefined) => boolean) | undefined;
}

// Of a decoder that gives one code at a time.
const MOST_TURNS = 8;

/** @returns besides, the picture as it is without what was read */
function attemptAll(attempts: AttemptPlan): AttemptsResult & { view: View } {
  const { decoders, steps, filter, isWanted, stream, isEnough } = attempts;
  const codes: DecodedCode[] = [];
  let { view } = attempts;
  let variants = createImageVariants(decoders, view, stream);
  let read: DecodedCode[] = [];
  let doubted: number | undefined;
  let outlined = false;
  let hit: number | undefined;

  /** Takes out of the picture what was read; only when it is looked at again, for that costs a copy. */
  const clear = (): void => {
    if (read.length === 0) return;
    view = erase(view, read);
    variants = createImageVariants(decoders, view, stream);
    read = [];
  };
  /** Whether it read something new. */
  const attempt = (step: Attempt, place: number): boolean => {
    clear();
    read = filter.accept(step.run(variants), step.changed);
    outlined ||= variants.outlined;
    if (filter.unconfirmed) doubted ??= place;
    if (read.length === 0) return false;
    const before = codes.length;
    for (const code of read) {
      const known = codes.some((each) => contentKey(each) === contentKey(code));
      if (!known) codes.push({ ...code, decoder: step.name });
    }
    const fresh = codes.slice(before);
    if (fresh.some((code) => code.part !== undefined || isWanted(code.text))) hit ??= place;
    return fresh.length > 0;
  };
  const done = (next: Attempt | undefined): boolean => {
    if (codes.length === 0) return false;
    if (isEnough === undefined) return holdsWanted(codes, isWanted);
    clear();
    return isEnough(variants, next);
  };
  const exhaust = (step: Attempt, place: number): void => {
    for (let turn = 0; turn < MOST_TURNS && attempt(step, place); turn++) {
      if (step.seesEveryCode || done(undefined)) return;
    }
  };

  for (const [place, step] of steps.entries()) {
    if (done(step)) break;
    exhaust(step, place);
  }
  // A stream's job is a few attempts only: what one of them found is confirmed now.
  for (const confirming of doubted === undefined ? [] : CONFIRMING_ATTEMPTS) {
    if (codes.length > 0) break;
    if (!steps.includes(confirming)) attempt(confirming, doubted ?? 0);
  }
  if (stream !== undefined && !holdsWanted(codes, isWanted)) clear();
  return { codes, attempt: hit, outlined, view };
}

function bounded(image: Luminance, longSide: number): View {
  const factor = longSide / Math.max(image.width, image.height);
  return factor < 1 ? scale(whole(image), factor) : whole(image);
}
