// Where this checkout is, and the Node that came with its packages.
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Failure } from "./failure.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export const readJson = (...path) => JSON.parse(readFileSync(join(root, ...path), "utf8"));

/** The package that holds Node for this machine. */
export const nodePackage = `node-${process.platform}-${process.arch}`;

const pinned = () => Object.entries(readJson("package.json").optionalDependencies ?? {});

/** Whether there is such a package: there is none for every kind of machine. */
export const isPinned = () => pinned().some(([name]) => name === nodePackage);

/**
 * The Node to run programs with. It is found by the folder of its package: npm 9 takes `.bin/node`
 * away when it leaves out the package of another processor.
 * @throws Failure where there is none
 */
export function pinnedNode() {
  const path = join(root, "node_modules", nodePackage, "bin", "node");
  if (existsSync(path)) return path;
  if (isPinned()) {
    throw new Failure(
      `${path} is missing: npm left out the optional packages, or this user may not read them. Run "npm ci --include=optional" in ${root}.`,
    );
  }
  const [, version = ""] = pinned().find(([name]) => name.startsWith("node-linux-")) ?? [];
  const [wanted, own] = [version, process.versions.node].map((each) => Number.parseInt(each, 10));
  if (own >= wanted) return process.execPath;
  throw new Failure(
    `there is no package with Node for ${process.platform} on ${process.arch}: install Node ${wanted} or newer (this is ${process.versions.node}).`,
  );
}

/** The environment in which `node` is that Node, and the commands of the packages are found. */
export function environment(node) {
  const first = [dirname(node), join(root, "node_modules", ".bin")];
  const rest = (process.env.PATH ?? "").split(delimiter).filter((each) => !first.includes(each));
  return { ...process.env, PATH: [...first, ...rest].join(delimiter) };
}
