/** The engine on rendered frames: what it reads, where, in which order, and in virtual time. */
import { beforeAll, describe, expect, test } from "vitest";
import { createInlineEngine } from "../../../../../hal/drivers/code-reader/engine/engine.ts";
import { scale, whole } from "../../../../../hal/drivers/code-reader/image/image.ts";
import type { Luminance } from "../../../../../hal/drivers/code-reader/image/image.ts";
import type { DecodedCode } from "../../../../../hal/devices.ts";
import type { CodeScene } from "../../../../../sim/camera/face.ts";
import { renderScene } from "../../../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../../../sim/camera/picture.ts";
import type { Conditions } from "../../../../../sim/camera/picture.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";

const SIZE = { width: 640, height: 480 };
const engine = createInlineEngine();
beforeAll(() => engine.ready());

function frame(scene: Partial<CodeScene> | null, conditions: Partial<Conditions> = {}): Luminance {
  const complete = scene === null ? null : { text: "A-CODE", medium: "phone" as const, ...scene };
  return renderScene(complete, { ...GOOD_CONDITIONS, ...conditions }, createRandom(3), SIZE);
}

async function read(picture: Luminance): Promise<DecodedCode[]> {
  return (await engine.decode(picture)).codes;
}

/** Two pictures, one left of the other. */
function beside(left: Luminance, right: Luminance): Luminance {
  const width = left.width + right.width;
  const luminance = new Uint8Array(width * left.height);
  for (let y = 0; y < left.height; y++) {
    luminance.set(left.luminance.subarray(y * left.width, (y + 1) * left.width), y * width);
    luminance.set(
      right.luminance.subarray(y * right.width, (y + 1) * right.width),
      y * width + left.width,
    );
  }
  return { width, height: left.height, luminance };
}

describe("the engine", () => {
  test.each<[string, Partial<CodeScene>, Partial<Conditions>]>([
    ["on a phone", {}, {}],
    ["on paper", { medium: "paper" }, {}],
    ["upside down", {}, { rollDeg: 180 }],
    ["tilted by 45°", {}, { tiltDeg: 45 }],
    ["in dark mode", { darkMode: true }, {}],
    ["behind cracked glass", { cracked: true, errorCorrection: "H" }, {}],
    ["in a noisy picture", {}, { noise: 24 }],
    ["out of focus", {}, { blur: 2 }],
    ["under a lamp", { errorCorrection: "H" }, { glare: 0.4 }],
    ["with moiré", {}, { moire: 0.6 }],
    ["on a screen turned down", { brightness: 0.1 }, { light: 0.3 }],
    ["with an umlaut and Chinese", { text: "größe 测试" }, {}],
  ])("reads a code %s", async (_name, scene, conditions) => {
    const codes = await read(frame(scene, conditions));
    expect(codes.map(({ text }) => text)).toEqual([scene.text ?? "A-CODE"]);
  });

  test("gives a code's bytes as they are, whatever they mean", async () => {
    const bytes = Uint8Array.from({ length: 64 }, (_none, index) => (index * 37 + 128) & 0xff);
    const [code] = await read(frame({ text: bytes }));
    expect([...(code?.bytes ?? [])]).toEqual([...bytes]);
  });

  test("reads nothing where nothing is", async () => {
    expect(await read(frame(null))).toEqual([]);
    expect(await read(frame(null, { light: 0.02, noise: 30 }))).toEqual([]);
  });

  test.each([
    [1, 1],
    [1, 100],
    [11, 11],
    [16, 3],
  ])("reads nothing in %i×%i pixels, and does not fail", async (width, height) => {
    const luminance = new Uint8Array(width * height).fill(255);
    expect(await read({ width, height, luminance })).toEqual([]);
  });

  test("gives corners in the picture's own pixels, in reading order of the code", async () => {
    const picture = frame({}, { rollDeg: 90, distanceM: 0.2 });
    const [code] = await read(picture);
    const [topLeft, topRight, bottomRight] = code?.corners ?? [];
    // Rolled by a quarter turn the code's top edge runs down the picture's right side.
    expect(topLeft?.x).toBeGreaterThan(SIZE.width / 2);
    expect(topLeft?.y).toBeLessThan(SIZE.height / 2);
    expect(topRight?.y).toBeGreaterThan(SIZE.height / 2);
    expect(bottomRight?.x).toBeLessThan(SIZE.width / 2);
  });

  test("gives corners of a picture that was scaled down in its own pixels too", async () => {
    const large = scale(whole(frame({})), 4);
    const [code] = await read(large);
    const [corner] = code?.corners ?? [];
    expect(corner?.x).toBeGreaterThan(640);
    expect(corner?.x).toBeLessThan(1_600);
  });

  test("puts the larger and more central of several codes first", async () => {
    const large = frame({ text: "LARGE" }, { distanceM: 0.2 });
    const small = frame({ text: "SMALL" }, { distanceM: 0.4 });
    for (const picture of [beside(large, small), beside(small, large)]) {
      const codes = await read(picture);
      expect(codes.map(({ text }) => text)).toEqual(["LARGE", "SMALL"]);
    }
  });

  test("answers in microtasks once it is ready", async () => {
    let answered = false;
    const pending = engine.decode(frame({})).then(() => {
      answered = true;
    });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(answered).toBe(true);
    await pending;
  });

  test("remembers as many frames as it was told to, by content", async () => {
    const cached = createInlineEngine({ cacheFrames: 1 });
    const first = frame({ text: "1" });
    const one = await cached.decode(first);
    expect((await cached.decode({ ...first })).codes).toBe(one.codes);
    await cached.decode(frame({ text: "2" }));
    expect((await cached.decode(first)).codes).not.toBe(one.codes);
  });
});
