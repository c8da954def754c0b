import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import five from "johnny-five";
import { createPanel } from "../../../../../hal/drivers/panel/gpio/gpio-panel.ts";
import { PATTERNS } from "../../../../../hal/drivers/panel/signals.ts";
import type { DeviceHealth, PanelSignal } from "../../../../../hal/devices.ts";
import { createSimulatedGpio } from "../../../../../sim/bus/gpio.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";

const lines = { red: 5, yellow: 6, green: 13, buzzer: 19 };
const SIGNALS = Object.keys(PATTERNS) as PanelSignal[];

async function setUp() {
  const clock = new VirtualClock(0);
  const gpio = createSimulatedGpio(clock);
  const panel = createPanel({ gpio, clock, lines });
  const health: DeviceHealth[] = [];
  panel.onHealth((state) => health.push(state));
  const lit = (): string[] =>
    Object.entries(lines).flatMap(([name, line]) => (gpio.level(line) === 1 ? [name] : []));
  const rises = (line: number): number[] => {
    const times: number[] = [];
    gpio.onLevel((changed, level, atMs) => {
      if (changed === line && level === 1) times.push(Math.round(atMs));
    });
    return times;
  };
  await panel.start();
  return { clock, gpio, panel, health, lit, rises };
}

describe("panel on GPIO lines", () => {
  it("shows idle from the start and is dark when stopped", async () => {
    const { clock, panel, lit, health } = await setUp();
    expect(lit()).toEqual(["yellow"]);
    expect(health).toEqual([{ state: "starting" }, { state: "ok" }]);
    await panel.show("evacuate");
    await panel.stop();
    expect(lit()).toEqual([]);
    await clock.run(5000);
    expect(lit()).toEqual([]);
  });

  it.each<[PanelSignal, string[]]>([
    ["idle", ["yellow"]],
    ["granted", ["green"]],
    ["denied", ["red"]],
    ["referred", ["red", "yellow"]],
  ])("after two seconds of %s only %j is lit", async (signal, lamps) => {
    const { clock, panel, lit } = await setUp();
    await panel.show(signal);
    await clock.run(2000);
    expect(lit()).toEqual(lamps);
  });

  it.each<[PanelSignal, number]>([
    ["idle", 0],
    ["busy", 0],
    ["granted", 1],
    ["denied", 3],
    ["referred", 2],
    ["fault", 0],
  ])("%s beeps %i times", async (signal, beeps) => {
    const { clock, panel, rises } = await setUp();
    const heard = rises(lines.buzzer);
    await panel.show(signal);
    await clock.run(20_000);
    expect(heard).toHaveLength(beeps);
  });

  it.each<PanelSignal>(["attention", "evacuate"])("%s beeps on and on", async (signal) => {
    const { clock, panel, rises } = await setUp();
    const heard = rises(lines.buzzer);
    await panel.show(signal);
    await clock.run(60_000);
    expect(heard.length).toBeGreaterThanOrEqual(60);
  });

  it("blinks by the unit's clock", async () => {
    const { clock, panel, rises } = await setUp();
    const times = rises(lines.red);
    await clock.run(1000);
    await panel.show("fault");
    await clock.run(7000);
    expect(times).toEqual([1000, 3000, 5000, 7000]);
  });

  it("beeps again for the next visitor with the same outcome", async () => {
    const { clock, panel, rises } = await setUp();
    const heard = rises(lines.buzzer);
    await panel.show("granted");
    await clock.run(1000);
    await panel.show("granted");
    await clock.run(1000);
    expect(heard).toHaveLength(2);
  });

  it("leaves nothing behind when signals follow each other fast", async () => {
    const { clock, panel, lit } = await setUp();
    for (let round = 0; round < 50; round++) {
      await panel.show(SIGNALS[round % SIGNALS.length] ?? "idle");
      await clock.run(37);
    }
    await panel.show("idle");
    await clock.run(5000);
    expect(lit()).toEqual(["yellow"]);
  });

  it("shows what holds when it comes back from a fault", async () => {
    const { clock, gpio, panel, health, lit } = await setUp();
    gpio.setFaulty(lines.green, true);
    await expect(panel.show("granted")).rejects.toMatchObject({ kind: "denied" });
    await clock.run(100);
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "denied" });
    gpio.setFaulty(lines.green, false);
    await clock.run(2000);
    expect(health.at(-1)).toEqual({ state: "ok" });
    expect(lit()).toContain("green");
  });

  it("takes nothing of johnny-five's that a daemon must not have", async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const timersBefore = timers();
    const handlers = process.listenerCount("SIGINT");
    const boards = five.Board.cache.length;
    const { panel } = await setUp();
    expect(process.listenerCount("SIGINT")).toBe(handlers);
    expect(process.stdin.listenerCount("data")).toBe(0);
    expect(five.Board.cache).toHaveLength(boards);
    expect(timers()).toBe(timersBefore);
    await panel.stop();
  });

  it("lets a board go that is no longer used", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = async (): Promise<WeakRef<object>> => {
      const { gpio, panel } = await setUp();
      await panel.stop();
      return new WeakRef(gpio);
    };
    const board = await used();
    // Virtual time remembers whoever let it pass last.
    await (await setUp()).clock.run(1);
    await expect
      .poll(() => {
        collect();
        return board.deref();
      })
      .toBeUndefined();
  });
});
