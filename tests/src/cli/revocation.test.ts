import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { revocationCommand } from "../../../src/cli/revocation.ts";
import { readRevocationFile } from "../../../src/credential/trust/revocation-files.ts";
import { RevocationStore } from "../../../src/credential/trust/revocation.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const serial = (number: number): string => number.toString(16).padStart(16, "0");
const serials = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => serial(from + index));

async function build(...args: string[]): Promise<Record<string, unknown>> {
  const printed: string[] = [];
  const command = revocationCommand((line) => printed.push(line)).exitOverride();
  const usual = ["--namespace", "health-pass", "--out", at("out.bloom"), "--json"];
  await command.parseAsync(["build", ...args, ...usual], { from: "user" });
  return JSON.parse(printed[0] ?? "{}") as Record<string, unknown>;
}

function storeOf(...files: string[]): RevocationStore {
  const store = new RevocationStore();
  store.replaceAll(
    files.map((file) => [file, readRevocationFile(readFileSync(at(file)), 0)] as const),
  );
  return store;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "revocation-"));
  writeFileSync(at("one.txt"), `${serials(0, 3_000).join("\n")}\n\n`);
  // Lines as another system ends them, and no end at the last.
  writeFileSync(at("two.txt"), serials(3_000, 5_000).join("\r\n"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("sentinel revocation build", () => {
  it("makes a filter that has every number of every list, and reports it", async () => {
    const asOf = "2026-05-01T00:00:00.000Z";
    const report = await build("--from", at("one.txt"), "--from", at("two.txt"), "--as-of", asOf);
    const bytes = readFileSync(at("out.bloom")).length;
    expect(report).toMatchObject({ namespace: "health-pass", asOf, entries: 5_000, bytes });
    expect(report["falsePositiveRate"]).toBeCloseTo(0.001, 4);
    const store = storeOf("out.bloom");
    const verdicts = new Set(
      serials(0, 5_000).map((each) => store.find("health-pass", each)?.verdict),
    );
    expect(verdicts).toEqual(new Set(["possibly-revoked"]));
    expect(store.asOfMs("health-pass")).toBe(Date.parse(asOf));
  });

  it("takes the rate it is asked for", async () => {
    const report = await build("--from", at("one.txt"), "--rate", "0.00001");
    expect(report["falsePositiveRate"]).toBeCloseTo(0.00001, 6);
  });

  it("clears every issued number that the filter hits wrongly, and nobody else", async () => {
    const issued = serials(0, 60_000);
    writeFileSync(at("issued.txt"), issued.join("\n"));
    const from = ["--from", at("one.txt"), "--from", at("two.txt"), "--rate", "0.01"];
    const report = await build(
      ...from,
      "--issued",
      at("issued.txt"),
      "--cleared",
      at("cleared.json"),
    );
    expect(report).toMatchObject({ issued: 60_000 });
    expect(report["cleared"]).toBeGreaterThan(100);
    const alone = storeOf("out.bloom");
    const both = storeOf("out.bloom", "cleared.json");
    const hit = (store: RevocationStore): number =>
      issued.filter((each) => store.find("health-pass", each) !== undefined).length;
    expect(hit(alone)).toBe(5_000 + Number(report["cleared"]));
    expect(hit(both)).toBe(5_000);
  });

  it("reads lists in JSON, and of them only what is revoked", async () => {
    const list = {
      kind: "digital-sentinel-revocations",
      namespace: "health-pass",
      asOf: "2026-01-01T00:00:00Z",
      revoked: [serial(1)],
      superseded: [serial(2)],
    };
    writeFileSync(at("list.json"), JSON.stringify(list));
    expect(await build("--from", at("list.json"))).toMatchObject({ entries: 1 });
  });

  it.each([
    ["a list of other numbers", ["--from", "other.json"], /smart-health-card numbers/],
    ["a list that is not there", ["--from", "nowhere.txt"], /nowhere\.txt/],
    [
      "issued numbers without a place for the cleared",
      ["--from", "one.txt", "--issued", "two.txt"],
      /belong together/,
    ],
    ["a moment that is none", ["--from", "one.txt", "--as-of", "yesterday"], /--as-of/],
  ])("refuses %s", async (_name, args, words) => {
    const other = { kid: "k", method: "rid", ctr: 1, rids: ["abc"] };
    writeFileSync(at("other.json"), JSON.stringify(other));
    const full = args.map((each) => (/\.(txt|json)$/.test(each) ? at(each) : each));
    await expect(build(...full)).rejects.toThrow(words);
  });
});
