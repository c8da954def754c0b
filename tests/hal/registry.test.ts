/** Every registered driver: its registration is whole, light to load, and works on simulated hardware. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DeviceHealth } from "../../hal/devices.ts";
import type { DeviceKind, DeviceSettings, Driver } from "../../hal/driver.ts";
import { DRIVERS, driverOf } from "../../hal/registry.ts";
import { simulatedChip } from "../../sim/chips/catalogue.ts";
import { createSimulatedHardware } from "../../sim/doorway/hardware.ts";
import { createRandom } from "../../sim/kernel/random.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { importsOf } from "../architecture/rules.ts";

const ALL: [name: string, kind: DeviceKind, driver: Driver][] = Object.values(DRIVERS)
  .flat()
  .map((driver: Driver) => [`${driver.kind} ${driver.name}`, driver.kind, driver]);

/** The least that a file has to say for a driver. */
const LEAST: Readonly<Record<string, object>> = {
  "code-reader camera": { source: "command", command: "x", width: 640, height: 480 },
  "panel firmata": { path: "/dev/ttyACM0" },
};

const settingsFor = (name: string, { schema, name: driver }: Driver): DeviceSettings =>
  schema.parse({ driver, ...LEAST[name] });

describe("the registry", () => {
  it("loads no driver, library or decoder until one is used", () => {
    const loaded = new Set<string>();
    const follow = (file: string): void => {
      if (loaded.has(file)) return;
      loaded.add(file);
      const text = readFileSync(file, "utf8");
      for (const specifier of staticImports(text)) {
        if (specifier.startsWith(".")) follow(join(dirname(file), specifier));
        else loaded.add(specifier);
      }
    };
    follow("hal/registry.ts");
    const heavy = [...loaded].filter(
      (each) =>
        each !== "zod" &&
        !/(register|settings|registry|driver|startup-check|clock|chip|errors)\.ts$/.test(each),
    );
    expect(heavy).toEqual([]);
  });

  it("has one driver for each name of a kind", () => {
    const names = ALL.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("names the drivers it knows where one is unknown", () => {
    expect(() => driverOf("panel", { driver: "arduino" })).toThrow(
      "no panel driver is named arduino; known: gpio, firmata",
    );
  });
});

describe.each(ALL)("%s", (name, kind, driver) => {
  it("says in one line what it drives", () => {
    expect(driver.summary).toMatch(/^\S[^\n]{4,90}[^.\s]$/);
  });

  it("checks its settings again without changing them", () => {
    const settings = settingsFor(name, driver);
    expect(driver.schema.parse(settings)).toEqual(settings);
  });

  it("names the places it takes by its own settings", () => {
    const settings = settingsFor(name, driver);
    for (const { setting } of driver.uses(settings)) expect(settings).toHaveProperty([setting]);
  });

  it("has a simulated chip of its kind on the same wire, or needs none", () => {
    const wires = driver
      .uses(settingsFor(name, driver))
      .map(({ bus }) => bus)
      .filter((bus) => bus === "serial" || bus === "two-wire");
    const chip = driver.chip === undefined ? undefined : simulatedChip(driver.chip);
    expect(wires).toEqual(chip === undefined ? [] : [chip.wire]);
    expect(chip?.kind ?? kind).toBe(kind);
  });

  it("works on simulated hardware, and its checks are well there", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 10, 24));
    const settings = settingsFor(name, driver);
    const hardware = createSimulatedHardware({
      clock,
      random: createRandom(1),
      ambientC: 22,
      camera: {
        width: 640,
        height: 480,
        framesPerSecond: 15,
        idleFramesPerSecond: 15,
        noise: 2,
        noiseFrames: 2,
      },
      devices: [{ kind, name: kind, setting: [kind], settings }],
    });
    const engine = {
      ready: () => Promise.resolve(),
      decode: () => Promise.resolve({ codes: [] }),
      onLateResult() {},
      close: () => Promise.resolve(),
    };
    const decoding = { engine, wanted: [], share: 0.15 };
    const context = { buses: hardware.buses, clock, decoding };
    const device = (await driver.load())(settings, context);
    const states: DeviceHealth["state"][] = [];
    device.onHealth(({ state }) => states.push(state));
    const starting = device.start();
    await clock.run(5_000);
    await starting;
    const stopping = device.stop();
    await clock.run(5_000);
    await stopping;
    expect(states).toEqual(expect.arrayContaining(["starting", "ok"]));
    expect(states).not.toContain("failed");
    const [check] = driver.checks(settings, context);
    if (check === undefined) throw new Error("a driver has at least one check");
    const found = check.run();
    found.catch(() => undefined);
    await clock.run(10_000);
    expect(await found).not.toBe("");
    expect(check.fix("anything")).not.toBe("");
  });
});

/** Imports that happen when the file is loaded: no types, and none that are written as calls. */
function staticImports(text: string): string[] {
  const code = text.replace(/import type [^;]+;/g, "").replace(/import\(\s*"[^"]+"\s*\)/g, "");
  return importsOf(code);
}
