/** What reading takes on this machine, measured in a decoder's process. */
import { expect, test } from "vitest";
import { measureDecodeSpeed } from "../../../../../hal/drivers/code-reader/engine/decode-speed.ts";
import { createSystemClock } from "../../../../../hal/linux/clock.ts";
import { renderScene } from "../../../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../../../sim/camera/picture.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";

test.each([
  ["nothing", null],
  ["a code", { text: "PACE", medium: "phone" as const }],
])(
  "the speed before %s is that of its own looks",
  async (_name, scene) => {
    const size = { width: 320, height: 240 };
    const picture = renderScene(scene, GOOD_CONDITIONS, createRandom(1), size);
    const { decoder, attemptMs, furtherMs } = await measureDecodeSpeed(
      picture,
      createSystemClock(),
    );
    expect(["zxing", "rxing"]).toContain(decoder);
    expect(attemptMs).toBeGreaterThan(0);
    // Forty attempts, most of them dearer than a look.
    expect(furtherMs).toBeGreaterThan(5 * attemptMs);
  },
  60_000,
);
