import { describe, expect, it } from "vitest";
import { createDoorContacts } from "../../../../../hal/drivers/contacts/gpio/door-contacts.ts";
import type { DeviceHealth } from "../../../../../hal/devices.ts";
import type { Level } from "../../../../../hal/bus/gpio.ts";
import { createSimulatedGpio } from "../../../../../sim/bus/gpio.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";

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

  it.each([
    [29, []],
    [31, ["exit-request on", "exit-request off"]],
  ] as [number, string[]][])("reports a button pressed for %i ms as %j", async (heldMs, told) => {
    const { clock, gpio, log } = await setUp();
    gpio.drive(24, 0);
    await clock.run(heldMs);
    gpio.drive(24, 1);
    await clock.run(1000);
    expect(log).toEqual(told);
  });

  it("reports a bouncing door once each way", async () => {
    const { clock, gpio, log } = await setUp();
    for (const final of [1, 0] as const) {
      for (let bounce = 0; bounce < 5; bounce++) {
        gpio.drive(23, final);
        await clock.run(4);
        gpio.drive(23, final === 1 ? 0 : 1);
        await clock.run(4);
      }
      gpio.drive(23, final);
      await clock.run(500);
    }
    expect(log).toEqual(["door-open on", "door-open off"]);
  });

  it("tells contacts apart that move at the same time", async () => {
    const { clock, gpio, log } = await setUp();
    gpio.drive(23, 1);
    gpio.drive(25, 0);
    gpio.drive(12, 1);
    await clock.run(100);
    expect(log.toSorted()).toEqual(["door-open on", "fire on", "tamper on"]);
  });

  it("keeps trying while another program holds a line, and then reports what is active", async () => {
    const clock = new VirtualClock(0);
    const gpio = createSimulatedGpio(clock);
    gpio.drive(24, 1);
    const other = await gpio.input(25);
    const contacts = createDoorContacts({ gpio, clock, lines });
    const log: string[] = [];
    const health: DeviceHealth[] = [];
    contacts.onContact((contact, active) => log.push(`${contact} ${active ? "on" : "off"}`));
    contacts.onHealth((state) => health.push(state));
    await contacts.start();
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "busy" });
    await other.close();
    await clock.run(1000);
    expect(health.at(-1)).toEqual({ state: "ok" });
    expect(log).toEqual(["fire on"]);
  });

  it("is silent once stopped, and frees its lines", async () => {
    const { clock, gpio, contacts, log } = await setUp();
    await contacts.stop();
    gpio.drive(23, 1);
    await clock.run(1000);
    expect(log).toEqual([]);
    for (const { line } of Object.values(lines)) await gpio.input(line);
  });

  it("tells a listener who comes late what is active", async () => {
    const { contacts } = await setUp({ 24: 0, 25: 1 });
    const late: string[] = [];
    contacts.onContact((contact, active) => late.push(`${contact} ${active ? "on" : "off"}`));
    expect(late).toEqual(["exit-request on"]);
  });
});
