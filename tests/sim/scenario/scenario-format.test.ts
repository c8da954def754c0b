import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FAULT_KINDS } from "../../../sim/faults/kinds.ts";
import { loadScenario, parseScenario } from "../../../sim/scenario/load.ts";
import { ScenarioError } from "../../../sim/scenario/problems.ts";
import { durationMs, momentMs } from "../../../sim/scenario/values.ts";
import { SCHEMA_FILE, scenarioSchemaText } from "../../../docs/generate/scenario/schema-file.ts";

async function complaint(text: string): Promise<string> {
  const error: unknown = await parseScenario(text, "scenario.yaml").then(
    () => new Error("nothing was wrong"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ScenarioError);
  return error instanceof Error ? error.message : "";
}

describe("a scenario file", () => {
  it("needs only a name", async () => {
    const { fields, policy } = await parseScenario("name: empty", "scenario.yaml");
    expect(fields.visitors).toEqual([]);
    expect(policy.id).toBe("community-pharmacy");
  });

  it.each([
    ["visitors: []", "scenario.yaml: name: is missing"],
    ["name: [", "scenario.yaml: is not YAML"],
    ["name: a\nvisitor: []", "scenario.yaml: visitor: is unknown"],
    [
      "name: a\nvisitors:\n- {}\n- {}\n- shows: { pass: { colour: blue } }",
      "scenario.yaml: visitors[2].shows.pass.colour: ",
    ],
    [
      "name: a\nvisitors:\n- shows:\n  - pass: {}\n  - card: { type: library }",
      "scenario.yaml: visitors[0].shows[1].card.type: ",
    ],
    [
      "name: a\nvisitors:\n- shows: { pass: {}, card: own }",
      "scenario.yaml: visitors[0].shows: shows exactly one of pass, token, code, codeBase64, image, card; here pass and card",
    ],
    [
      "name: a\nunit: { devices: { thermometer: { adress: 90 } } }",
      "scenario.yaml: unit.devices.thermometer",
    ],
    [
      "name: a\nunit: { devices: { codeReaders: [{ driver: crystal-ball }] } }",
      "scenario.yaml: unit.devices.codeReaders[0].driver",
    ],
    ["name: a\nvisitors:\n- shows: { on: phone }", "visitors[0].shows: shows exactly one of"],
    ["name: a\nvisitors:\n- at: soon", "visitors[0].at: "],
    ...["2022-13-01", "1990-00-10", "2022-12-32", "2022-02-30", "0000-00-00", "9999-99-99"].map(
      (birth): [string, string] => [
        `name: a\nvisitors:\n- shows: { card: { validFrom: ${birth} } }`,
        "visitors[0].shows.card.validFrom: there is no such day (line 3)",
      ],
    ),
    [
      "name: a\nvisitors:\n- shows: { card: { validFrom: 3 March } }",
      'visitors[0].shows.card.validFrom: not a day: write e.g. "1948-03-02" (line 3)',
    ],
    [
      "name: a\nstartsAt: 2022-02-30T09:00:00+08:00",
      'startsAt: not a moment: write e.g. "2022-04-26T08:00:00+08:00"',
    ],
    [
      "name: a\nvisitors:\n- shows: { pass: { nucleicAcidTest: { sampled: yesterday } } }",
      'visitors[0].shows.pass.nucleicAcidTest.sampled: not a moment: write e.g. "2022-04-26T08:00:00+08:00"',
    ],
    ["name: a\nvisitors:\n- shows: { pass: p1 }", 'visitors[0].shows.pass: there is no pass "p1"'],
    [
      "name: a\nvisitors:\n- shows: { pass: { issuer: moon } }",
      'visitors[0].shows.pass.issuer: there is no issuer "moon"',
    ],
    ["name: a\nvisitors:\n- id: x\n- id: x", 'visitors[1].id: visitors[0] already has the id "x"'],
    ["name: a\nrevoked: [p1]", 'revoked[0]: "p1" is neither a name in passes nor a serial'],
    ["name: a\ntimeline:\n- at: 3", 'timeline[0]: takes exactly one action beside "at"; here none'],
    ["name: a\ntimeline:\n- { at: 3, fault: plague }", "timeline[0].fault: "],
    ["name: a\nvisitors:\n- expect: { outcome: maybe }", "visitors[0].expect.outcome: "],
    ["name: a\nvisitors:\n- expect: { reasons: [code-blue] }", "visitors[0].expect.reasons[0]: "],
    ["name: a\nvisitors:\n- shows: { image: nowhere.png }", "visitors[0].shows.image: ENOENT"],
    ["name: a\nissuers: { x: { key: { pem: nonsense } } }", "scenario.yaml: issuers.x.key: "],
    ["name: a\ntrust: [nowhere.pem]", "trust[0]: ENOENT"],
    ["name: a\npolicy: { id: x }", "scenario.yaml: policy.version: is missing"],
    ["name: a\npolicy: { base: community-pharmacy, rules: 5 }", "policy.rules: "],
    [
      "name: a\npolicy: { base: community-pharmacy, ruleChanges: { hats: { whenUnmet: deny } } }",
      'policy.ruleChanges.hats: there is no rule "hats" in the base',
    ],
    ["name: a\npolicy: nowhere.yaml", "scenario.yaml: policy: ENOENT"],
  ])("that says %j is refused with the path to the fault", async (text, expected) => {
    expect(await complaint(text)).toContain(expected);
  });

  it("tells the line of each fault, and all of them at once", async () => {
    const told = await complaint("name: a\nvisitors:\n- temperatureC: hot\n- patience: never\n");
    expect(told).toMatch(/visitors\[0\]\.temperatureC: .*\(line 3\)/);
    expect(told).toMatch(/visitors\[1\]\.patience: .*\(line 4\)/);
  });

  it("is refused when it is not there, or no picture stands where one should", async () => {
    await expect(loadScenario("/nowhere/x.yaml")).rejects.toThrow(
      "/nowhere/x.yaml: cannot be read",
    );
    const folder = await mkdtemp(join(tmpdir(), "scenario-"));
    await writeFile(join(folder, "note.png"), "not a picture");
    const file = join(folder, "scenario.yaml");
    await writeFile(file, "name: a\nvisitors:\n- shows: [{ image: note.png }]");
    await expect(loadScenario(file)).rejects.toThrow(
      "visitors[0].shows[0].image: not a PNG, JPEG, WebP or GIF file",
    );
  });

  it("can change single rules of a policy by their id", async () => {
    const { policy } = await parseScenario(
      "name: a\npolicy: { base: community-pharmacy, ruleChanges: { temperature: { maxC: 37 }, colour: null }, visit: { releaseMs: 2000 } }",
      "scenario.yaml",
    );
    expect(policy.rules.map((rule) => rule.id)).toEqual(["nucleic-acid-48h", "temperature"]);
    expect(policy.rules.at(-1)).toMatchObject({ maxC: 37, minC: 34 });
    expect(policy.visit).toMatchObject({ releaseMs: 2_000, windowMs: 20_000 });
  });
});

describe("times in a scenario", () => {
  it.each([
    [90, 90_000],
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1.5m", 90_000],
    ["2d", 172_800_000],
  ])("%j lasts %i ms", (written, expected) => {
    expect(durationMs(written)).toBe(expected);
  });

  it.each([
    ["now", 1_000_000],
    ["10s ago", 990_000],
    ["in 10s", 1_010_000],
    ["1970-01-01T00:00:05Z", 5_000],
  ])("%j is the moment %i", (written, expected) => {
    expect(momentMs(written, 1_000_000)).toBe(expected);
  });
});

describe("the published format", () => {
  it(`stands in ${SCHEMA_FILE} as it is; write it again with "node docs/generate/scenario/write.ts"`, async () => {
    const published: unknown = JSON.parse(await readFile(SCHEMA_FILE, "utf8"));
    expect(published).toEqual(JSON.parse(scenarioSchemaText()));
  });

  it("is described field by field and fault by fault in docs/developers/scenarios.md", async () => {
    const text = await readFile("docs/developers/scenarios.md", "utf8");
    const schema = JSON.parse(scenarioSchemaText()) as unknown;
    const undescribed = [...propertyNames(schema)].filter((name) => !text.includes(`\`${name}`));
    expect(undescribed).toEqual([]);
    expect(FAULT_KINDS.filter((kind) => !text.includes(`\`${kind}\``))).toEqual([]);
  });
});

/** Every name that can stand in a scenario. */
function propertyNames(schema: unknown, found = new Set<string>()): Set<string> {
  if (schema === null || typeof schema !== "object") return found;
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") for (const name of Object.keys(value as object)) found.add(name);
    propertyNames(value, found);
  }
  return found;
}
