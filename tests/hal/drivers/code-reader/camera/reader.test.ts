/** The code reader on the simulated camera, in virtual time. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CodeReader, CodeReading, DeviceHealth } from "../../../../../hal/devices.ts";
import { createInlineEngine } from "../../../../../hal/drivers/code-reader/engine/engine.ts";
import type { DecodeEngine } from "../../../../../hal/drivers/code-reader/engine/engine.ts";
import { createCodeReader } from "../../../../../hal/drivers/code-reader/camera/reader.ts";
import { createSimulatedCamera } from "../../../../../sim/camera/camera.ts";
import type { SimulatedCamera } from "../../../../../sim/camera/camera.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";

const GEOMETRY = { width: 400, height: 300, strideAlign: 128 };

interface Bench {
  clock: VirtualClock;
  camera: SimulatedCamera;
  reader: CodeReader;
  readings: CodeReading[];
  health: DeviceHealth[];
}

const running: CodeReader[] = [];
const engine = createInlineEngine({ cacheFrames: 64 });
beforeAll(() => engine.ready());
afterEach(async () => {
  for (const reader of running.splice(0)) await reader.stop();
});

async function bench(used: DecodeEngine = engine, plugged = true): Promise<Bench> {
  const clock = new VirtualClock(0);
  const camera = createSimulatedCamera({
    clock,
    random: createRandom(7),
    geometry: GEOMETRY,
    fps: 10,
  });
  if (!plugged) camera.unplug();
  const reader = createCodeReader({ camera, engine: used, clock });
  const readings: CodeReading[] = [];
  const health: DeviceHealth[] = [];
  reader.onReading((reading) => readings.push(reading));
  reader.onHealth((now) => health.push(now));
  running.push(reader);
  await reader.start();
  return { clock, camera, reader, readings, health };
}

const last = (health: readonly DeviceHealth[]): DeviceHealth | undefined => health.at(-1);

describe("a code reader", () => {
  test("tells a code on its first frame, with the frame's time and where the code is", async () => {
    const { clock, camera, readings } = await bench();
    await clock.run(1_050);
    camera.show({ text: "DS1:HELLO", medium: "phone" });
    await clock.run(2_000);
    expect(readings).toHaveLength(1);
    const [reading] = readings;
    expect(reading?.code.text).toBe("DS1:HELLO");
    expect(reading?.frameAtMs).toBe(1_100);
    expect(reading?.framesTried).toBe(1);
    expect(reading?.code.corners).toHaveLength(4);
    for (const { x, y } of reading?.code.corners ?? []) {
      expect(x).toBeGreaterThan(100);
      expect(x).toBeLessThan(300);
      expect(y).toBeGreaterThan(50);
      expect(y).toBeLessThan(250);
    }
  });

  test("tells one showing once, the next one again", async () => {
    const { clock, camera, readings } = await bench();
    for (const _showing of [1, 2, 3]) {
      camera.show({ text: "A", medium: "paper" });
      await clock.run(5_000);
      camera.show(null);
      await clock.run(3_000);
    }
    expect(readings).toHaveLength(3);
  });

  test("a hand that trembles out of view for a moment is the same showing", async () => {
    const { clock, camera, readings } = await bench();
    for (const _showing of [1, 2, 3]) {
      camera.show({ text: "A", medium: "paper" });
      await clock.run(500);
      camera.show(null);
      await clock.run(1_000);
    }
    expect(readings).toHaveLength(1);
  });

  test("tells a live code that changed on the screen", async () => {
    const { clock, camera, readings } = await bench();
    camera.show({ text: "14:02", medium: "phone" });
    await clock.run(500);
    camera.show({ text: "14:03", medium: "phone" });
    await clock.run(500);
    expect(readings.map(({ code }) => code.text)).toEqual(["14:02", "14:03"]);
  });

  test("is absent without a camera, keeps trying, and works once it is there", async () => {
    const { clock, camera, health, readings } = await bench(engine, false);
    expect(last(health)).toMatchObject({ state: "failed", kind: "absent" });
    await clock.run(60_000);
    camera.plug();
    camera.show({ text: "A", medium: "paper" });
    await clock.run(16_000);
    expect(last(health)).toEqual({ state: "ok" });
    expect(readings).toHaveLength(1);
  });

  test("recovers from an unplugged camera within seconds", async () => {
    const { clock, camera, health, readings } = await bench();
    await clock.run(1_000);
    camera.unplug();
    expect(last(health)).toMatchObject({ state: "failed", kind: "absent" });
    await clock.run(700);
    camera.plug();
    camera.show({ text: "B", medium: "paper" });
    await clock.run(2_000);
    expect(last(health)).toEqual({ state: "ok" });
    expect(readings.map(({ code }) => code.text)).toEqual(["B"]);
  });

  test("notices a camera that is open and gives nothing, and opens it anew", async () => {
    const { clock, camera, health } = await bench();
    await clock.run(1_000);
    camera.stall(true);
    await clock.run(2_000);
    expect(last(health)).toEqual({ state: "ok" });
    await clock.run(3_000);
    expect(last(health)).toMatchObject({ state: "failed", kind: "timeout" });
    camera.stall(false);
    await clock.run(20_000);
    expect(last(health)).toEqual({ state: "ok" });
  });

  test("notices a covered lens after ten seconds, and that it is free again", async () => {
    const { clock, camera, health } = await bench();
    const { width, height } = GEOMETRY;
    await clock.run(1_000);
    camera.showImage({ width, height, luminance: new Uint8Array(width * height).fill(9) });
    await clock.run(8_000);
    expect(last(health)).toEqual({ state: "ok" });
    await clock.run(5_000);
    expect(last(health)).toMatchObject({ state: "failed", kind: "blank" });
    camera.show(null);
    await clock.run(500);
    expect(last(health)).toEqual({ state: "ok" });
  });

  test("a decoder that fails is a failed reader until it works again", async () => {
    let broken = true;
    const { clock, health } = await bench({
      ...engine,
      decode: (frame) =>
        broken ? Promise.reject(new Error("worker ended")) : engine.decode(frame),
    });
    await clock.run(1_000);
    expect(last(health)).toEqual({ state: "failed", kind: "decoder", detail: "worker ended" });
    broken = false;
    await clock.run(1_000);
    expect(last(health)).toEqual({ state: "ok" });
  });

  test("decodes the newest frame when it is free, and none of those in between", async () => {
    const seen: number[] = [];
    const { clock, camera } = await bench({
      ...engine,
      decode(frame) {
        seen.push(frame.luminance[0] ?? 0);
        return new Promise((resolve) => {
          clock.after(450, () => resolve({ codes: [] }));
        });
      },
    });
    camera.setConditions({ noise: 0 });
    const { width, height } = GEOMETRY;
    for (let frame = 1; frame <= 20; frame++) {
      const luminance = new Uint8Array(width * height).fill(200);
      luminance[0] = frame;
      camera.showImage({ width, height, luminance });
      await clock.run(100);
    }
    // Taken at 100 ms, then whatever is newest each 450 ms later.
    expect(seen).toEqual([1, 5, 9, 14, 18]);
  });

  test("shows the newest picture, as a copy", async () => {
    const { clock, reader } = await bench();
    await clock.run(500);
    const picture = reader.snapshot();
    expect(picture?.luminance).toHaveLength(GEOMETRY.width * GEOMETRY.height);
    picture?.luminance.fill(0);
    expect(reader.snapshot()?.luminance.some((level) => level > 0)).toBe(true);
  });

  test("reads a screen that blinds the camera by a shorter exposure, tells it once, and lets go", async () => {
    const { clock, camera, readings } = await bench();
    await clock.run(1_000);
    const resting = camera.picture().luminance;
    camera.setConditions({ exposureStops: 6.5, light: 0.01, distanceM: 0.3 });
    camera.show({ text: "BLINDING", medium: "phone", brightness: 1 });
    await clock.run(600);
    expect(readings).toEqual([]);
    await clock.run(6_000);
    expect(readings.map(({ code }) => code.text)).toEqual(["BLINDING"]);
    camera.show(null);
    camera.setConditions({ exposureStops: 0, light: 1 });
    await clock.run(3_000);
    const mean = (levels: Uint8Array): number =>
      levels.reduce((sum, level) => sum + level, 0) / levels.length;
    expect(mean(camera.picture().luminance)).toBeCloseTo(mean(resting), 0);
  });

  test("says nothing after it was stopped", async () => {
    const { clock, camera, reader, readings } = await bench();
    await clock.run(500);
    await reader.stop();
    camera.show({ text: "A", medium: "paper" });
    await clock.run(1_000);
    expect(readings).toEqual([]);
  });
});
