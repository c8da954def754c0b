/** A check reads files, and refuses at once what it could wait for without end. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readRegularFile } from "../../../../src/cli/doctor/regular-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doctor-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("a file is read", async () => {
  writeFileSync(join(folder, "key"), "abc\n");
  expect(await readRegularFile(join(folder, "key"))).toBe("abc\n");
});

it("a named pipe without a writer is refused instead of waited for", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(readRegularFile(pipe)).rejects.toThrow(`${pipe} is not a regular file`);
});

it("a folder is refused by its name", async () => {
  await expect(readRegularFile(folder)).rejects.toThrow("is not a regular file");
});

it("a file that is missing keeps the system's own error", async () => {
  await expect(readRegularFile(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
});
