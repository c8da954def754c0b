/** A unit laid out by install.sh under a folder, with the packages that `npm ci --omit=dev` leaves. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { build } from "../../deploy/build/unit.ts";

const FILES = ["package.json", "package-lock.json", ".npmrc", "LICENSE", "README.md"];

export class InstalledUnit {
  readonly folder = mkdtempSync(join(tmpdir(), "sentinel-installed-"));
  /** The release that the service runs. */
  readonly release: string;

  constructor() {
    const from = join(this.folder, "from");
    for (const part of ["src", "hal"]) mkdirSync(join(from, part), { recursive: true });
    build(join(from, "dist"));
    cpSync("dist/pages", join(from, "dist/pages"), { recursive: true });
    cpSync("deploy", join(from, "deploy"), { recursive: true });
    for (const name of [...FILES, "CHANGELOG.md"]) copyFileSync(name, join(from, name));
    const root = join(this.folder, "root");
    execFileSync("sh", [join(from, "deploy/install.sh"), "--root", root]);
    const current = join(root, "opt/sentinel/current");
    this.release = resolve(dirname(current), readlinkSync(current));
    linkPackages(join(this.release, "node_modules"));
    rmSync(from, { recursive: true });
  }

  /** Every file and folder below the release, by its path from there. */
  paths(): string[] {
    return readdirSync(this.release, { recursive: true, encoding: "utf8" });
  }

  megabytes(): number {
    const sizes = this.paths().map((path) => lstatSync(join(this.release, path)));
    const files = sizes.filter((status) => status.isFile());
    return files.reduce((sum, { size }) => sum + size, 0) / 1e6;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Entry {
  dev?: boolean;
}

/** The packages of this checkout that are not for development alone, without Node's headers. */
function linkPackages(target: string): void {
  const lock: { packages: Record<string, Entry> } = JSON.parse(
    readFileSync("package-lock.json", "utf8"),
  );
  const entries = Object.entries(lock.packages).filter(([path]) => path !== "");
  const omitted = new Set(entries.filter(([, { dev }]) => dev === true).map(([path]) => path));
  const skipped = new Set([...omitted, ...headersOfNode()]);
  for (const [path] of entries) {
    if (omitted.has(path) || lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
    linkTree(path, join(dirname(target), path), skipped);
  }
}

/** install.sh removes them too. */
const headersOfNode = (): string[] =>
  readdirSync("node_modules")
    .filter((name) => name.startsWith("node-linux-"))
    .map((name) => `node_modules/${name}/include`);

/** Hard links where that can be: hundreds of megabytes need not be copied. */
function linkTree(from: string, to: string, skipped: ReadonlySet<string>): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (skipped.has(source)) continue;
    if (entry.isDirectory()) linkTree(source, target, skipped);
    else if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) continue;
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkOrCopy(source, target);
  }
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}
