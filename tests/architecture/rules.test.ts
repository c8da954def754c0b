import { describe, expect, it } from "vitest";
import { circles, crowded, importsOf, secondUnits, violation, violations } from "./rules.ts";

describe("the import table", () => {
  it("holds for every file of the tree", () => {
    expect(violations(process.cwd())).toEqual([]);
  });

  it.each([
    [
      "sim/chips/mlx90614.ts",
      "../../hal/drivers/thermometer/mlx90614/mlx90614.ts",
      "a chip that knows its driver",
    ],
    ["src/core/step.ts", "node:crypto", "a core that knows Node"],
    [
      "hal/drivers/gate/guarded-line/gate.ts",
      "../../../../src/core/step.ts",
      "a driver that knows the product",
    ],
    [
      "hal/drivers/gate/guarded-line/gate.ts",
      "node:child_process",
      "a driver that starts a process",
    ],
    ["src/main.ts", "../sim/demo/main.ts", "a real unit that knows the simulator"],
    ["src/unit/unit.ts", "../../hal/linux/clock.ts", "a unit that knows its machine"],
    ["src/unit/unit.ts", "node:fs/promises", "a unit that opens files by itself"],
    ["src/unit/unit.ts", "../../sim/kernel/trace.ts", "a unit that knows its simulation"],
    ["src/store/outbox.ts", "../uplink/outbox-sender.ts", "a store that knows who sends"],
    ["sim/doorway/world.ts", "../../src/cli/main.ts", "a world that starts a process"],
    ["src/cli/audit.ts", "../district/audit.ts", "a unit's verb that needs the district"],
    ["src/cli/audit.ts", "../../sim/kernel/trace.ts", "a unit's verb that needs the simulator"],
    ["src/unit/unit.ts", "../district/collector.ts", "a unit that knows the district"],
    ["src/district/collector.ts", "../store/store.ts", "a district that knows the unit's store"],
    ["src/district/collector.ts", "../cli/support/output.ts", "a collector that prints"],
  ])("refuses %s importing %s: %s", (file, specifier) => {
    expect(violation(file, specifier)).toMatch(/must not know|may start/);
  });

  it.each([
    ["hal/drivers/gate/guarded-line/gate.ts", "../../../bus/gpio.ts"],
    ["hal/drivers/code-reader/engine/decoder-worker.ts", "node:child_process"],
    ["src/gateway/loop.ts", "../../hal/devices.ts"],
    ["sim/demo/sim-command.ts", "./main.ts"],
    ["src/district/cli/collect.ts", "../../cli/support/output.ts"],
  ])("lets %s import %s", (file, specifier) => {
    expect(violation(file, specifier)).toBeUndefined();
  });

  it("sees static, type-only, re-exported and dynamic imports", () => {
    const text = `import a from "./a.ts";\nimport type { B } from "./b.ts";\nexport { c } from "./c.ts";\nimport "./d.ts";\nconst e = await import("./e.ts");`;
    expect(importsOf(text)).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts"]);
  });

  it("finds a circle, also one of types alone, and names its files in order", () => {
    const imports = new Map([
      ["a.ts", ["b.ts"]],
      ["b.ts", ["c.ts"]],
      ["c.ts", ["b.ts"]],
      ["d.ts", ["a.ts"]],
    ]);
    expect(circles(imports)).toEqual([["b.ts", "c.ts", "b.ts"]]);
  });

  it.each([
    ["sim/doorway/doorway.ts", "const gateway = new Gateway({"],
    ["src/main.ts", "gateway = new Gateway({ clock })"],
    ["bench/outbox/rig.ts", "const uplink = createUplink({ link })"],
    ["tests/sim/doorway/doorway.test.ts", "new Gateway({})"],
  ])("finds a second unit that %s composes", (file, text) => {
    expect(secondUnits(file, text)).toEqual([expect.stringContaining("only src/unit composes")]);
  });

  it.each([
    ["src/unit/unit.ts", "return new Gateway({"],
    ["src/uplink/uplink.ts", "export function createUplink(options: UplinkOptions): Uplink {"],
    ["tests/src/uplink/uplink.test.ts", "createUplink({"],
    ["sim/doorway/doorway.ts", "let gateway: Gateway;"],
  ])("leaves %s to itself", (file, text) => {
    expect(secondUnits(file, text)).toEqual([]);
  });

  it("finds a folder with too many loose files", () => {
    const files = Array.from({ length: 22 }, (_, index) => `src/room/${index}.ts`);
    expect(crowded(files)).toEqual(["src/room holds 22 loose files: sort them into folders"]);
    expect(crowded(files.slice(1))).toEqual([]);
  });
});
