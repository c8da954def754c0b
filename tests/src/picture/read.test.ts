/** Picture files: every kind, told by content, and what is wrong with damaged ones. */
import fc from "fast-check";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { PictureError } from "../../../src/picture/limits.ts";
import { readPicture } from "../../../src/picture/read.ts";

const WIDTH = 13;
const HEIGHT = 9;

/** Red, green, blue and alpha that differ from pixel to pixel. */
function colours(): Buffer {
  const data = Buffer.alloc(WIDTH * HEIGHT * 4);
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    data.set([pixel * 2, 255 - pixel, (pixel * 5) & 0xff, 255], pixel * 4);
  }
  return data;
}

const luma = (pixel: number): number =>
  (306 * (pixel * 2) + 601 * (255 - pixel) + 117 * ((pixel * 5) & 0xff) + 512) >> 10;

function png(data = colours(), options: ConstructorParameters<typeof PNG>[0] = {}): Buffer {
  const image = new PNG({ width: WIDTH, height: HEIGHT, ...options });
  image.data = data;
  return PNG.sync.write(image, options);
}

// A GIF of 3×2 pixels, white and black in turn, made by hand: a clear code, six codes of which the
// last three are a bit longer, an end code (GIF89a, appendix F).
const GIF = Buffer.from(
  "47494638396103000200910000ffffff0000000a141e0000002c000000000300020000020444101005003b",
  "hex",
);

// The smallest lossless WebP there is: one opaque black pixel (RFC 9649).
const WEBP = Buffer.from("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==", "base64");

/** What becomes of a file: a picture with all its pixels, a refusal, or what should not be. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    const { width, height, luminance } = readPicture(bytes);
    return luminance.length === width * height ? "whole" : "pixels are missing";
  } catch (error) {
    return error instanceof PictureError ? "refused" : String(error);
  }
}

describe("a picture file", () => {
  test("in PNG gives luma by BT.601", () => {
    const { width, height, luminance } = readPicture(png());
    expect([width, height]).toEqual([WIDTH, HEIGHT]);
    expect([...luminance]).toEqual(Array.from({ length: WIDTH * HEIGHT }, (_none, at) => luma(at)));
  });

  test.each([
    ["white where it is transparent", 0, 255],
    ["black where all the rest of it is white", 255, 0],
  ])("shows %s", (_name, drawn, backdrop) => {
    const data = Buffer.alloc(WIDTH * HEIGHT * 4);
    data.fill(Buffer.from([drawn, drawn, drawn, 255]), 0, 4 * WIDTH);
    const { luminance } = readPicture(png(data));
    expect(new Set(luminance.subarray(0, WIDTH))).toEqual(new Set([drawn]));
    expect(new Set(luminance.subarray(WIDTH))).toEqual(new Set([backdrop]));
  });

  test("that is transparent altogether shows a blank page", () => {
    const nothing = readPicture(png(Buffer.alloc(WIDTH * HEIGHT * 4)));
    expect(new Set(nothing.luminance).size).toBe(1);
  });

  test("in PNG of 16 bits is read", () => {
    const wide = png(colours(), { bitDepth: 16 });
    expect(readPicture(wide).width).toBe(WIDTH);
  });

  test("in JPEG is read, within what JPEG loses", () => {
    const flat = Buffer.alloc(WIDTH * HEIGHT * 4, 128);
    const { data } = jpeg.encode({ width: WIDTH, height: HEIGHT, data: flat }, 95);
    for (const level of readPicture(data).luminance) expect(Math.abs(level - 128)).toBeLessThan(4);
  });

  test.each([
    ["without its end marker", 1, 64],
    ["cut off after three quarters", 0.75, 32],
  ])("in JPEG %s is read as far as it goes", (_name, share, rows) => {
    const side = 64;
    // Much in every block: the file is mostly picture then, and little of what stands before it.
    const busy = Buffer.from(Array.from({ length: side * side * 4 }, (_none, at) => at ** 3));
    const { data } = jpeg.encode({ width: side, height: side, data: busy }, 95);
    const whole = readPicture(data).luminance;
    const { luminance } = readPicture(data.subarray(0, Math.floor((data.length - 2) * share)));
    expect(luminance.length).toBe(side * side);
    expect([...luminance.subarray(0, rows * side)]).toEqual([...whole.subarray(0, rows * side)]);
  });

  test("in GIF gives its first picture", () => {
    const { width, height, luminance } = readPicture(GIF);
    expect([width, height]).toEqual([3, 2]);
    expect([...luminance]).toEqual([255, 0, 255, 0, 255, 0]);
  });

  test("in WebP is read", () => {
    const { width, height } = readPicture(WEBP);
    expect([width, height]).toEqual([1, 1]);
  });

  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "not a PNG, JPEG, WebP or GIF"],
    ["text", Buffer.from("hello"), "not a PNG, JPEG, WebP or GIF"],
    ["half a PNG", png().subarray(0, 60), "the PNG file ends in the middle"],
    ["a PNG's first bytes", png().subarray(0, 20), "ends in the middle"],
    ["half a GIF", GIF.subarray(0, 20), "ends in the middle"],
    [
      "a JPEG's first bytes",
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
      "the JPEG file ends in the middle",
    ],
    ["half a WebP", WEBP.subarray(0, 26), "the WebP file"],
  ])("that is %s says so", (_name, bytes, message) => {
    expect(() => readPicture(bytes)).toThrow(PictureError);
    expect(() => readPicture(bytes)).toThrow(message);
  });

  test("that claims more pixels than memory is refused before it is unpacked", () => {
    const bomb = Buffer.from(png());
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    expect(() => readPicture(bomb)).toThrow("60000×60000 pixels are more");
  });

  test("with any byte changed is read or refused, never anything else", () => {
    const files = [png(), GIF, WEBP];
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(), fc.nat(255), (file, place, value) => {
        const bytes = Uint8Array.from(file);
        bytes[place % bytes.length] = value;
        expect(outcomeOf(bytes)).toMatch(/^(whole|refused)$/);
      }),
      { numRuns: 400 },
    );
  });
});
