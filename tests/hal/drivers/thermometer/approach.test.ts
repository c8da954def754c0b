import { describe, expect, it } from "vitest";
import { createPresence, PRESENCE_DEFAULTS } from "../../../../hal/drivers/thermometer/approach.ts";

/** Looks every 100 ms for `seconds` and tells the last answer. */
function watch(
  presence: ReturnType<typeof createPresence>,
  fromMs: number,
  seconds: number,
  objectC: number,
  ambientC = 22,
): boolean {
  let present = presence.present;
  for (let ms = 100; ms <= seconds * 1000; ms += 100) {
    present = presence.look(objectC, ambientC, fromMs + ms);
  }
  return present;
}

describe("presence", () => {
  it.each([
    [29.9, false],
    [30, true],
    [36.5, true],
  ])("something of %s °C in a cool room: %s", (objectC, present) => {
    expect(createPresence(PRESENCE_DEFAULTS).look(objectC, 22, 0)).toBe(present);
  });

  it.each([
    [36.4, false],
    [36.6, true],
  ])("something of %s °C before a wall of 35 °C: %s", (objectC, present) => {
    const presence = createPresence(PRESENCE_DEFAULTS);
    watch(presence, 0, 600, 35, 35);
    expect(presence.look(objectC, 35, 600_100)).toBe(present);
  });

  it("does not flicker on somebody at the edge", () => {
    const presence = createPresence(PRESENCE_DEFAULTS);
    expect(presence.look(30.1, 22, 0)).toBe(true);
    expect(presence.look(29.5, 22, 100)).toBe(true);
    expect(presence.look(29.2, 22, 200)).toBe(false);
  });

  it("keeps seeing somebody who stays for two minutes", () => {
    const presence = createPresence(PRESENCE_DEFAULTS);
    expect(watch(presence, 0, 120, 36.5)).toBe(true);
  });

  it("gives up on a wall in the sun, and still sees a visitor before it", () => {
    const presence = createPresence(PRESENCE_DEFAULTS);
    expect(watch(presence, 0, 3600, 33)).toBe(false);
    expect(presence.look(36.5, 22, 3_600_100)).toBe(true);
  });

  it("starts over after a reset", () => {
    const presence = createPresence(PRESENCE_DEFAULTS);
    presence.look(36.5, 22, 0);
    presence.reset();
    expect(presence.present).toBe(false);
  });
});
