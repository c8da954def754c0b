/** The simulated camera: the same chance gives the same bytes, and repeated frames cost nothing. */
import { describe, expect, test } from "vitest";
import { frameBytes } from "../../../hal/bus/frames.ts";
import { createSimulatedCamera } from "../../../sim/camera/camera.ts";
import type { SimulatedCameraOptions } from "../../../sim/camera/camera.ts";
import { renderScene } from "../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../sim/camera/picture.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../sim/kernel/random.ts";

const SIZE = { width: 320, height: 240 };

/** The bytes of a second of camera, with a code shown halfway. */
async function second(
  seed: number,
  options: Partial<SimulatedCameraOptions> = {},
): Promise<{ chunks: number[]; bytes: Uint8Array; frames: number }> {
  const clock = new VirtualClock(0);
  const camera = createSimulatedCamera({
    clock,
    random: createRandom(seed),
    geometry: { ...SIZE, strideAlign: 128 },
    fps: 10,
    ...options,
  });
  const connection = await camera.open();
  const chunks: Uint8Array[] = [];
  connection.onData((chunk) => chunks.push(Uint8Array.from(chunk)));
  await clock.run(550);
  camera.show({ text: "A", medium: "phone", cracked: true });
  camera.setConditions({ glare: 0.3, moire: 0.3 });
  await clock.run(500);
  await connection.close();
  const bytes = Buffer.concat(chunks);
  return {
    chunks: chunks.map((chunk) => chunk.length),
    bytes,
    frames: bytes.length / frameBytes(connection.geometry),
  };
}

describe("the simulated camera", () => {
  test("gives the same bytes for the same seed, others for another", async () => {
    const [one, same, other] = [await second(1), await second(1), await second(2)];
    expect(Buffer.compare(one.bytes, same.bytes)).toBe(0);
    expect(Buffer.compare(one.bytes, other.bytes)).not.toBe(0);
  });

  test("pads rows with something no picture has by chance, and gives grey chroma", async () => {
    const { bytes } = await second(1);
    expect([...bytes.subarray(320, 384)]).toEqual(Array.from({ length: 64 }, () => 0xaa));
    expect(bytes[384 * 240]).toBe(0x80);
  });

  test("cuts frames at odd places", async () => {
    const { chunks } = await second(1, { chunkBytes: 4_099 });
    expect(chunks[0]).toBe(4_099);
    expect(new Set(chunks).size).toBe(2);
  });

  test("gives fewer frames of the empty doorway where it is told to", async () => {
    expect((await second(1, { idleFps: 10 })).frames).toBe(10);
    expect((await second(1, { idleFps: 2 })).frames).toBe(6);
  });

  test("follows its exposure control", async () => {
    const clock = new VirtualClock(0);
    const camera = createSimulatedCamera({ clock, random: createRandom(1), geometry: SIZE });
    const connection = await camera.open();
    const mean = (): number => {
      const { luminance } = camera.picture();
      return luminance.reduce((sum, level) => sum + level, 0) / luminance.length;
    };
    const before = mean();
    await connection.control?.({ exposureBias: -1 });
    expect(mean()).toBeCloseTo(before / 2, -1);
    await connection.close();
  });

  test("begins every stream with its automatic exposure", async () => {
    const clock = new VirtualClock(0);
    const camera = createSimulatedCamera({ clock, random: createRandom(1), geometry: SIZE });
    camera.setConditions({ noise: 0 });
    const before = camera.picture().luminance;
    const connection = await camera.open();
    await connection.control?.({ exposureBias: 2 });
    expect(camera.picture().luminance).not.toEqual(before);
    await connection.close();
    await (await camera.open()).close();
    expect(camera.picture().luminance).toEqual(before);
  });
});

describe("a rendered scene", () => {
  const render = (conditions: Partial<typeof GOOD_CONDITIONS>, seed = 1): Uint8Array =>
    renderScene(
      { text: "SCENE", medium: "phone" },
      { ...GOOD_CONDITIONS, noise: 0, ...conditions },
      createRandom(seed),
      SIZE,
    ).luminance;

  test("is pure", () => {
    expect(render({ glare: 0.5 })).toEqual(render({ glare: 0.5 }));
  });

  test.each<[string, Partial<typeof GOOD_CONDITIONS>]>([
    ["noise", { noise: 5 }],
    ["blur", { blur: 3 }],
    ["glare", { glare: 0.5 }],
    ["moiré", { moire: 0.5 }],
    ["light", { light: 0.1 }],
    ["exposure", { exposureStops: 1 }],
    ["distance", { distanceM: 0.4 }],
    ["tilt", { tiltDeg: 40 }],
    ["roll", { rollDeg: 40 }],
    ["place", { offsetX: 0.2, offsetY: -0.2 }],
  ])("shows %s", (_name, conditions) => {
    expect(render(conditions)).not.toEqual(render({}));
  });

  test("keeps no code on a screen that is too bright by far, and a shorter exposure brings it back", () => {
    const levels = (exposureStops: number): Set<number> =>
      new Set(render({ exposureStops, blur: 0 }).filter((level) => level > 60));
    expect(levels(7)).toEqual(new Set([255]));
    expect(levels(3).size).toBeGreaterThan(10);
  });

  test("may lie partly or wholly outside the frame", () => {
    for (const offsetX of [0.5, 1, 3]) expect(render({ offsetX })).toHaveLength(320 * 240);
  });
});
