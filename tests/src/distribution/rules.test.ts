/** Business rules from the district's folder to the decision at the door, over a real broker. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDataSetContent } from "../../../src/district/cli/data-set-content.ts";
import { UsageError } from "../../../src/cli/support/usage.ts";
import { decide } from "../../../src/core/decision/decide.ts";
import type { Rule } from "../../../src/core/policy/policy.ts";
import { RevocationStore } from "../../../src/credential/trust/revocation.ts";
import { TrustStore } from "../../../src/credential/trust/trust.ts";
import { createCredentialVerifier } from "../../../src/credential/verifier.ts";
import {
  PERSON,
  VACCINATION,
  dccPayload,
  dccText,
  dccTrust,
} from "../credential/formats/eu-dcc/samples.ts";
import { instant, NOW } from "../credential/passes.ts";
import { aPolicy } from "../../support/core.ts";
import { signer, startDistrict, startUnit, type TestUnit } from "../../support/distribution.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { until } from "../../support/until.ts";

const AS_OF_MS = NOW - 86_400_000;
const { id, key, ring } = signer();
let folder: string;
let broker: Mosquitto;
const units: TestUnit[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rules-"));
  broker = await startMosquitto();
});

afterEach(async () => {
  for (const made of units.splice(0)) await made.stop();
  await broker.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** As the member states publish them. */
const rule = (changes: object = {}) => ({
  Identifier: "VR-XX-0001",
  Type: "Acceptance",
  Country: "XX",
  Version: "1.0.0",
  SchemaVersion: "1.0.0",
  Engine: "CERTLOGIC",
  EngineVersion: "0.7.5",
  CertificateType: "Vaccination",
  Description: [{ lang: "en", desc: "known products only" }],
  ValidFrom: "2021-07-01T00:00:00Z",
  ValidTo: "2030-07-01T00:00:00Z",
  AffectedFields: ["v.0.mp"],
  Logic: {
    in: [{ var: "payload.v.0.mp" }, { var: "external.valueSets.vaccines-covid-19-names" }],
  },
  ...changes,
});

/** A value set as published, with what it says of each code. */
const products = (...codes: string[]) => ({
  valueSetId: "vaccines-covid-19-names",
  valueSetDate: "2021-04-27",
  valueSetValues: Object.fromEntries(codes.map((code) => [code, { display: code, active: true }])),
});

function write(name: string, content: unknown): string {
  const file = join(folder, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, JSON.stringify(content));
  utimesSync(file, AS_OF_MS / 1000, AS_OF_MS / 1000);
  return file;
}

async function unit(): Promise<TestUnit> {
  const own = join(folder, "door-1");
  mkdirSync(own, { recursive: true });
  const made = await startUnit({ unitId: "door-1", folder: own, broker: broker.url, ring });
  units.push(made);
  return made;
}

/** What the door decides about a vaccination with the rules the unit has. */
async function atTheDoor({ rules }: TestUnit, product: string, place = "XX") {
  const trust = new TrustStore();
  trust.replace("test", dccTrust());
  const districtKey = new Uint8Array(32);
  const verifier = createCredentialVerifier({
    trust,
    revocation: new RevocationStore(),
    rules,
    districtKey,
    unitKey: districtKey,
  });
  const text = dccText(dccPayload({ ...PERSON, v: [{ ...VACCINATION, mp: product }] }));
  const asked: Rule = {
    id: "entry",
    kind: "business-rules",
    rulesOf: place,
    whenUnmet: "deny",
    whenMissing: "refer",
    whenUnreachable: "refer",
  };
  const result = decide({
    credential: await verifier.code(Buffer.from(text), text, instant(NOW)),
    evidence: [],
    policy: aPolicy({ rules: [asked] }),
    at: instant(NOW),
    mode: "normal",
    usedCodes: [],
    outOfReach: [],
    windowOver: false,
  });
  if (!result.decided) throw new Error("undecided");
  const { outcome, reasons, rules: applied } = result.decision;
  const ageMs = applied.find((each) => "ruleId" in each && each.ruleId === "entry")?.ageMs;
  return { outcome, reasons, ageMs };
}

describe("business rules from the district", () => {
  it("decide at the door, with their age, and still after a restart; a new set replaces the old", async () => {
    const district = startDistrict({ folder: join(folder, "p"), broker: broker.url, id, key });
    try {
      let door = await unit();
      expect(await atTheDoor(door, "EU/1/20/1528")).toMatchObject({
        outcome: "referred",
        reasons: [{ code: "business-rules-open" }],
      });

      write("rules/XX/VR-XX-0001/rule.json", rule());
      write("rules/XX/VR-XX-0001/tests/1.json", { name: "a test", payload: {}, expected: true });
      const sets = write("sets.json", products("EU/1/20/1528"));
      const { files, asOfMs, what } = readDataSetContent("rules", [join(folder, "rules"), sets]);
      expect({ asOfMs, what }).toEqual({ asOfMs: AS_OF_MS, what: "1 rules" });
      await district.publish("rules", files, { version: 1, asOfMs });
      await until("the rules are there", () => door.report("rules").version === 1);
      const granted = { outcome: "granted", reasons: [], ageMs: NOW - AS_OF_MS };
      const denied = {
        outcome: "denied",
        reasons: [{ code: "business-rules-failed", params: { rules: "VR-XX-0001" } }],
      };
      expect(await atTheDoor(door, "EU/1/20/1528")).toEqual(granted);
      expect(await atTheDoor(door, "EU/9/99/9999")).toMatchObject(denied);
      expect(await atTheDoor(door, "EU/1/20/1528", "YY")).toMatchObject({ outcome: "referred" });

      await units.pop()?.stop();
      door = await unit();
      expect(door.report("rules")).toMatchObject({ version: 1, asOfMs: AS_OF_MS });
      expect(await atTheDoor(door, "EU/1/20/1528")).toEqual(granted);

      const other = write("other.json", products("EU/9/99/9999"));
      const next = readDataSetContent("rules", [join(folder, "rules"), other]);
      await district.publish("rules", next.files, { version: 2, asOfMs: NOW });
      await until("the next rules are there", () => door.report("rules").version === 2);
      expect(await atTheDoor(door, "EU/1/20/1528")).toMatchObject(denied);
    } finally {
      await district.stop();
    }
  });

  it("that cannot be understood leave the last good ones, with their date", async () => {
    const district = startDistrict({ folder: join(folder, "p"), broker: broker.url, id, key });
    try {
      const door = await unit();
      const inputs = [
        write("r.json", [rule()]),
        write("s.json", { "vaccines-covid-19-names": ["a"] }),
      ];
      const { files } = readDataSetContent("rules", inputs);
      await district.publish("rules", files, { version: 1, asOfMs: AS_OF_MS });
      await until("the rules are there", () => door.report("rules").version === 1);
      const bad = JSON.stringify([rule(), rule({ Type: "Sometimes" })]);
      await district.publish("rules", [bad], { version: 2 });
      await until("they are refused", () => door.report("rules").error?.version === 2);
      expect(door.report("rules")).toMatchObject({
        version: 1,
        asOfMs: AS_OF_MS,
        error: { reason: "content-invalid" },
      });
      expect(await atTheDoor(door, "a")).toMatchObject({ outcome: "granted" });
    } finally {
      await district.stop();
    }
  });
});

describe("what is published", () => {
  it("says whose rules admit, and can be published again as it is", () => {
    const files = [write("r.json", [rule(), rule({ Identifier: "GR-YY-0001", Country: "YY" })])];
    const first = readDataSetContent("rules", files, { of: ["YY"] });
    const text = Buffer.from(first.files[0] ?? []).toString("utf8");
    expect(JSON.parse(text)).toMatchObject({
      kind: "digital-sentinel-rules",
      asOf: new Date(AS_OF_MS).toISOString(),
      of: ["YY"],
    });
    const kept = write("kept.json", JSON.parse(text));
    utimesSync(kept, NOW / 1000, NOW / 1000);
    expect(readDataSetContent("rules", [kept])).toEqual(first);
  });

  it.each([
    ["a file that is neither rule nor value set", { hello: 1 }, "neither a business rule"],
    ["value sets alone", { codes: ["1"] }, "no business rule"],
    ["a rule without an end", rule({ ValidTo: undefined }), "VR-XX-0001: ValidTo"],
    ["a rule of a type nobody knows", rule({ Type: "Sometimes" }), "VR-XX-0001: Type"],
  ])("is not %s", (_name, content, message) => {
    const file = write("x.json", content);
    expect(() => readDataSetContent("rules", [file])).toThrow(UsageError);
    expect(() => readDataSetContent("rules", [file])).toThrow(message);
  });
});
