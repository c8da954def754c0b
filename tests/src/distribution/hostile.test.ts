import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../../hal/clock.ts";
import type { DataSetKind } from "../../../src/core/data-set.ts";
import { directorySet } from "../../../src/data-sets/directory/lines.ts";
import { blobOf } from "../../../src/district/distributor-folder.ts";
import { CHUNK_BYTES, signManifest, type Manifest } from "../../../src/protocol/manifest.ts";
import { readChunkRequest } from "../../../src/protocol/data-set-reports.ts";
import { type DataSetErrorCode } from "../../../src/protocol/data-set-reports.ts";
import type { MqttConnection } from "../../../src/mqtt/connection.ts";
import { districtTopics, unitTopics } from "../../../src/protocol/topics.ts";
import {
  connectAs,
  DAY_MS,
  DISTRICT,
  signer,
  startUnit,
  trustedClock,
  type TestUnit,
} from "../../support/distribution.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { until } from "../../support/until.ts";

const GOOD_AS_OF_MS = 1_790_000_000_000;
const good = signer();
const stranger = signer();
let folder: string;
let broker: Mosquitto;
let hostile: MqttConnection;
/** What the district answers for a part; by default the part. */
let answer: (bytes: Buffer, sha256: string) => Uint8Array | undefined;
const parts = new Map<string, Buffer>();
const units: TestUnit[] = [];
const topics = unitTopics(DISTRICT, "door-1");

const policy = (version: number, more = ""): Buffer =>
  Buffer.from(`id: town\nversion: ${version}\nrules: []\n${more}`);
/** Longer than one part. */
const longPolicy = (version: number): Buffer =>
  policy(version, `# ${"x".repeat(CHUNK_BYTES * 2)}\n`);

function manifestOf(
  kind: DataSetKind,
  content: Uint8Array,
  change: Partial<Manifest> = {},
): Manifest {
  const bytes = Buffer.from(content);
  const blob = blobOf(bytes);
  blob.parts.forEach((sha256, index) => {
    parts.set(sha256, bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
  });
  return {
    kind,
    version: 2,
    audience: `${DISTRICT}/all`,
    asOfMs: GOOD_AS_OF_MS + DAY_MS,
    issuedAtMs: Date.now(),
    expiresMs: Date.now() + DAY_MS,
    files: [blob],
    deltas: [],
    ...change,
  };
}

const signed = (manifest: Manifest): string => signManifest(manifest, good.id, good.key);

async function publish(kind: DataSetKind, token: string): Promise<void> {
  const topic = districtTopics(DISTRICT).manifest(kind);
  await hostile.publish({ topic, payload: token, qos: 1, retain: true });
}

async function unit(change: Partial<Parameters<typeof startUnit>[0]> = {}): Promise<TestUnit> {
  const own = join(folder, "door-1");
  mkdirSync(own, { recursive: true });
  const made = await startUnit({
    unitId: "door-1",
    folder: own,
    broker: broker.url,
    ring: good.ring,
    ...change,
  });
  units.push(made);
  return made;
}

/** A unit with a first good policy of version 1. */
async function unitWithPolicy(
  change: Partial<Parameters<typeof startUnit>[0]> = {},
): Promise<TestUnit> {
  const made = await unit(change);
  await publish(
    "policy",
    signed(manifestOf("policy", policy(1), { version: 1, asOfMs: GOOD_AS_OF_MS })),
  );
  await until("the first policy is in force", () => made.report("policy").version === 1);
  return made;
}

async function expectRefused(
  made: TestUnit,
  reason: DataSetErrorCode,
  kind: DataSetKind = "policy",
) {
  await until(
    `${reason}, not ${JSON.stringify(made.report(kind))}`,
    () => made.report(kind).error?.reason === reason,
  );
  expect(made.report("policy")).toMatchObject({ version: 1, asOfMs: GOOD_AS_OF_MS });
  expect(made.policies.map(({ version }) => version)).toEqual([1]);
  expect(made.distribution.failures()[kind]?.[reason]).toBeGreaterThan(0);
}

/** A good set of the next version still gets through, and clears the failure. */
async function expectMended(made: TestUnit, version = 9): Promise<void> {
  answer = (bytes) => bytes;
  await publish("policy", signed(manifestOf("policy", policy(version), { version })));
  await until("the next good policy is in force", () => made.report("policy").version === version);
  expect(made.report("policy").error).toBeUndefined();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "distribution-"));
  broker = await startMosquitto();
  answer = (bytes) => bytes;
  parts.clear();
  hostile = await connectAs(broker.url, "hostile");
  hostile.onMessage(({ payload }) => {
    for (const sha256 of readChunkRequest(payload)?.parts ?? []) {
      const bytes = parts.get(sha256);
      const sent = bytes === undefined ? undefined : answer(bytes, sha256);
      if (sent === undefined) continue;
      void hostile.publish({ topic: topics.chunk(sha256), payload: sent, qos: 1 }).catch(() => {});
    }
  });
  await hostile.subscribe([{ filter: topics.request, qos: 1 }]);
});

afterEach(async () => {
  for (const made of units.splice(0)) await made.stop();
  await hostile.close().catch(() => {});
  await broker.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("a manifest changes nothing, and is told, when it", () => {
  const expired = { issuedAtMs: Date.now() - 2 * DAY_MS, expiresMs: Date.now() - 1_000 };
  const cases: [string, DataSetErrorCode, () => string][] = [
    ["is no token", "malformed", () => "hello"],
    [
      "is signed by a stranger under a known name",
      "signature-invalid",
      () => signManifest(manifestOf("policy", policy(2)), good.id, stranger.key),
    ],
    [
      "is signed under an unknown name",
      "key-unknown",
      () => signManifest(manifestOf("policy", policy(2)), "data-2", good.key),
    ],
    [
      "was changed by one character",
      "signature-invalid",
      () => {
        const [head = "", body = "", signature = ""] = signed(
          manifestOf("policy", policy(2)),
        ).split(".");
        const claims = Buffer.from(body, "base64url").toString().replace('"ver":2', '"ver":3');
        return [head, Buffer.from(claims).toString("base64url"), signature].join(".");
      },
    ],
    [
      "is for another unit",
      "wrong-audience",
      () => signed(manifestOf("policy", policy(2), { audience: `${DISTRICT}/door-2` })),
    ],
    [
      "is for another district",
      "wrong-audience",
      () => signed(manifestOf("policy", policy(2), { audience: "huangpu/all" })),
    ],
    ["has expired", "expired", () => signed(manifestOf("policy", policy(2), expired))],
    [
      "is older than what is in force",
      "rolled-back",
      () => signed(manifestOf("policy", policy(2), { version: 1 })),
    ],
    [
      "gives the version in force another content",
      "version-reused",
      () => signed(manifestOf("policy", policy(2), { version: 1 })),
    ],
    [
      "is of another kind than its topic",
      "malformed",
      () => signed(manifestOf("trust", policy(2))),
    ],
    [
      "promises more than a policy may have",
      "too-large",
      () => signed(manifestOf("policy", Buffer.alloc(300_000, "#"))),
    ],
    [
      "promises more files than a policy may have",
      "too-large",
      () => {
        const manifest = manifestOf("policy", policy(2));
        return signed({ ...manifest, files: [...manifest.files, ...manifest.files] });
      },
    ],
    [
      "lists fewer parts than its size needs",
      "malformed",
      () => {
        const manifest = manifestOf("policy", longPolicy(2));
        const [blob] = manifest.files;
        if (blob === undefined) throw new Error("no file");
        return signed({ ...manifest, files: [{ ...blob, parts: blob.parts.slice(1) }] });
      },
    ],
  ];

  it.each(cases.filter(([, fault]) => fault !== "rolled-back"))(
    "%s",
    async (_name, fault, token) => {
      const made = await unitWithPolicy();
      await publish("policy", token());
      await expectRefused(made, fault);
      await expectMended(made);
    },
  );

  it("is an older one, replayed", async () => {
    const made = await unit();
    const older = signed(manifestOf("policy", policy(8), { version: 1 }));
    const newer = { version: 2, asOfMs: GOOD_AS_OF_MS };
    await publish("policy", signed(manifestOf("policy", policy(1), newer)));
    await until("the newer is in force", () => made.report("policy").version === 2);
    await publish("policy", older);
    await until("it is refused", () => made.report("policy").error?.reason === "rolled-back");
    expect(made.report("policy")).toMatchObject(newer);
    await made.stop();
    units.splice(0);
    // The broker still has the older one; the unit has forgotten nothing.
    const again = await unit();
    await until(
      "it is refused again",
      () => again.report("policy").error?.reason === "rolled-back",
    );
    expect(again.policies.map(({ version }) => version)).toEqual([1]);
  });

  it("is signed by a key that may not sign this kind", async () => {
    const made = await unit({ may: (_keyId, kind) => kind === "trust" });
    await publish("policy", signed(manifestOf("policy", policy(1))));
    await until("it is refused", () => made.report("policy").error?.reason === "not-allowed");
    expect(made.policies).toEqual([]);
  });

  it("comes before there is a clock to tell whether it has expired; then it is judged again", async () => {
    let trusted = true;
    const clock: Clock = { ...trustedClock(), wallTrusted: () => trusted };
    const made = await unitWithPolicy({ clock });
    trusted = false;
    await publish("policy", signed(manifestOf("policy", policy(2))));
    await expectRefused(made, "clock-untrusted");
    trusted = true;
    await until("it is taken after all", () => made.report("policy").version === 2);
    expect(made.report("policy").error).toBeUndefined();
  });

  it("is taken back: nothing is said and nothing changes", async () => {
    const made = await unitWithPolicy();
    await publish("policy", "");
    await publish("trust", "hello");
    await until("what came after it was seen", () => made.report("trust").error !== undefined);
    expect(made.report("policy")).toEqual({ version: 1, asOfMs: GOOD_AS_OF_MS });
  });
});

describe("the last good set and its date stay when", () => {
  it.each([
    ["cut short", (bytes: Buffer) => bytes.subarray(0, -1)],
    ["changed", (bytes: Buffer) => Buffer.from(bytes).fill(0x21, 0, 1)],
    ["lengthened", (bytes: Buffer) => Buffer.concat([bytes, Buffer.from("\n")])],
    ["empty", () => Buffer.alloc(0)],
  ])("parts come %s, and the right ones are taken later", async (_name, spoil) => {
    const made = await unitWithPolicy();
    answer = spoil;
    await publish("policy", signed(manifestOf("policy", longPolicy(2))));
    await expectRefused(made, "part-damaged");
    answer = (bytes) => bytes;
    await until("the right parts are taken", () => made.report("policy").version === 2);
    expect(made.policies.map(({ version }) => version)).toEqual([1, 2]);
  });

  it("one part of several is not the one that was asked for", async () => {
    const made = await unitWithPolicy();
    let lies = 3;
    answer = (bytes, sha256) =>
      bytes.length < CHUNK_BYTES || lies-- <= 0 ? bytes : (parts.get(sha256) ?? bytes).subarray(1);
    await publish("policy", signed(manifestOf("policy", longPolicy(2))));
    await until("it comes right in the end", () => made.report("policy").version === 2);
  });

  it("nobody sends the parts", async () => {
    const made = await unitWithPolicy();
    answer = () => undefined;
    await publish("policy", signed(manifestOf("policy", policy(2))));
    await expectRefused(made, "parts-missing");
    await expectMended(made);
  });

  it("nobody sends the parts, until whoever serves is back and names the set again", async () => {
    const waits = { answerMs: 50, retry: { firstMs: 3_600_000, longestMs: 3_600_000 } };
    const made = await unitWithPolicy({ waits });
    answer = () => undefined;
    const token = signed(manifestOf("policy", policy(2)));
    await publish("policy", token);
    await expectRefused(made, "parts-missing");
    answer = (bytes) => bytes;
    await publish("policy", token);
    await until("it is taken at once", () => made.report("policy").version === 2);
  });

  it("a set expires while nobody sends it", async () => {
    const made = await unitWithPolicy();
    answer = () => undefined;
    const soon = { expiresMs: (Math.floor(Date.now() / 1_000) + 2) * 1_000 };
    await publish("policy", signed(manifestOf("policy", policy(2), soon)));
    await expectRefused(made, "parts-missing");
    await until("it is given up", () => made.report("policy").error?.reason === "expired");
    expect(made.report("policy").loading).toBeUndefined();
    await expectMended(made);
  });

  it("the parts are right and do not make the whole", async () => {
    const made = await unitWithPolicy();
    const manifest = manifestOf("policy", policy(2));
    const files = manifest.files.map((blob) => ({ ...blob, sha256: "0".repeat(64) }));
    await publish("policy", signed({ ...manifest, files }));
    await expectRefused(made, "whole-damaged");
    await expectMended(made);
  });

  const half = Buffer.from(
    directorySet(
      [1, 2].map((index) => ({
        entry: {
          pseudonym: `person-${index}-000000000`,
          roles: [],
          nucleicAcidTests: [],
          antigenTests: [],
          asOfMs: 1,
        },
      })),
    ),
  );
  it.each<[string, DataSetKind, Buffer]>([
    ["a policy does not parse", "policy", Buffer.from("id: town\nversion: one\nrules: []\n")],
    ["a trust list does not parse", "trust", Buffer.from('{"keys":[{"kty":"EC"}]}')],
    ["a revocation list is none", "revocation", Buffer.from('{"rids":"all"}')],
    ["a rule book holds a rule that cannot be understood", "rules", damagedRules()],
    ["a rule book holds no rule", "rules", Buffer.from('{"codes":["1"]}')],
    ["a directory ends in the middle of a line", "directory", half.subarray(0, -9)],
    [
      "a directory has a bad line after good ones",
      "directory",
      Buffer.concat([half, Buffer.from("{}\n")]),
    ],
    ["a directory names somebody twice", "directory", Buffer.concat([half, half])],
  ])("%s", async (_name, kind, content) => {
    const made = await unitWithPolicy();
    const before = manifestOf("directory", half, { version: 1, asOfMs: GOOD_AS_OF_MS });
    await publish("directory", signed(before));
    await until("there is a directory", () => made.report("directory").version === 1);
    await publish(kind, signed(manifestOf(kind, content)));
    await expectRefused(made, "content-invalid", kind);
    expect(made.report("directory")).toMatchObject({ version: 1, asOfMs: GOOD_AS_OF_MS });
    expect(made.store.directory.size()).toBe(2);
    expect(made.trust.summary()).toEqual([]);
    expect(made.report(kind).error?.detail).not.toContain("person-");
    if (kind === "policy") await expectMended(made);
  });

  it("a hopeless set is shown again at each connection: it is fetched once", async () => {
    const made = await unitWithPolicy();
    let asked = 0;
    answer = (bytes) => {
      asked += 1;
      return bytes;
    };
    await publish("policy", signed(manifestOf("policy", Buffer.from("id: town"))));
    await expectRefused(made, "content-invalid");
    const before = made.uplink.counters().connections;
    await hostile.close();
    await broker.stop();
    await broker.start();
    hostile = await connectAs(broker.url, "hostile");
    await until("it is back", () => made.uplink.counters().connections > before);
    await publish("policy", signed(manifestOf("policy", Buffer.from("id: town"))));
    await publish("trust", "hello");
    await until("all was seen", () => made.report("trust").error !== undefined);
    expect(asked).toBe(1);
    await expectRefused(made, "content-invalid");
  });

  it("the disk does not take the parts", async () => {
    const made = await unitWithPolicy();
    // A file where the folder of parts should be.
    writeFileSync(join(folder, "door-1", "sets", "policy", "parts"), "");
    await publish("policy", signed(manifestOf("policy", policy(2))));
    await expectRefused(made, "disk");
    rmSync(join(folder, "door-1", "sets", "policy", "parts"));
    await until("it is taken once there is room", () => made.report("policy").version === 2);
  });

  it("what lies on the unit's own disk was changed: it is told, and asked for again", async () => {
    const made = await unitWithPolicy();
    await made.stop();
    units.splice(0);
    const own = join(folder, "door-1", "sets", "policy");
    const [file = ""] = readdirSync(own).filter((name) => name !== "manifest.jws");
    writeFileSync(join(own, file), policy(66));
    await broker.stop();
    const again = await unit();
    expect(again.policies).toEqual([]);
    expect(again.report("policy").error?.reason).toBe("whole-damaged");
    await broker.start();
    hostile = await connectAs(broker.url, "hostile-again");
    await publish("policy", signed(manifestOf("policy", policy(1), { version: 1 })));
    await until("the set is asked for again", () => again.report("policy").loading === 1);
  });
});

/** Beside a good rule one without a date: leaving it out would let in whom it turns away. */
function damagedRules(): Buffer {
  const rule = {
    Identifier: "GR-XX-0001",
    Type: "Acceptance",
    Country: "XX",
    Version: "1.0.0",
    Engine: "CERTLOGIC",
    CertificateType: "General",
    ValidFrom: "2021-07-01T00:00:00Z",
    ValidTo: "2030-07-01T00:00:00Z",
    Logic: true,
  };
  return Buffer.from(JSON.stringify([rule, { ...rule, ValidTo: "for ever" }]));
}
