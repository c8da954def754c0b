import { describe, expect, it } from "vitest";
import { createDoorContacts } from "../../../hal/drivers/door-contacts.ts";
import type { DeviceHealth } from "../../../hal/devices.ts";
import type { Level } from "../../../hal/bus/gpio.ts";
import { createSimulatedGpio } from "../../../sim/bus/gpio.ts";
import { VirtualClock } from "../../../sim/clock.ts";

const lines = {
  "door-open": { line: 23 },
  "exit-request": { line: 24, activeLow: true },
  fire: { line: 25, activeLow: true },
  tamper: { line: 12 },
};

async function setUp(resting: Record<number, Level> = { 24: 1, 25: 1 }) {
  const clock = new VirtualClock(0);
  const gpio = createSimulatedGpio(clock);
  for (const [line, level] of Object.entries(resting)) gpio.drive(Number(line), level);
  const contacts = createDoorContacts({ gpio, clock, lines });
  const log: string[] = [];
  const health: DeviceHealth[] = [];
  contacts.onContact((contact, active) => log.push(`${contact} ${active ? "on" : "off"}`));
  contacts.onHealth((state) => health.push(state));
  await contacts.start();
  await clock.run(1);
  return { clock, gpio, contacts, log, health };
}

describe("door contacts", () => {
  it("reports nothing while everything rests", async () => {
    const { clock, log, health } = await setUp();
    await clock.run(1000);
    expect(log).toEqual([]);
    expect(health.at(-1)).toEqual({ state: "ok" });
  });

  it.each([
    ["the exit button held", { 24: 0, 25: 1 }, "exit-request on"],
    ["the fire loop open", { 24: 1, 25: 0 }, "fire on"],
    ["the housing open", { 24: 1, 25: 1, 12: 1 }, "tamper on"],
    ["the door open", { 24: 1, 25: 1, 23: 1 }, "door-open on"],
  ] as [string, Record<number, Level>, string][])(
    "reports %s at start",
    async (_, resting, told) => {
      const { log } = await setUp(resting);
      expect(log).toEqual([told]);
    },
  );
});
