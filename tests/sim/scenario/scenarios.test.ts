import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBuffer } from "qrcode";
import { beforeAll, describe, expect, it } from "vitest";
import { createInlineEngine } from "../../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../../src/credential/shapes.ts";
import { GALLERY } from "../../../sim/demo/gallery.ts";
import { loadScenario, parseScenario } from "../../../sim/scenario/load.ts";
import { runScenario, type ScenarioResult } from "../../../sim/scenario/run.ts";

const engine = createInlineEngine({ cacheFrames: 4_000, wanted: CREDENTIAL_SHAPES });
beforeAll(() => engine.ready());

const EXAMPLES = "sim/scenarios";

async function play(text: string, seed?: number): Promise<ScenarioResult> {
  return runScenario(await parseScenario(text, "scenario.yaml"), { engine, seed });
}

function failures({ totals }: ScenarioResult): string[] {
  return [...totals.checks.failures, ...totals.expect.failures];
}

describe("the example scenarios", { timeout: 300_000 }, async () => {
  const files = (await readdir(EXAMPLES)).filter((file) => file.endsWith(".yaml"));

  it.each(files)("%s goes as it says", async (file) => {
    const result = await runScenario(await loadScenario(join(EXAMPLES, file)), { engine });
    expect(failures(result)).toEqual([]);
    expect(result.totals.ok).toBe(true);
  });

  it("bring every visitor of the gallery to the door, with the same story", async () => {
    const { fields } = await loadScenario(join(EXAMPLES, "gallery.yaml"));
    expect(fields.visitors.map((visitor) => visitor.id)).toEqual(GALLERY.map(({ id }) => id));
    expect(fields.visitors.map((visitor) => visitor.expect?.outcome)).toEqual(
      GALLERY.map(({ visitor }) => visitor.expect?.outcome),
    );
  });
});

describe("a scenario", { timeout: 120_000 }, () => {
  it("lets nobody wait for the posters that hang in view, and decides about none of them", async () => {
    const result = await play(`
name: posters
unit: { camera: { width: 640, height: 480 } }
timeline:
- at: 1s
  posters: ["https://example.org/venue/12345", "https://pay.example/c?amount=12"]
visitors:
- id: usual
  at: 20s
  shows: { pass: { colour: green, nucleicAcidTest: { sampled: 1h ago } } }
  expect: { outcome: granted }
- id: dark
  at: 60s
  shows: { pass: { colour: green, nucleicAcidTest: { sampled: 1h ago } }, darkMode: true }
  expect: { outcome: granted }
- id: dim
  at: 100s
  shows: { pass: { colour: green, nucleicAcidTest: { sampled: 1h ago } }, brightness: 0.05 }
  expect: { outcome: granted }
`);
    expect(failures(result)).toEqual([]);
    expect(result.totals.denied).toBe(0);
  });

  it("fails when an expectation is missed, and says which", async () => {
    const result = await play(`
name: wrong
visitors:
- id: red
  shows: { pass: { colour: red, nucleicAcidTest: { sampled: 1h ago } } }
  expect: { outcome: granted, reasons: [], gateOpened: true, gateWithinMs: 1000 }
expect: { granted: 1 }
`);
    expect(result.totals.ok).toBe(false);
    expect(result.totals.checks.failures).toEqual([]);
    expect(result.totals.expect.failures).toEqual([
      "red: outcome: expected granted, got denied (code-red)",
      'red: reasons: expected [], got ["code-red"]',
      "red: gateOpened: expected true, got false",
      "red: gateWithinMs: expected 1000, got null",
      "granted: expected 1, got 0",
    ]);
  });

  it("shows an image file as what the camera sees", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scenario-"));
    await writeFile(join(folder, "menu.png"), await toBuffer("https://example.com/menu"));
    await writeFile(
      join(folder, "scenario.yaml"),
      "name: image\nvisitors:\n- shows: { image: menu.png }\n  expect: { outcome: none, visits: 0 }\n",
    );
    const loaded = await loadScenario(join(folder, "scenario.yaml"));
    expect(failures(await runScenario(loaded, { engine }))).toEqual([]);
  });

  it.each([
    ["token: DT1a8f3kQ2mZx7LpV0sT", "referred", "holder-unknown"],
    ["pass: { colour: green, damage: truncated }", "denied", "malformed"],
    ["pass: { colour: green, damage: signature }", "denied", "signature-invalid"],
    ["pass: { colour: green, issuer: forger }", "denied", "issuer-unknown"],
    ["pass: { colour: green, issuer: retired }", "denied", "issuer-expired"],
    ["pass: { nucleicAcidTest: { sampled: 1h ago } }", "referred", "code-colour-missing"],
    ["pass: { colour: green, nucleicAcidTest: { sampled: in 1h } }", "denied", "test-from-future"],
    [
      "pass: { colour: green, nucleicAcidTest: { sampled: 1h ago, result: positive } }",
      "denied",
      "test-positive",
    ],
    ['card: { validTo: "2020-01-01" }', "referred", "card-expired"],
  ])("shows { %s }: %s because %s", async (shows, outcome, reason) => {
    const result = await play(`
name: one
issuers:
  forger: { trusted: false }
  retired: { notAfter: in 30m }
visitors:
- at: 31m
  shows: { ${shows} }
`);
    const [line] = result.visits;
    expect(line?.outcome).toBe(outcome);
    expect(line?.reasons).toContain(reason);
    expect(result.totals.checks.failures).toEqual([]);
  });

  it.each(["01", "59", "81", "95", "00"])(
    "grants whoever meets the rules, whatever nation their card names: %s",
    async (nationCode) => {
      const result = await play(`
name: one
policy: community-pharmacy
people: { a: { name: 王芳, birth: 1990-05-05, sex: female } }
directory:
- { person: a, colour: green, nucleicAcidTests: [{ sampled: 10h ago, reported: 5h ago }] }
visitors:
- person: a
  shows: { card: { of: a, nationCode: "${nationCode}" } }
`);
      expect(result.visits.map(({ outcome }) => outcome)).toEqual(["granted"]);
    },
  );

  it.each(["rejected", "unreadable", "damaged"])(
    "makes no visit of a card that is %s",
    async (readsAs) => {
      const result = await play(
        `name: one\nvisitors:\n- patience: 6\n  shows: { card: { readsAs: ${readsAs} }, holds: 3 }\n`,
      );
      expect(result.visits.map((line) => line.outcome)).toEqual(["none"]);
    },
  );

  it("verifies codes that were issued elsewhere under a given key", async () => {
    const pem =
      "-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\\n-----END PRIVATE KEY-----";
    const result = await play(`
name: given
issuers: { hospital: { key: { pem: "${pem}" } } }
visitors:
- shows: { pass: { issuer: hospital, colour: green, nucleicAcidTest: { sampled: 1h ago } } }
  expect: { outcome: granted, taken: true }
`);
    expect(failures(result)).toEqual([]);
  });

  it("repeats visitors, and lets one push in front of another", async () => {
    const result = await play(`
name: many
visitors:
- id: regular
  at: 5
  repeat: { times: 3, every: 20s }
  shows: { pass: { colour: green, nucleicAcidTest: { sampled: 1h ago } } }
  expect: { outcome: granted, taken: true }
- id: lingers
  at: 70
  shows: []
  expect: { outcome: none }
- id: pushes
  at: 75
  pushesIn: true
  temperatureC: 35.9
  shows: { pass: { colour: green, nucleicAcidTest: { sampled: 1h ago } } }
  expect: { outcome: granted, temperatureC: { min: 35.7, max: 36.1 } }
`);
    expect(failures(result)).toEqual([]);
    expect(result.visits.map((line) => line.visitor)).toEqual([
      "regular-1",
      "regular-2",
      "regular-3",
      "lingers",
      "pushes",
    ]);
  });

  it("names processor times only when a stopwatch is given", async () => {
    const text = "name: a\nvisitors:\n- shows: { pass: { colour: red } }";
    const loaded = await parseScenario(text, "scenario.yaml");
    let now = 0;
    const timed = await runScenario(loaded, { engine, stopwatch: () => now++ });
    expect(timed.visits[0]?.timingsMs).toEqual({ decodeMs: 1, verifyMs: 1, commitMs: 1 });
    const untimed = await runScenario(loaded, { engine });
    expect(untimed.visits[0]).not.toHaveProperty("timingsMs");
  });
});
