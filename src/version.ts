/** Which version this is, and of which release on the disk. */
import { basename, dirname, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** That of package.json. */
export const VERSION = "0.2.0";

/** The folder's name where deploy/install.sh laid the program out, else "checkout". */
export function releaseName(program: string = fileURLToPath(import.meta.url)): string {
  const tree = resolve(dirname(program), "..");
  return basename(dirname(tree)) === "releases" ? basename(tree) : "checkout";
}

/** For people: what `sentinel --version` and `sentinel doctor` print. */
export function describeVersion(): string {
  return `${VERSION} (${releaseName()}, Node ${process.versions.node}, ${process.arch})`;
}
