/** JPEG files of every kind that is read, beside what libjpeg makes of them. */
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { PictureError } from "../../../src/picture/limits.ts";
import { readPicture } from "../../../src/picture/read.ts";

// Pictures of 13×9 pixels, and their luma as libjpeg decodes them.
const FILES: readonly [string, string, string][] = [
  [
    "progressive, with colours at half the size",
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wgARCAAJAA0DASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAwL/xAAVAQEBAAAAAAAAAAAAAAAAAAAAAv/aAAwDAQACEAMQAAABQZaX/8QAFhABAQEAAAAAAAAAAAAAAAAAAgEA/9oACAEBAAEFAjbCiXnpv//EABcRAQADAAAAAAAAAAAAAAAAAAEAAjL/2gAIAQMBAT8BvkZ//8QAFREBAQAAAAAAAAAAAAAAAAAAAAH/2gAIAQIBAT8Bj//EABcQAAMBAAAAAAAAAAAAAAAAAAAQESH/2gAIAQEABj8C0r//xAAZEAADAAMAAAAAAAAAAAAAAAAAATERIWH/2gAIAQEAAT8hesknoe0+lEn/2gAMAwEAAgADAAAAEE//xAAWEQEBAQAAAAAAAAAAAAAAAAABAFH/2gAIAQMBAT8QSaL/xAAXEQADAQAAAAAAAAAAAAAAAAAAAREh/9oACAECAQE/ENuH/8QAGxABAAICAwAAAAAAAAAAAAAAAQARMXEhQWH/2gAIAQEAAT8QFqzZvhe4WFhlKW+TBpmHU//Z",
    "lIeJqMnPwbi8mnVWNXuLipa3u62znoRlTjtPjJCNtLGUpJSaloNwJX+IgrmxgYyLrryeei17eHKysoGJobW0lHlrkX11qrKTm6OWhoKRlpqJhp6ciYtqXFx0j5CJho6Md2JbWWF6lZWJgYN2XmFnWHKAiYmL",
  ],
  [
    "in four inks",
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBVbVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8/8AAFAgACQANBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwC9bTSfYwSRv2jJ9T3qS3la3hcSuqtgc56nvRazGCN1ldUIxznr612dZeqRQzyrtJZgPnOe5qOS1t7395hj/tEkZNRyWtvfnzMMcfxHufb2oq5Zf6mT6H+VVNT/ANYn0NUdQ/1qfSis/wDiNakP+rX6Vr2/+pX6UV//2Q==",
    "mH+Ip7jIy7nBjmhRNHOCkKK3vbOqmX1pVzdHhpaXubaZm4+ZnYhpLIGGfLO1iY2VtLuZfjh+dWuuuYyLo7iwi3tqjH98sLyakZeZjIGJjo+NkqCgjoBpaWl5kI5+iJJ/c21cYGh0jJ2Eg4B3Xl5rVXF/iYqK",
  ],
  [
    "in red, green and blue",
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBVbVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8/8AAEQgACQANA1IRAEcRAEIRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAAwDUgBHAEIAAD8AvW00n2MEkb9oyfU96kt5Wt4XErqrYHOep70WsxgjdZXVCMc56+tZeqRQzyrtJZgPnOe5qOS1t7395hj/ALRJGTUclrb358zDHH8R7n29quWX+pk+h/lVTU/9Yn0NUdQ/1qfSs/8AiNakP+rX6Vr2/wDqV+lf/9k=",
    "mH+Ip7jIy7nBjmhRNHOCkKK3vbOqmX1pVzdHhpaXubaZm4+ZnYhpLIGGfLO1iY2VtLuZfjh+dWuuuYyLo7iwi3tqjH98sLyakZeZjIGJjo+NkqCgjoBpaWl5kI5+iJJ/c21cYGh0jJ2Eg4B3Xl5rVXF/iYqK",
  ],
];

const differences = (a: Uint8Array, b: Uint8Array): number[] =>
  [...a].map((level, index) => Math.abs(level - (b[index] ?? 0)));

/** A frame header's marker of another kind in place of the sequential one. */
function ofKind(marker: number): Buffer {
  const { data } = jpeg.encode({ width: 16, height: 16, data: Buffer.alloc(1024, 99) }, 80);
  const file = Buffer.from(data);
  file[file.indexOf(Buffer.from([0xff, 0xc0])) + 1] = marker;
  return file;
}

describe("a JPEG file", () => {
  test.each(FILES)("%s is read as libjpeg reads it", (_name, file, expected) => {
    const { width, height, luminance } = readPicture(Buffer.from(file, "base64"));
    expect([width, height]).toEqual([13, 9]);
    const off = differences(luminance, Buffer.from(expected, "base64"));
    expect(Math.max(...off)).toBeLessThanOrEqual(3);
  });

  test("is read as jpeg-js reads it, many blocks of it", () => {
    const [width, height] = [77, 61];
    const data = Buffer.from({ length: width * height * 4 }).map((_, at) => (at * at) >> 7);
    const file = jpeg.encode({ width, height, data }, 90).data;
    const rgba = jpeg.decode(file, { useTArray: true, formatAsRGBA: true }).data;
    const expected = Uint8Array.from({ length: width * height }, (_, index) => {
      const [red = 0, green = 0, blue = 0] = rgba.subarray(4 * index);
      return (306 * red + 601 * green + 117 * blue + 512) >> 10;
    });
    const off = differences(readPicture(file).luminance, expected);
    // Colours beyond the range were cut off there before they became grey.
    expect(off.reduce((sum, each) => sum + each, 0) / off.length).toBeLessThan(3);
  });

  test.each([
    [0xc3, "lossless"],
    [0xc9, "arithmetic"],
    [0xc5, "hierarchical"],
  ])("of the kind %i says that it is %s", (marker, kind) => {
    expect(() => readPicture(ofKind(marker))).toThrow(PictureError);
    expect(() => readPicture(ofKind(marker))).toThrow(kind);
  });

  test("with a picture and something else behind it is the picture", () => {
    const file = Buffer.from(FILES[0]?.[1] ?? "", "base64");
    const whole = readPicture(file).luminance;
    expect(
      readPicture(Buffer.concat([file, Buffer.from("PK\u0003\u0004 more")])).luminance,
    ).toEqual(whole);
  });
});
