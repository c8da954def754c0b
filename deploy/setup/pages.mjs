// Builds the pages where their sources have changed since.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { endLike, run } from "./child.mjs";
import { Failure, mayNotWrite } from "./failure.mjs";
import { environment, pinnedNode, root } from "./tree.mjs";

const SOURCES = [join("src", "ui", "pages"), join("src", "core")];
const STAMP = join(root, "dist", ".pages");

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

function sources() {
  const hash = createHash("sha256");
  for (const folder of SOURCES) {
    for (const path of [...files(join(root, folder))].sort()) {
      hash.update(`${relative(root, path)}\0`).update(readFileSync(path));
    }
  }
  return hash.digest("hex");
}

export const areBuilt = () =>
  existsSync(join(root, "dist", "pages")) &&
  existsSync(STAMP) &&
  readFileSync(STAMP, "utf8") === sources();

/** @throws Failure where they cannot be built */
export async function buildPages() {
  const made = sources();
  const node = pinnedNode();
  try {
    mkdirSync(join(root, "dist"), { recursive: true });
    writeFileSync(STAMP, "");
  } catch {
    throw mayNotWrite("the pages have to be built", join(root, "dist"));
  }
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const config = join("src", "ui", "pages", "vite.config.ts");
  // Read as it is, and not from a copy in node_modules, where this user may not write.
  const args = ["build", "--configLoader", "native", "--config", config, "--logLevel", "warn"];
  const end = await run(node, [vite, ...args], {
    cwd: root,
    env: environment(node),
  });
  if (end.signal) endLike(end);
  if (end.code !== 0) {
    throw new Failure(
      `building the pages failed (${end.error?.message ?? `exit code ${end.code}`}).`,
    );
  }
  writeFileSync(STAMP, made);
}
