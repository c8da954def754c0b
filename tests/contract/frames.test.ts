/** The camera contract on the simulated doorway's camera and on a child process. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createProcessCamera } from "../../hal/linux/camera/camera.ts";
import type { CameraHost, FrameGeometry } from "../../hal/bus/frames.ts";
import { createSimulatedCamera } from "../../sim/camera/camera.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../sim/kernel/random.ts";
import { framesContract } from "./frames.contract.ts";
import type { FramesBench } from "./frames.contract.ts";
import { patternLevel } from "./pattern.ts";

const STAND_IN = fileURLToPath(new URL("camera-stand-in.ts", import.meta.url));

function pattern(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_none, index) =>
    patternLevel(index % width, Math.floor(index / width)),
  );
}

for (const strideAlign of [64, 128]) {
  framesContract(`the simulated doorway's, rows padded to ${strideAlign}`, async () => {
    const clock = new VirtualClock(0);
    const [width, height] = [180, 120];
    const camera = createSimulatedCamera({
      clock,
      random: createRandom(1),
      geometry: { width, height, strideAlign },
      chunkBytes: 1_021,
    });
    camera.setConditions({ noise: 0 });
    camera.showImage({ width, height, luminance: pattern(width, height) });
    return {
      host: camera,
      unplug: async () => camera.unplug(),
      replug: async () => camera.plug(),
      async until(condition) {
        for (let step = 0; step < 200 && !condition(); step++) await clock.run(50);
        if (!condition()) throw new Error("did not happen within 10 s of virtual time");
      },
      dispose: async () => {},
    };
  });
}

async function processBench(geometry: FrameGeometry): Promise<FramesBench> {
  const folder = await mkdtemp(join(tmpdir(), "camera-"));
  const plugged = join(folder, "plugged");
  await writeFile(plugged, "");
  const host: CameraHost = createProcessCamera({
    command: process.execPath,
    args: [STAND_IN, JSON.stringify({ geometry, plugged })],
    geometry,
  });
  return {
    host,
    unplug: () => rm(plugged),
    replug: () => writeFile(plugged, ""),
    async until(condition) {
      const patience = AbortSignal.timeout(10_000);
      while (!condition()) {
        if (patience.aborted) throw new Error("did not happen within 10 s");
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

framesContract("a child process that gives padded YUV", () =>
  processBench({ width: 180, height: 120, stride: 192, layout: "i420" }),
);
framesContract("a child process that gives grey frames", () =>
  processBench({ width: 160, height: 90, stride: 160, layout: "gray8" }),
);
