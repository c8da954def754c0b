import { describe, expect, it } from "vitest";
import {
  createApproachDetector,
  APPROACH_DEFAULTS,
} from "../../../../hal/drivers/thermometer/approach.ts";

/** Looks every 100 ms for `seconds` and tells the last answer. */
function watch(
  presence: ReturnType<typeof createApproachDetector>,
  fromMs: number,
  seconds: number,
  objectC: number,
  ambientC = 22,
): boolean {
  let present = presence.present;
  for (let ms = 100; ms <= seconds * 1000; ms += 100) {
    present = presence.observe(objectC, ambientC, fromMs + ms);
  }
  return present;
}

describe("presence", () => {
  it.each([
    [29.9, false],
    [30, true],
    [36.5, true],
  ])("something of %s °C in a cool room: %s", (objectC, present) => {
    expect(createApproachDetector(APPROACH_DEFAULTS).observe(objectC, 22, 0)).toBe(present);
  });

  it.each([
    [36.4, false],
    [36.6, true],
  ])("something of %s °C before a wall of 35 °C: %s", (objectC, present) => {
    const presence = createApproachDetector(APPROACH_DEFAULTS);
    watch(presence, 0, 600, 35, 35);
    expect(presence.observe(objectC, 35, 600_100)).toBe(present);
  });

  it("does not flicker on somebody at the edge", () => {
    const presence = createApproachDetector(APPROACH_DEFAULTS);
    expect(presence.observe(30.1, 22, 0)).toBe(true);
    expect(presence.observe(29.5, 22, 100)).toBe(true);
    expect(presence.observe(29.2, 22, 200)).toBe(false);
  });

  it("keeps seeing somebody who stays for two minutes", () => {
    const presence = createApproachDetector(APPROACH_DEFAULTS);
    expect(watch(presence, 0, 120, 36.5)).toBe(true);
  });

  it("gives up on a wall in the sun, and still sees a visitor before it", () => {
    const presence = createApproachDetector(APPROACH_DEFAULTS);
    expect(watch(presence, 0, 3600, 33)).toBe(false);
    expect(presence.observe(36.5, 22, 3_600_100)).toBe(true);
  });

  it("starts over after a reset", () => {
    const presence = createApproachDetector(APPROACH_DEFAULTS);
    presence.observe(36.5, 22, 0);
    presence.reset();
    expect(presence.present).toBe(false);
  });
});
