/** A unit's file that is not there, or wrong: each verb says which, and what to do. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { databaseOf } from "../../../src/cli/support/database.ts";
import { readUnitFile } from "../../../src/cli/support/unit-file.ts";

const folder = mkdtempSync(join(tmpdir(), "sentinel-unit-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("says that the file is not there, and how another is named", () => {
  const file = join(folder, "none.yaml");
  const said = `${file} is not there: name the unit's configuration with --config FILE`;
  expect(() => readUnitFile(file)).toThrow(said);
  expect(() => databaseOf({ config: file })).toThrow(said);
});

it("says of a faulty file what is wrong, and where, as wrong usage", () => {
  const file = join(folder, "faulty.yaml");
  writeFileSync(file, "unitId: a\ndistrict: b\nstores: {}\n");
  expect(() => databaseOf({ config: file })).toThrow(
    expect.objectContaining({ name: "UsageError", message: expect.stringMatching(/line 3/) }),
  );
});
