/** A picture of any size fitted into a frame, as if it filled the camera's view. */
import type { FrameSize } from "./picture.ts";
import type { Picture } from "./picture.ts";

const AROUND_LEVEL = 96;

/** Scaled down by area or up by repetition to fit whole, in the middle of a grey frame. */
export function fitPicture(picture: Picture, size: FrameSize): Picture {
  const factor = Math.min(size.width / picture.width, size.height / picture.height);
  const width = Math.max(1, Math.floor(picture.width * factor));
  const height = Math.max(1, Math.floor(picture.height * factor));
  const left = (size.width - width) >> 1;
  const top = (size.height - height) >> 1;
  const luminance = new Uint8Array(size.width * size.height).fill(AROUND_LEVEL);
  for (let y = 0; y < height; y++) {
    const y0 = Math.floor(y / factor);
    const y1 = Math.min(picture.height, Math.max(y0 + 1, Math.floor((y + 1) / factor)));
    for (let x = 0; x < width; x++) {
      const x0 = Math.floor(x / factor);
      const x1 = Math.min(picture.width, Math.max(x0 + 1, Math.floor((x + 1) / factor)));
      let sum = 0;
      for (let row = y0; row < y1; row++) {
        for (let column = x0; column < x1; column++) {
          sum += picture.luminance[row * picture.width + column] ?? 0;
        }
      }
      const count = Math.max(1, (y1 - y0) * (x1 - x0));
      luminance[(top + y) * size.width + left + x] = sum / count + 0.5;
    }
  }
  return { width: size.width, height: size.height, luminance };
}
