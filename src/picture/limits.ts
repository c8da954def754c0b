/** How much memory a picture file may take before it is refused, counted before any of it is taken. */

/** 64 megapixels, as the largest phone cameras give. */
export const MAX_PIXELS = 64_000_000;

/**
 * All that unpacking a picture holds at once: the file, what comes out of it, every working copy and
 * the grey picture. A unit has a gigabyte of memory.
 */
export const MAX_WORKING_BYTES = 256 * 2 ** 20;

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

/**
 * Called with the whole of it before the first allocation.
 * @param what the picture, e.g. `a PNG of 8000×8000 pixels with 8 bytes each`
 * @throws PictureError when unpacking would hold more than there may be
 */
export function checkMemory(what: string, bytes: number): void {
  if (bytes <= MAX_WORKING_BYTES) return;
  throw new PictureError(
    `${what} takes ${Math.ceil(bytes / 2 ** 20)} MB to unpack, more than the ${MAX_WORKING_BYTES / 2 ** 20} MB read here; scale it down first`,
  );
}
