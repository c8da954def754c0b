/** Each decoder by itself, as a program that uses only that one would call it. */
import type { DecodedCode } from "../hal/devices.ts";
import type { Decoders } from "../hal/drivers/code-reader/decode/decoders.ts";
import type { Luminance } from "../hal/drivers/code-reader/image/image.ts";

const ZXING_FAST = {
  tryHarder: false,
  tryRotate: false,
  tryInvert: false,
  tryDownscale: false,
  tryDenoise: false,
  binarizer: "local",
} as const;

/** ZXing-C++ with everything its authors turn on by default. */
const ZXING_DEFAULT = {
  ...ZXING_FAST,
  tryHarder: true,
  tryRotate: true,
  tryInvert: true,
  tryDownscale: true,
} as const;

export type SingleDecoder = "zxing, fast" | "zxing" | "rxing" | "zbar";

/** QR only, all of them. */
export const SINGLE_DECODERS: Readonly<
  Record<SingleDecoder, (decoders: Decoders, image: Luminance) => DecodedCode[]>
> = {
  "zxing, fast": (decoders, image) => decoders.zxing.read(image, ZXING_FAST),
  zxing: (decoders, image) => decoders.zxing.read(image, ZXING_DEFAULT),
  rxing: (decoders, image) => decoders.rxing.read(image, false),
  zbar: (decoders, image) => decoders.zbar.read(image, false),
};

export const SINGLE_NAMES = Object.keys(SINGLE_DECODERS) as SingleDecoder[];

/** CPU that `work` takes in this process, all threads, in milliseconds. */
export async function cpuMsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
