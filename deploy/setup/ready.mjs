// Makes a checkout ready for a purpose: packages, pages, and the programs Debian brings. Where
// nothing is missing nothing is written, so a checkout of another user is as good as one's own.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { installDebianPackages, missingFor } from "./debian.mjs";
import { Failure } from "./failure.mjs";
import { locked } from "./lock.mjs";
import { areNativeModulesBuilt, buildNativeModules } from "./native.mjs";
import { areInstalled, installPackages } from "./packages.mjs";
import { areBuilt, buildPages } from "./pages.mjs";
import { root } from "./tree.mjs";

/** Purposes that use the device side of a real kernel. */
const NATIVE = ["hil"];

/** What root makes in the checkout of another user is that user's, who may have to change it. */
function leaveToOwner() {
  const { uid, gid } = statSync(root);
  if (process.getuid?.() !== 0 || uid === 0) return;
  const made = ["node_modules", "dist"].map((name) => join(root, name));
  spawnSync("chown", ["-hR", `${uid}:${gid}`, ...made], { stdio: "inherit" });
}

/** @throws Failure with what a person has to do */
export async function ready(purpose) {
  if (purpose === "arm64" && process.arch === "arm64") {
    throw new Failure("this processor is an ARM64: run npm test, there is nothing to emulate.");
  }
  // First, because the check is quick, and a person may have to ask an administrator.
  const packages = missingFor(purpose);
  if (packages.length > 0) await installDebianPackages(packages);
  const steps = [
    { isDone: areInstalled, work: installPackages },
    { isDone: areBuilt, work: buildPages },
  ];
  if (NATIVE.includes(purpose)) {
    steps.push({ isDone: areNativeModulesBuilt, work: buildNativeModules });
  }
  if (steps.every(({ isDone }) => isDone())) return;
  await locked(join(root, ".installing"), async () => {
    for (const { isDone, work } of steps) if (!isDone()) await work();
    leaveToOwner();
  });
}
