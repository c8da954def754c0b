import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PublishedSets, type NewSet } from "../../../src/district/distributor-folder.ts";
import { openManifest, CHUNK_BYTES } from "../../../src/protocol/manifest.ts";
import { signer } from "../../support/distribution.ts";

const { id, key, ring } = signer();
const NOW_MS = 1_790_000_000_000;
let folder: string;

const set = (content: string | Buffer, change: Partial<NewSet> = {}): NewSet => ({
  kind: "trust",
  files: [Buffer.from(content)],
  audiences: ["pudong/all"],
  asOfMs: NOW_MS,
  nowMs: NOW_MS,
  expiresMs: NOW_MS + 1_000,
  keyId: id,
  key,
  ...change,
});
const files = (): number => readdirSync(join(folder, "files")).length;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "published-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("what a district has published", () => {
  it("is signed, and every part of it is there", () => {
    const sets = new PublishedSets(folder);
    const content = Buffer.alloc(CHUNK_BYTES * 2 + 7, "content");
    const [published] = sets.add(set(content));
    const opened = openManifest(Buffer.from(published?.token ?? ""), ring);
    expect(opened).toEqual({ keyId: id, manifest: published?.manifest });
    const parts = published?.manifest.files[0]?.parts ?? [];
    expect(Buffer.concat(parts.map((part) => sets.part(part) ?? Buffer.alloc(0)))).toEqual(content);
    expect(sets.part("0".repeat(64))).toBeUndefined();
  });

  it("has the time in seconds as its version, or one more than the last", () => {
    const sets = new PublishedSets(folder);
    const versions = [NOW_MS, NOW_MS, NOW_MS - 60_000, NOW_MS + 9_000].map(
      (nowMs) => sets.add(set("x", { nowMs }))[0]?.manifest.version,
    );
    const second = NOW_MS / 1_000;
    expect(versions).toEqual([second, second + 1, second + 2, second + 9]);
    const again = new PublishedSets(folder);
    expect(() => again.add(set("x", { version: second + 9 }))).toThrow(/not above/);
    expect(again.add(set("x", { version: second + 10 }))).toHaveLength(1);
  });

  it("is kept for each unit until something is published for all", () => {
    const sets = new PublishedSets(folder);
    const audiences = (): string[] => sets.manifests().map(({ audience }) => audience);
    sets.add(set("1", { audiences: ["pudong/door-1", "pudong/door-2"] }));
    sets.add(set("2", { audiences: ["pudong/door-2"] }));
    expect(audiences()).toEqual(["pudong/door-1", "pudong/door-2"]);
    sets.add(set("3"));
    expect(audiences()).toEqual(["pudong/all"]);
  });

  it("carries worthwhile deltas from the last four versions, and throws older files away", () => {
    const sets = new PublishedSets(folder);
    const delta = (base: Uint8Array): Uint8Array => Buffer.from(`from ${base.length}`);
    for (let version = 1; version <= 7; version++) {
      sets.add(set("y".repeat(100 + version), { version, delta }));
    }
    const bases = sets.manifests()[0]?.manifest.deltas.map(({ base }) => base);
    expect(bases).toEqual([6, 5, 4, 3]);
    // Five whole sets and four deltas.
    expect(files()).toBe(9);
    sets.add(set("z".repeat(108), { version: 8, delta: () => Buffer.alloc(40) }));
    expect(sets.manifests()[0]?.manifest.deltas).toEqual([]);
  });

  it("never promises more parts than a manifest may have", () => {
    const sets = new PublishedSets(folder);
    const large = (fill: string): Buffer => Buffer.alloc(CHUNK_BYTES * 2_450, fill);
    sets.add(set(large("a"), { version: 1 }));
    const delta = (): Uint8Array => Buffer.alloc(CHUNK_BYTES * 100, "d");
    const [published] = sets.add(set(large("b"), { version: 2, delta }));
    expect(published?.manifest.deltas).toEqual([]);
    expect(() => sets.add(set(Buffer.alloc(CHUNK_BYTES * 2_501), { version: 3 }))).toThrow(
      /does not fit/,
    );
    expect(sets.manifests()[0]?.manifest.version).toBe(2);
  });

  it("is seen by whoever serves the same folder", () => {
    const serving = new PublishedSets(folder);
    expect(serving.refresh()).toBe(false);
    const [published] = new PublishedSets(folder).add(set("new"));
    const part = published?.manifest.files[0]?.parts[0] ?? "";
    expect(serving.part(part)).toBeUndefined();
    expect(serving.refresh()).toBe(true);
    expect(Buffer.from(serving.part(part) ?? []).toString()).toBe("new");
    expect(serving.refresh()).toBe(false);
  });

  it("is not guessed at where its book is damaged: old versions would be given again", () => {
    writeFileSync(join(folder, "trust.json"), '{"version":');
    expect(() => new PublishedSets(folder)).toThrow(/trust\.json cannot be read/);
  });
});
