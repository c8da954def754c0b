/** How large a picture file may claim to be before it is refused unread. */

/** 64 megapixels, as the largest phone cameras give; a grey copy takes 64 MB, unpacked colour 256 MB. */
export const MAX_PIXELS = 64_000_000;

/** A picture file that cannot be read; the message says why in one sentence. */
export class PictureError extends Error {
  override readonly name = "PictureError";
}

/** @throws PictureError when a header claims no pixels, or more than there may be */
export function checkSize(width: number, height: number): void {
  if (width < 1 || height < 1) {
    throw new PictureError(`the header claims ${width}×${height} pixels; the file is damaged`);
  }
  if (width * height > MAX_PIXELS) {
    throw new PictureError(
      `${width}×${height} pixels are more than the ${MAX_PIXELS / 1e6} million read here; scale it down first`,
    );
  }
}
