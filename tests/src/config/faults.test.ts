/** Every fault of a configuration file is told with its path, its line and what would be right. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { parsePolicy, policyDocument } from "../../../src/config/policy.ts";
import { zoneOf } from "../../../src/core/policy/policy.ts";
import { parseUnitConfig } from "../../../src/config/unit.ts";
import { ConfigError } from "../../../src/config/yaml-file.ts";

function faultsOf(parse: (text: string, file: string) => unknown, text: string): string[] {
  try {
    parse(text, "file.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split("\n");
  }
}

const policyFaults = (fields: object): string[] =>
  faultsOf(parsePolicy, stringify({ id: "a", version: 1, rules: [], ...fields }));
const ruleFaults = (rule: object): string[] => policyFaults({ rules: [{ id: "r", ...rule }] });
const unitFaults = (fields: object): string[] =>
  faultsOf(parseUnitConfig, stringify({ unitId: "u-1", district: "d", ...fields }));
const test48 = { kind: "nucleic-acid-test", countFrom: "sampledAt" };

describe("a rule's number", () => {
  test.each([
    [0, "rules[0].maxAgeHours: expected a number above 0"],
    [-1, "rules[0].maxAgeHours: expected a number above 0"],
    ["48 h", "rules[0].maxAgeHours: expected a number above 0"],
    [null, "rules[0].maxAgeHours: expected a number above 0"],
    [87_601, "rules[0].maxAgeHours: expected a number above 0, at most 87600"],
  ])("%j is refused", (maxAgeHours, message) => {
    expect(ruleFaults({ ...test48, maxAgeHours })[0]).toContain(`file.yaml: ${message} (line `);
  });

  test.each([0.5, 48, 87_600])("%j is taken", (maxAgeHours) => {
    expect(ruleFaults({ ...test48, maxAgeHours })).toEqual([]);
  });
});

describe("a word that was meant otherwise", () => {
  test.each([
    [
      { rules: [{ id: "r", ...test48, maxAgeHour: 4 }] },
      'rules[0].maxAgeHour: is unknown; did you mean "maxAgeHours"?',
    ],
    [{ visit: { window: 4_000 } }, 'visit.window: is unknown; did you mean "windowMs"?'],
    [{ openingHour: {} }, 'openingHour: is unknown; did you mean "openingHours"?'],
    [
      { zzzzzzzz: 1 },
      "zzzzzzzz: is unknown; docs/operators/configuration.md lists what can stand here",
    ],
    [{ rules: [{ id: "r", kind: "temprature" }] }, "rules[0].kind: expected one of code-colour"],
    [
      { rules: [{ id: "r", kind: "temperature", whenUnmet: "deney" }] },
      'expected one of grant, refer, deny; did you mean "deny"?',
    ],
    [{ acceptedCredentials: ["eu-dc"] }, 'did you mean "eu-dcc"?'],
    [
      { whenCredentialFails: { "signature-invalid": "grant" } },
      "whenCredentialFails.signature-invalid: expected one of refer, deny",
    ],
  ])("%j", (fields, message) => {
    expect(policyFaults(fields).join("\n")).toContain(message);
  });

  test("stands in a rule inside a rule", () => {
    const inner = { id: "b", kind: "antigen-test", maxAgeHours: 1, whenUnmeet: "deny" };
    expect(ruleFaults({ kind: "any-of", rules: [inner] })).toEqual([
      'file.yaml: rules[0].rules[0].whenUnmeet: is unknown; did you mean "whenUnmet"? (line 10)',
    ]);
  });
});

describe("fields that do not go together", () => {
  test.each([
    [
      { rules: [{ id: "t", kind: "temperature", maxC: 33, minC: 36 }] },
      "rules[0].maxC: expected at least 36, as minC says",
    ],
    [
      { rules: [{ id: "t", kind: "recovery", maxDays: 10, minDays: 11 }] },
      "rules[0].maxDays: expected at least 11",
    ],
    [
      {
        rules: [
          {
            id: "t",
            kind: "vaccination",
            minDoses: 2,
            minDaysSinceLastDose: 14,
            maxDaysSinceLastDose: 13,
          },
        ],
      },
      "rules[0].maxDaysSinceLastDose: expected at least 14",
    ],
    [
      { issuedAt: "2026-02-01T00:00:00Z", expiresAt: "2026-01-01T00:00:00Z" },
      "expiresAt: expected a moment after the policy was issued",
    ],
    [
      { issuedAt: "2026-02-01T00:00:00Z", issuedAtMs: 5 },
      "issuedAt: expected either this or issuedAtMs",
    ],
    [{ issuedAt: "2026-02-01" }, "issuedAt: expected a moment with its offset"],
  ])("%j", (fields, message) => {
    expect(policyFaults(fields).join("\n")).toContain(message);
  });
});

describe("where a venue is", () => {
  const zoneFaults = (fields: object): string => policyFaults(fields).join("\n");
  const offset = (utcOffsetMinutes: unknown) => ({
    openingHours: { utcOffsetMinutes, spans: ["08:00-20:00"] },
  });

  test.each([
    "Asia/Shanghai",
    "Europe/Vienna",
    "America/Argentina/Buenos_Aires",
    "UTC",
    "Etc/GMT-8",
  ])("%s is taken", (timeZone) => {
    expect(zoneFaults({ timeZone })).toBe("");
  });

  test.each(["China", "CST", "GMT+8", "+08:00", "Asia/Shanghai\n", "", "Asia/Nowhere", 480, null])(
    "%j is refused",
    (timeZone) => {
      expect(zoneFaults({ timeZone })).toContain("timeZone: expected an IANA time zone");
    },
  );

  test.each([480, 0, -210, 345, 840])("%j minutes are taken", (minutes) => {
    expect(zoneFaults(offset(minutes))).toBe("");
  });

  test.each([8, -5, 481, 1])("%j minutes are refused", (minutes) => {
    expect(zoneFaults(offset(minutes))).toContain(
      "openingHours.utcOffsetMinutes: expected minutes in steps of 15, e.g. 480 where clocks are 8",
    );
  });

  test("is not said twice", () => {
    expect(zoneFaults({ timeZone: "Asia/Shanghai", ...offset(480) })).toContain(
      "openingHours.utcOffsetMinutes: expected either this or timeZone",
    );
  });

  test("stays what it was in files that give minutes, or nothing", () => {
    const zone = (fields: object) =>
      zoneOf(parsePolicy(stringify({ id: "a", version: 1, rules: [], ...fields }), "p"));
    expect(zone(offset(60))).toBe(60);
    expect(zone({})).toBe("Asia/Shanghai");
    expect(zone({ timeZone: "Europe/Vienna" })).toBe("Europe/Vienna");
  });
});

describe("a disease", () => {
  const parsed = (disease: unknown) =>
    parsePolicy(stringify({ id: "a", version: 1, rules: [], disease }), "p").disease;

  test.each([
    ["covid-19", "covid-19"],
    ["snomed:840539006", "covid-19"],
    ["icd:RA01.0", "covid-19"],
    ["icd:U07.1", "covid-19"],
    ["snomed:6142004", "snomed:6142004"],
    ["icd:1E32", "icd:1E32"],
  ])("%s is %s", (written, disease) => {
    expect(parsed(written)).toBe(disease);
  });

  test.each(["COVID", "unknown", "other", "6142004", "snomed:flu", "icd:", "", 840539006])(
    "%j is refused",
    (disease) => {
      expect(policyFaults({ disease }).join("\n")).toContain(
        "disease: expected covid-19, or another",
      );
      const rule = { kind: "vaccination", minDoses: 1, disease };
      expect(ruleFaults(rule).join("\n")).toContain("rules[0].disease: expected covid-19");
    },
  );

  test("is not asked of what has none", () => {
    expect(ruleFaults({ kind: "temperature", disease: "covid-19" }).join("\n")).toContain(
      "rules[0].disease: is unknown",
    );
  });
});

describe("a name with control characters", () => {
  test.each(["\u0000", "\u001b[2J", "a\nb", "a\u0085b", "a\u202eb", "a\u2066b", "a\u2028b"])(
    "%j is refused",
    (role) => {
      const message = "expected a text without control characters";
      expect(policyFaults({ alwaysAdmitRoles: [role] }).join("\n")).toContain(
        `alwaysAdmitRoles[0]: ${message}`,
      );
      expect(ruleFaults({ kind: "roster", roles: [role] }).join("\n")).toContain(message);
      const appliesTo = { exceptRoles: [role] };
      expect(ruleFaults({ kind: "code-colour", appliesTo }).join("\n")).toContain(message);
      expect(ruleFaults({ kind: "business-rules", rulesOf: role }).join("\n")).toContain(message);
    },
  );

  test("is taken with letters of any script", () => {
    expect(policyFaults({ alwaysAdmitRoles: ["快递员", "personnel médical", "مراجع"] })).toEqual(
      [],
    );
  });
});

describe("opening hours", () => {
  test.each([
    ["mon-fri 08:00-20:00", { days: [1, 2, 3, 4, 5], fromMinute: 480, untilMinute: 1_200 }],
    ["Sat 22:00 - 06:00", { days: [6], fromMinute: 1_320, untilMinute: 360 }],
    ["daily 00:00-24:00", { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, untilMinute: 1_440 }],
  ])("%s", (written, span) => {
    const text = stringify({ id: "a", version: 1, rules: [], openingHours: { spans: [written] } });
    expect(parsePolicy(text, "p").openingHours?.spans).toEqual([span]);
  });

  test.each([
    "",
    "08:00",
    "mon",
    "mon-fri",
    "24:00-25:00",
    "08:60-09:00",
    "08:00-24:01",
    "mo 08:00-09:00",
    "mon-tue-wed 08:00-09:00",
  ])("%j is refused", (written) => {
    expect(policyFaults({ openingHours: { spans: [written] } }).join("\n")).toContain(
      "openingHours.spans[0]",
    );
  });
});

describe("a unit's file", () => {
  test.each([
    [
      { devices: { gate: { line: 99 } } },
      "devices.gate.line: expected a whole number from 0 to 53",
    ],
    [
      { devices: { gate: { line: 5 }, panel: {} } },
      "devices.panel.red: line 5 is devices.gate.line already",
    ],
    [
      { devices: { contacts: { fire: 17 } } },
      "devices.contacts.fire: line 17 is devices.gate.line already",
    ],
    [
      { devices: { camra: { source: "rpicam" } } },
      'devices.camra: is unknown; did you mean "camera"?',
    ],
    [
      { devices: { camera: { source: "v4l" } } },
      "devices.camera.source: expected one of rpicam, v4l2, command",
    ],
    [
      { devices: { camera: { source: "rpicam", device: "x" } } },
      "devices.camera.device: is unknown",
    ],
    [{ devices: { thermometer: { driver: "mlx90641" } } }, 'did you mean "mlx90614"?'],
    [{ devices: { panel: { driver: "firmta", path: "/dev/ttyACM0" } } }, 'did you mean "firmata"?'],
    [{ devices: { panel: { driver: "firmata" } } }, "devices.panel.path: is missing"],
    [
      { devices: { panel: { driver: "gpio", path: "/dev/ttyACM0" } } },
      "devices.panel.path: is unknown",
    ],
    [{ devices: { panel: { baudRate: 57_600 } } }, "devices.panel.path: is missing"],
    [{ devices: { panel: [5, 6, 13] } }, "devices.panel: invalid input: expected object"],
    [
      { devices: { camera: { driver: "serial-scanner", path: "/dev/ttyACM0" } } },
      "devices.camera.driver: expected camera: a code reader with another driver stands in devices.codeReaders",
    ],
    [
      { devices: { camera: { source: "rpicam" }, codeReaders: [{ source: "v4l2" }] } },
      "devices.camera: stands beside devices.codeReaders: move it into that list",
    ],
    [
      { devices: { cardReader: {}, cardReaders: [{ path: "/dev/ttyUSB1" }] } },
      "devices.cardReader: stands beside devices.cardReaders: move it into that list",
    ],
    [
      { devices: { cardReaders: [{}, { path: "/dev/ttyUSB0" }] } },
      "devices.cardReaders[1].path: port /dev/ttyUSB0 is devices.cardReaders[0].path already",
    ],
    [
      { devices: { codeReaders: [{ source: "rpicam" }, { source: "v4l2" }] } },
      "devices.codeReaders[1]: a unit can have 1 device with driver camera at most",
    ],
    [
      { devices: { cardReaders: [1, 2, 3, 4, 5].map((port) => ({ path: `/dev/ttyUSB${port}` })) } },
      "devices.cardReaders: expected at most 4",
    ],
    [
      { devices: { badgeReaders: [{ driver: "wiegand" }] } },
      "devices.badgeReaders: no driver of a badge reader is known: remove the list",
    ],
    [
      { devices: { cardReaders: [{ path: "/dev/ttyUSB0", poll: 1 }] } },
      'devices.cardReaders[0].poll: is unknown; did you mean "pollMs"?',
    ],
    [{ mqtt: { url: "broker" } }, "mqtt.url: expected e.g. mqtts://broker:8883"],
    [
      { mqtt: { url: "mqtts://b", tls: { cert: "c" } } },
      "mqtt.tls: expected cert and key together, or neither",
    ],
    [{ http: { operatorToken: "short" } }, "http.operatorToken: expected at least 12 characters"],
    [
      {
        devices: {
          thermometer: {
            transform: [20, 10].map((fromAmbientC) => ({ fromAmbientC, offsetK: 1, slopePerK: 0 })),
          },
        },
      },
      "devices.thermometer.transform[1].fromAmbientC: expected more than 20",
    ],
  ])("%j", (fields, message) => {
    expect(unitFaults(fields).join("\n")).toContain(message);
  });

  test("without anything but its names has defaults for all the rest", () => {
    const unit = parseUnitConfig("unitId: u\ndistrict: d\n", "unit.yaml");
    expect(unit).toMatchObject({
      http: { host: "127.0.0.1", port: 8080, allowedHosts: [] },
      decode: { share: 0.15, burst: 135 },
      devices: { gate: { line: 17, maximumMs: 10_000 } },
      store: { retentionDays: 30 },
    });
    expect(unit.http).not.toHaveProperty("operatorToken");
    expect(Object.keys(unit.devices)).toEqual(["gate"]);
  });
});

describe("a text that is no configuration", () => {
  test.each([
    ["empty", ""],
    ["a tab", "a:\n\t- b"],
    ["two keys of one name", "id: a\nid: b"],
    ["two documents", "id: a\n---\nid: b"],
    ["an unresolved alias", "id: *nobody"],
    [
      "an alias bomb",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from("bcdefghij")
        .map(
          (name, index) =>
            `${name}: &${name} [${Array(9)
              .fill(`*${String.fromCharCode(97 + index)}`)
              .join(",")}]`,
        )
        .join("\n")}`,
    ],
    ["endless nesting", "[".repeat(50_000)],
    [
      "endless nesting of rules",
      `id: a\nversion: 1\nrules: ${"[{id: x, kind: any-of, rules: ".repeat(3_000)}`,
    ],
    ["too long", `# ${"x".repeat(1_000_001)}`],
    ["a list", "- a"],
    ["a number", "7"],
    ["keys that are no texts", "? [a]\n: b"],
    ["a prototype", "__proto__: {id: a}\nid: b"],
  ])("%s", (_what, text) => {
    expect(faultsOf(parsePolicy, text)).not.toEqual([]);
    expect(faultsOf(parseUnitConfig, text)).not.toEqual([]);
  });

  test("any of them, as text or as fields", () => {
    const key = fc.constantFrom(
      "id",
      "version",
      "rules",
      "visit",
      "devices",
      "unitId",
      "openingHours",
      "kind",
      "spans",
    );
    const fields = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("node"), { maxLength: 3 }),
        fc.dictionary(fc.oneof(key, fc.string()), tie("node"), { maxKeys: 5 }),
      ),
    })).node;
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fields.map((value) => stringify(value)),
    );
    fc.assert(
      fc.property(text, (each) => {
        faultsOf(parsePolicy, each);
        faultsOf(parseUnitConfig, each);
      }),
    );
  });
});

test("a policy survives being written in the core's own terms and read again", () => {
  const text = stringify({
    id: "a",
    version: 3,
    issuedAt: "2026-01-01T00:00:00+08:00",
    expiresAt: "2026-06-01T00:00:00+08:00",
    openingHours: { spans: ["fri-mon 08:00-20:00"] },
    rules: [
      { id: "t", kind: "any-of", rules: [{ id: "u", kind: "antigen-test", maxAgeHours: 24 }] },
    ],
  });
  const policy = parsePolicy(text, "p");
  expect(policyDocument.parse(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
  expect(policy.issuedAtMs).toBe(Date.UTC(2025, 11, 31, 16));
});
