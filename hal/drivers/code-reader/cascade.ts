/** Which decoder looks at what, in which order: cheap first, and on until something is read. */
import type { DecodedCode } from "../../devices.ts";
import type { Decoders } from "./decoders.ts";
import { whole } from "./image.ts";
import type { Luminance } from "./image.ts";

/** What is spent on every frame. */
export function readCheaply(decoders: Decoders, image: Luminance): DecodedCode[] {
  return decoders.zxing.read(image, {
    tryHarder: false,
    tryRotate: false,
    tryInvert: false,
    tryDownscale: true,
    tryDenoise: false,
    binarizer: "local",
  });
}

/** Everything there is, until something is read. */
export function readThoroughly(decoders: Decoders, image: Luminance): DecodedCode[] {
  const view = whole(image);
  const cheap = readCheaply(decoders, view);
  if (cheap.length > 0) return cheap;
  const harder = decoders.zxing.read(view, {
    tryHarder: true,
    tryRotate: false,
    tryInvert: true,
    tryDownscale: true,
    tryDenoise: false,
    binarizer: "local",
  });
  if (harder.length > 0) return harder;
  const third = decoders.rxing.read(view, false);
  return third.length > 0 ? third : decoders.zbar.read(view, false);
}
