/** Everything tried on one picture: cheap first, and on until something is read. */
import type { DecodedCode } from "../../devices.ts";
import type { Decoders } from "./decoders.ts";
import { createGuard } from "./guard.ts";
import type { Guard } from "./guard.ts";
import { scale, whole } from "./image.ts";
import type { Luminance, View } from "./image.ts";
import { ranked } from "./rank.ts";
import { CHEAP_STEPS, FURTHER_STEPS, WITNESS_STEPS } from "./steps.ts";
import type { Step } from "./steps.ts";
import { createWorkbench } from "./workbench.ts";
import type { InStream } from "./workbench.ts";

/** A picture is looked at with its longer side no longer than this; a camera's frames never are. */
const LONG_SIDE = 1280;
// A small code in a large picture is lost by scaling down: as a last resort the cheap steps look
// once more at up to this size.
const LAST_RESORT_LONG_SIDE = 2560;

/** The codes in a picture, the one nearest to the centre and largest first; corners in its pixels. */
export function readThoroughly(decoders: Decoders, image: Luminance): DecodedCode[] {
  const guard = createGuard();
  const view = bounded(image, LONG_SIDE);
  const { codes } = climbView(decoders, view, [...CHEAP_STEPS, ...FURTHER_STEPS], guard);
  if (codes.length > 0 || view.scale === 1) return ranked(codes, image);
  const larger = bounded(image, LAST_RESORT_LONG_SIDE);
  return ranked(climbView(decoders, larger, CHEAP_STEPS, guard).codes, image);
}

/** What was read, and by which step of those given. */
export interface Climb {
  codes: DecodedCode[];
  step: number | undefined;
  /** A symbol was made out and not read. */
  outlined: boolean;
}

/**
 * Tries the named places of a ladder on a camera's frame until one reads something.
 * @param places indices into `ladder`, in the order to try
 * @param stream where the frame belongs; unread it is kept for those after it
 */
export function climb(
  decoders: Decoders,
  image: Luminance,
  ladder: readonly Step[],
  places: readonly number[],
  stream?: InStream,
): Climb {
  const view = bounded(image, LONG_SIDE);
  const steps = places.flatMap((place) => ladder[place] ?? []);
  const { codes, step, outlined } = climbView(decoders, view, steps, createGuard(), stream);
  if (codes.length === 0) stream?.stack.add(view, stream.number);
  return {
    codes: ranked(codes, image),
    step: step === undefined ? undefined : places[step],
    outlined,
  };
}

function climbView(
  decoders: Decoders,
  view: View,
  steps: readonly Step[],
  guard: Guard,
  stream?: InStream,
): Climb {
  const workbench = createWorkbench(decoders, view, stream);
  let doubted: number | undefined;
  const attempt = (step: Step, index: number): Climb | undefined => {
    const codes = guard.believe(step.attempt(workbench), step.changed);
    if (guard.doubtful) doubted ??= index;
    if (codes.length === 0) return undefined;
    const named = codes.map((code) => ({ ...code, decoder: step.name }));
    return { codes: named, step: index, outlined: false };
  };
  for (const [index, step] of steps.entries()) {
    const climbed = attempt(step, index);
    if (climbed !== undefined) return climbed;
  }
  // A stream's job is a few steps only: what was found in one of them gets its second witness now.
  for (const witness of doubted === undefined ? [] : WITNESS_STEPS) {
    const climbed = steps.includes(witness) ? undefined : attempt(witness, doubted ?? 0);
    if (climbed !== undefined) return climbed;
  }
  return { codes: [], step: undefined, outlined: workbench.outlined };
}

function bounded(image: Luminance, longSide: number): View {
  const factor = longSide / Math.max(image.width, image.height);
  return factor < 1 ? scale(whole(image), factor) : whole(image);
}
