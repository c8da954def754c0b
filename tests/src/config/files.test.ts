import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePolicy } from "../../../src/config/policy.ts";
import { configuredDevices } from "../../../src/config/devices.ts";
import { parseUnitConfig } from "../../../src/config/unit.ts";
import { ConfigError } from "../../../src/config/yaml-file.ts";

const MINIMAL = "id: a\nversion: 1\nrules:\n";

describe("the policy file", () => {
  it("given as an example is a whole policy", () => {
    const policy = parsePolicy(readFileSync("deploy/policy.example.yaml", "utf8"), "example");
    expect(policy.rules.map((rule) => rule.id)).toEqual([
      "colour",
      "nucleic-acid-48h",
      "temperature",
    ]);
    expect(policy.openingHours?.spans).toEqual([
      { days: [1, 2, 3, 4, 5], fromMinute: 450, untilMinute: 1260 },
      { days: [6, 7], fromMinute: 510, untilMinute: 1080 },
    ]);
    expect(policy.record).toEqual({ commitWithinMs: 500, whenNotCommitted: "refer" });
  });

  it("goes round the week and takes single days and every day", () => {
    const spans = (text: string) =>
      parsePolicy(`${MINIMAL}  []\nopeningHours: {spans: ["${text}"]}`, "p").openingHours?.spans[0];
    expect(spans("fri-mon 22:00-06:00")?.days).toEqual([5, 6, 7, 1]);
    expect(spans("sat 10:00-16:00")?.days).toEqual([6]);
    expect(spans("08:00-24:00")?.days).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([
    [
      "a missing limit",
      "- {id: t, kind: nucleic-acid-test, countFrom: sampledAt}",
      "rules[0].maxAgeHours: is missing",
    ],
    ["a wrong word", "- {id: t, kind: temperature, whenUnmet: maybe}", "rules[0].whenUnmet"],
    [
      "an unknown key",
      "- {id: t, kind: temperature, maxF: 99}",
      'rules[0].maxF: is unknown; did you mean "maxC"?',
    ],
    ["an unknown kind", "- {id: t, kind: horoscope}", "rules[0].kind"],
    [
      "two rules of one name",
      "- {id: t, kind: temperature}\n- {id: t, kind: code-colour}",
      'rules[1].id: "t" names',
    ],
    [
      "a fault inside an alternative",
      "- {id: a, kind: any-of, rules: [{id: b, kind: antigen-test}]}",
      "rules[0].rules[0].maxAgeHours",
    ],
  ])("names the path of %s", (_what, rules, message) => {
    const text =
      MINIMAL +
      rules
        .split("\n")
        .map((row) => `  ${row}\n`)
        .join("");
    expect(() => parsePolicy(text, "policy.yaml")).toThrow(ConfigError);
    expect(() => parsePolicy(text, "policy.yaml")).toThrow(`policy.yaml: `);
    expect(() => parsePolicy(text, "policy.yaml")).toThrow(message);
  });

  it("names the line", () => {
    const text = `${MINIMAL}  - id: t\n    kind: temperature\n    maxC: 99\n`;
    expect(() => parsePolicy(text, "policy.yaml")).toThrow("(line 6)");
  });
});

describe("the unit's file", () => {
  it("given as an example is a whole configuration", () => {
    const unit = parseUnitConfig(readFileSync("deploy/unit.example.yaml", "utf8"), "example");
    expect(unit.devices.gate).toEqual({
      driver: "guarded-line",
      line: 17,
      activeLow: false,
      maximumMs: 10_000,
    });
    expect(unit.devices.contacts?.["fire"]).toEqual({ line: 23, activeLow: true, debounceMs: 30 });
    expect(unit.http.host).toBe("127.0.0.1");
  });

  it("needs a name that can stand in a topic", () => {
    expect(() => parseUnitConfig("unitId: a/b\ndistrict: d", "unit.yaml")).toThrow(
      "unit.yaml: unitId",
    );
    expect(() => parseUnitConfig("district: d", "unit.yaml")).toThrow("unitId: is missing");
  });

  it("refuses a camera width whose padding is not known", () => {
    const text = "unitId: a\ndistrict: d\ndevices: {camera: {source: rpicam, width: 800}}";
    expect(() => parseUnitConfig(text, "unit.yaml")).toThrow("devices.camera.width");
  });
});

describe("the devices of a unit's file", () => {
  const named = (yaml: string): unknown[] =>
    configuredDevices(
      parseUnitConfig(`unitId: a\ndistrict: d\ndevices: ${yaml}`, "unit.yaml").devices,
    ).map(({ name, settings }) => [name, settings.driver]);

  it("have the drivers of today where a file names none", () => {
    expect(
      named("{camera: {source: rpicam}, cardReader: {}, thermometer: {}, panel: {}, contacts: {}}"),
    ).toEqual([
      ["code-reader", "camera"],
      ["card-reader", "sdt"],
      ["thermometer", "mlx90614"],
      ["gate", "guarded-line"],
      ["panel", "gpio"],
      ["door-contacts", "gpio"],
    ]);
  });

  it("have a panel on an Arduino where a file without a driver gives its port", () => {
    expect(named("{panel: {path: /dev/ttyACM0}}")).toContainEqual(["panel", "firmata"]);
    expect(named("{panel: {red: 7}}")).toContainEqual(["panel", "gpio"]);
  });

  it("may be several readers, named in their order", () => {
    expect(
      named("{codeReaders: [{source: v4l2}], cardReaders: [{path: /dev/a}, {path: /dev/b}]}"),
    ).toEqual([
      ["code-reader", "camera"],
      ["card-reader", "sdt"],
      ["card-reader-2", "sdt"],
      ["gate", "guarded-line"],
    ]);
  });

  it("may be an empty list", () => {
    expect(named("{codeReaders: [], cardReaders: [], badgeReaders: []}")).toEqual([
      ["gate", "guarded-line"],
    ]);
  });
});

describe("any text", () => {
  it("is a configuration or a clear error", () => {
    const said = (text: string): unknown[] =>
      [parsePolicy, parseUnitConfig].map((parse) => {
        try {
          return parse(text, "file.yaml");
        } catch (error) {
          return error;
        }
      });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) =>
        said(text).every((each) => !(each instanceof Error) || each instanceof ConfigError),
      ),
    );
  });
});
