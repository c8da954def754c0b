import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIssuerKey } from "../../../src/credential/formats/health-pass/health-pass.ts";
import { publicIssuerFile } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import { directorySet } from "../../../src/data-sets/directory/lines.ts";
import { PublishedSets } from "../../../src/district/distributor-folder.ts";
import type { DirectoryRow } from "../../../src/core/evidence/directory.ts";
import { unitTopics } from "../../../src/protocol/topics.ts";
import {
  connectAs,
  DAY_MS,
  DISTRICT,
  signer,
  startDistrict,
  startUnit,
  type TestDistrict,
  type TestUnit,
} from "../../support/distribution.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { until } from "../../support/until.ts";

const { id, key, ring } = signer();
let folder: string;
let broker: Mosquitto;
let district: TestDistrict;
const units: TestUnit[] = [];

const person = (index: number, asOfMs = 1_790_000_000_000): DirectoryRow => ({
  entry: {
    pseudonym: `person-${String(index).padStart(9, "0")}`,
    roles: [],
    colour: "green",
    nucleicAcidTests: [],
    antigenTests: [],
    asOfMs,
  },
  tokenReferences: [`token-reference-${index}`],
});
const people = (count: number, asOfMs?: number): Uint8Array =>
  directorySet(Array.from({ length: count }, (_, index) => person(index, asOfMs)));
const policy = (version: number): string => `id: town\nversion: ${version}\nrules: []\n`;
const list = (...revoked: string[]): string =>
  JSON.stringify({
    kind: "digital-sentinel-revocations",
    namespace: "health-pass",
    asOf: "2026-01-01T00:00:00Z",
    revoked,
  });
const issuers = (seed: number): string => {
  const issuer = createIssuerKey({
    issuer: "trial",
    algorithm: "EdDSA",
    notBeforeMs: 0,
    notAfterMs: Date.now() + DAY_MS,
    seed: new Uint8Array(32).fill(seed),
  });
  return JSON.stringify(publicIssuerFile([issuer], 0));
};

async function unit(unitId: string, change: { bytesPerSecond?: number } = {}): Promise<TestUnit> {
  const own = join(folder, unitId);
  mkdirSync(own, { recursive: true });
  const made = await startUnit({ unitId, folder: own, broker: broker.url, ring, ...change });
  units.push(made);
  return made;
}

const has = (made: TestUnit, kind: Parameters<TestUnit["report"]>[0], version: number) =>
  until(
    `version ${version} of ${kind}, now ${JSON.stringify(made.report(kind))}`,
    () => made.report(kind).version === version,
  );

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "distribution-"));
  broker = await startMosquitto();
  district = startDistrict({ folder: join(folder, "published"), broker: broker.url, id, key });
});

afterEach(async () => {
  for (const made of units.splice(0)) await made.stop();
  await district.stop();
  await broker.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("data from the district", () => {
  it("reaches every unit it is for, each kind with its date, and stands again after a restart", async () => {
    const asOfMs = 1_790_000_000_000;
    let one = await unit("door-1");
    const two = await unit("door-2");
    await district.publish("policy", [policy(7)], { version: 1, asOfMs });
    await district.publish("trust", [issuers(1), issuers(2)], { version: 2, asOfMs });
    await district.publish("revocation", [list("0000000000000001")], { version: 3, asOfMs });
    await district.publish("directory", [people(1_000)], { version: 4, asOfMs });
    const check = async (made: TestUnit): Promise<void> => {
      await has(made, "policy", 1);
      await has(made, "trust", 2);
      await has(made, "revocation", 3);
      await has(made, "directory", 4);
      expect(made.policies.map(({ version }) => version)).toEqual([7]);
      expect(made.trust.asOfMs()).toBe(asOfMs);
      expect(made.trust.summary().reduce((sum, { keys }) => sum + keys, 0)).toBe(2);
      expect(made.revocation.asOfMs("health-pass")).toBe(asOfMs);
      expect(made.revocation.find("health-pass", "0000000000000001")?.verdict).toBe("revoked");
      expect(made.store.directory.size()).toBe(1_000);
      const found = await made.store.directory.lookup({ tokenReference: "token-reference-999" });
      expect(found).toMatchObject({ entry: person(999).entry, directoryAsOfMs: asOfMs });
    };
    await Promise.all([check(one), check(two)]);
    await one.stop();
    units.splice(units.indexOf(one), 1);
    await broker.stop();
    one = await unit("door-1");
    await check(one);
    expect(one.distribution.failures()).toEqual({});
  });

  it("tells the district which unit has what", async () => {
    await unit("door-1");
    await unit("door-2");
    await district.publish("policy", [policy(2)], { units: ["door-2"], version: 5 });
    const versions = (): (number | undefined)[] =>
      ["door-1", "door-2"].map(
        (name) => district.distributor.units().get(name)?.sets.policy?.version,
      );
    await until("door-2 reports it", () => versions()[1] === 5);
    expect(versions()).toEqual([undefined, 5]);
  });

  it("goes by the newest word, whether it was said to all or to one", async () => {
    const one = await unit("door-1");
    await district.publish("policy", [policy(1)], { version: 1 });
    await district.publish("policy", [policy(2)], { units: ["door-1"], version: 2 });
    await has(one, "policy", 2);
    await one.stop();
    units.splice(0);
    // The older word to all is still on the broker; it is no attack.
    const again = await unit("door-1");
    await until("it is connected", () => again.uplink.online());
    await district.publish("trust", [issuers(1)]);
    await until("it has the trust list", () => again.report("trust").version !== undefined);
    expect(again.report("policy")).toMatchObject({ version: 2 });
    expect(again.distribution.failures()).toEqual({});
    await district.publish("policy", [policy(3)], { version: 3 });
    await has(again, "policy", 3);
  });

  it("fetches a file only when it is new", async () => {
    const one = await unit("door-1");
    const large = new Uint8Array(
      Buffer.from(list(...Array.from({ length: 9_000 }, (_, n) => `${n}`.padStart(16, "0")))),
    );
    await district.publish("revocation", [large, list("a")], { version: 1 });
    await has(one, "revocation", 1);
    await district.publish("revocation", [large, list("a", "b")], { version: 2 });
    await has(one, "revocation", 2);
    expect(district.distributor.counters().parts).toBe(1);
    expect(one.revocation.find("health-pass", "b")?.verdict).toBe("revoked");
  });
});

describe("whoever serves", () => {
  it("serves what another process publishes into the same folder", async () => {
    const one = await unit("door-1");
    await until("the server is there", () => district.distributor.online());
    new PublishedSets(join(folder, "published")).add({
      kind: "policy",
      files: [Buffer.from(policy(4))],
      audiences: ["pudong/all"],
      asOfMs: 1_000,
      nowMs: Date.now(),
      expiresMs: Date.now() + DAY_MS,
      keyId: id,
      key,
      version: 4,
    });
    await has(one, "policy", 4);
  });

  it("answers nothing that is no request, and no part that nobody published", async () => {
    const stranger = await connectAs(broker.url, "stranger");
    await until("the server is there", () => district.distributor.online());
    const topic = unitTopics(DISTRICT, "door-9").request;
    const parts = Array.from({ length: 3 }, (_, index) => `${index}`.repeat(64));
    const requests = [
      "",
      "{}",
      "[1]",
      JSON.stringify({ kind: "policy", version: 1, parts: ["../../etc/passwd"] }),
      JSON.stringify({ kind: "policy", version: 1, parts: Array(40).fill("0".repeat(64)) }),
      JSON.stringify({ kind: "policy", version: 1, parts }),
    ];
    for (const payload of requests) await stranger.publish({ topic, payload, qos: 1 });
    await until("all are counted", () => district.distributor.counters().requests === 6);
    await until("and refused", () => district.distributor.counters().refused === 5 + 3);
    expect(district.distributor.counters()).toMatchObject({ parts: 0, bytes: 0 });
    await stranger.close();
  });
});

describe("a delta", () => {
  it("is all that is fetched of a directory that changed a little", async () => {
    const one = await unit("door-1");
    await district.publish("directory", [people(5_000)], { version: 1 });
    await has(one, "directory", 1);
    const rows = Array.from({ length: 5_000 }, (_, index) => person(index)).filter(
      (_, index) => index % 1_000 !== 3,
    );
    const changed = [...rows, person(7_000), person(9_999)].map((row) =>
      row.entry.pseudonym.endsWith("17") ? person(Number(row.entry.pseudonym.slice(7)), 5) : row,
    );
    await district.publish("directory", [directorySet(changed)], { version: 2, asOfMs: 99_000 });
    await has(one, "directory", 2);
    expect(district.distributor.counters()).toMatchObject({ parts: 1 });
    expect(await rowsOf(one)).toEqual(changed.sort(byPseudonym));
    expect(one.store.directory.asOf()).toBe(99_000);
  });

  it("is staged where it is long, and leads from several versions back", async () => {
    const one = await unit("door-1");
    await district.publish("directory", [people(9_000)], { version: 1 });
    await has(one, "directory", 1);
    await one.stop();
    units.splice(0);
    for (const version of [2, 3]) {
      const rows = Array.from({ length: 9_000 }, (_, index) =>
        person(index, index % 10 === version ? 1 : undefined),
      );
      await district.publish("directory", [directorySet(rows)], { version });
    }
    const again = await unit("door-1");
    await has(again, "directory", 3);
    const whole = district.sets.manifests()[0]?.manifest.files[0]?.parts.length ?? 0;
    expect(district.distributor.counters().parts).toBeLessThan(whole / 2);
    expect((await rowsOf(again)).filter(({ entry }) => entry.asOfMs === 1)).toHaveLength(900);
  });

  it("is one empty line where only the date is new", async () => {
    const one = await unit("door-1");
    await district.publish("directory", [people(1_000)], { version: 1, asOfMs: 1_000 });
    await has(one, "directory", 1);
    await district.publish("directory", [people(1_000)], { version: 2, asOfMs: 2_000 });
    await has(one, "directory", 2);
    expect(one.store.directory.asOf()).toBe(2_000);
    expect(district.distributor.counters()).toMatchObject({ parts: 1, bytes: 1 });
  });

  it("that does not lead to the whole gives way to the whole", async () => {
    const one = await unit("door-1");
    await district.publish("directory", [people(2_000)], { version: 1 });
    await has(one, "directory", 1);
    // Somebody changed the unit's directory by hand.
    await one.store.directory.apply({ put: [person(77_777)], asOfMs: 1, version: 1 });
    await district.publish("directory", [people(2_001)], { version: 2 });
    await has(one, "directory", 2);
    expect(one.store.directory.size()).toBe(2_001);
    expect(one.distribution.failures()).toEqual({ directory: { "whole-damaged": 1 } });
    expect(one.report("directory").error).toBeUndefined();
  });

  it("is passed over by a unit that has none of its beginnings", async () => {
    await district.publish("directory", [people(2_000)], { version: 1 });
    await district.publish("directory", [people(2_001)], { version: 2 });
    const one = await unit("door-1");
    await has(one, "directory", 2);
    expect(one.store.directory.size()).toBe(2_001);
  });
});

const byPseudonym = (a: DirectoryRow, b: DirectoryRow): number =>
  a.entry.pseudonym < b.entry.pseudonym ? -1 : 1;

async function rowsOf(made: TestUnit): Promise<DirectoryRow[]> {
  return await made.store.directory.page("", 100_000);
}
