import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStoreFile } from "../../../src/store/store.ts";
import { isCertificateValid, type WipeCertificate } from "../../../src/store/offline/wipe.ts";

import { draft } from "../../support/records.ts";

/** Kills the process instead of removing what it was about to remove, the n-th time. */
const killedAt = (removal: number): string =>
  `data:text/javascript,${encodeURIComponent(`
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { rmSync } = fs;
    let left = ${removal};
    fs.rmSync = (...given) => {
      left -= 1;
      if (left === 0) process.kill(process.pid, "SIGKILL");
      return rmSync(...given);
    };
    syncBuiltinESMExports();`)}`;

let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-wipe-"));
  mkdirSync(at("state"));
  const store = openStoreFile({ path: at("state/unit.db"), unitId: "door-1" });
  for (let number = 1; number <= 5; number++) await store.commit(draft(number, "holder-1"));
  await store.close();
  mkdirSync(at("sets/directory"), { recursive: true });
  const written = [
    "sets/directory/chunk",
    "secrets.html",
    "token",
    "token.new",
    "unit.key",
    "state/unit.db.orders",
    "state/staff.token.new",
    "state/unit.db.set-aside-2022-01-01T000000Z",
  ];
  for (const file of written) writeFileSync(at(file), "secret");
  writeFileSync(
    at("unit.yaml"),
    JSON.stringify({
      unitId: "door-1",
      district: "d",
      policy: at("policy.yaml"),
      store: { path: at("state/unit.db") },
      keys: { district: at("district.key"), unit: at("unit.key") },
      http: { screenPage: at("secrets.html"), operatorTokenFile: at("token") },
      data: { keys: at("data-keys.yaml"), folder: at("sets") },
      devices: { gate: { file: at("gate") } },
    }),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

function wipe(imports: readonly string[] = []) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      ...imports,
      "src/cli/main.ts",
      "wipe",
      "--config",
      at("unit.yaml"),
      "--certificate",
      at("wiped.json"),
      "--reason",
      "returned",
      "--yes",
    ],
    { encoding: "utf8" },
  );
  return { status, signal, stdout, stderr };
}

describe("sentinel wipe", () => {
  // The database goes first, then what lies beside it, then the rest, and the marker at the end.
  it.each([1, 4, 8, 12])("is finished after a kill at removal %i", (removal) => {
    expect(wipe(["--import", killedAt(removal)])).toMatchObject({ signal: "SIGKILL" });
    expect(existsSync(at("state/unit.db-wiping"))).toBe(true);
    expect(wipe()).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(at("state"))).toEqual([]);
    expect(readdirSync(folder).toSorted()).toEqual(["state", "unit.yaml", "wiped.json"]);
    const certificate = JSON.parse(readFileSync(at("wiped.json"), "utf8")) as WipeCertificate;
    expect(isCertificateValid(certificate)).toBe(true);
    expect(certificate.statement.head.seq).toBe(5);
    expect(wipe()).toMatchObject({ status: 2 });
  });
});
