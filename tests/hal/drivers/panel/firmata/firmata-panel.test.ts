import { describe, expect, it } from "vitest";
import { createFirmataPanel } from "../../../../../hal/drivers/panel/firmata/firmata-panel.ts";
import type { DeviceHealth } from "../../../../../hal/devices.ts";
import { createSimulatedSerial } from "../../../../../sim/bus/serial.ts";
import { createFirmataChip } from "../../../../../sim/chips/firmata.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";

const pins = { red: 9, yellow: 10, green: 8, buzzer: 7 };

async function setUp(settings: { waitMs?: number; pins?: typeof pins } = {}) {
  const clock = new VirtualClock(0);
  const serial = createSimulatedSerial({ clock, random: createRandom(3) });
  serial.faults.chunk = { min: 1, max: 3 };
  const chip = createFirmataChip({ clock });
  serial.attach(chip);
  await clock.run(settings.waitMs ?? 0);
  const panel = createFirmataPanel({ host: serial, clock, pins: settings.pins ?? pins });
  const health: string[] = [];
  panel.onHealth((state: DeviceHealth) =>
    health.push(state.state === "failed" ? `failed ${state.kind}` : state.state),
  );
  await panel.start();
  await clock.run(5000);
  const lit = (): string[] =>
    Object.entries(pins).flatMap(([name, pin]) => (chip.output(pin) > 0 ? [name] : []));
  return { clock, serial, chip, panel, health, lit };
}

describe("panel over Firmata", () => {
  it.each([
    ["that is just starting", 0],
    ["that has been running for a minute", 60_000],
  ])("finds a board %s", async (_, waitMs) => {
    const { panel, health, lit } = await setUp({ waitMs });
    expect(health).toEqual(["starting", "ok"]);
    expect(lit()).toEqual(["yellow"]);
    await panel.stop();
  });

  it("shows signals on plain and on dimmable pins, and goes dark", async () => {
    const { clock, panel, lit } = await setUp();
    const shown = panel.show("granted");
    await clock.run(50);
    await shown;
    expect(lit()).toEqual(["green", "buzzer"]);
    await clock.run(500);
    expect(lit()).toEqual(["green"]);
    await Promise.all([panel.show("denied"), clock.run(2000)]);
    expect(lit()).toEqual(["red"]);
    await panel.stop();
    await clock.run(100);
    expect(lit()).toEqual([]);
  });

  it("sends the bytes of the protocol", async () => {
    const { clock, chip, panel } = await setUp();
    const hex = Buffer.from(chip.received).toString("hex");
    // Capabilities, analog mapping, then the pins' modes: 3 is PWM, 1 a plain output.
    expect(hex).toContain("f06bf7f069f7f40701f40903f40a03f40801");
    const before = chip.received.length;
    await Promise.all([panel.show("evacuate"), clock.run(20)]);
    const sent = Buffer.from(chip.received.slice(before)).toString("hex");
    expect(sent).toContain("ea0000"); // yellow, dimmable, off
    expect(sent).toContain("910100"); // pin 8 is bit 0 of port 1
    await panel.stop();
  });

  it("comes back with the present signal after the board restarted", async () => {
    const { clock, chip, panel, health, lit } = await setUp();
    await Promise.all([panel.show("granted"), clock.run(1000)]);
    chip.reset();
    expect(lit()).toEqual([]);
    await clock.run(15_000);
    expect(health).toEqual(["starting", "ok", "failed closed", "ok"]);
    expect(lit()).toEqual(["green"]);
    await panel.stop();
  });

  it("notices a board that stands still", async () => {
    const { clock, chip, panel, health } = await setUp();
    chip.setHung(true);
    await clock.run(10_000);
    expect(health.at(-1)).toBe("failed timeout");
    await panel.stop();
  });

  it("comes back after its plug was pulled", async () => {
    const { clock, serial, panel, health, lit } = await setUp();
    serial.unplug();
    await clock.run(5000);
    expect(health.at(-1)).toMatch(/^failed /);
    serial.plug();
    await clock.run(30_000);
    expect(health.at(-1)).toBe("ok");
    expect(lit()).toEqual(["yellow"]);
    await panel.stop();
  });

  it("refuses a pin the board cannot drive", async () => {
    const { panel, health } = await setUp({ pins: { ...pins, red: 0 } });
    expect(health.at(-1)).toBe("failed unsupported");
    await panel.stop();
  });
});
