// Builds the pages of the unit and those of the simulator where their sources have changed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { endLike, run } from "./child.mjs";
import { Failure, mayNotWrite } from "./failure.mjs";
import { environment, pinnedNode, root } from "./tree.mjs";

const BUNDLES = [
  { config: join("src", "ui", "pages", "vite.config.ts"), folder: join("dist", "pages") },
  { config: join("sim", "demo", "pages", "vite.config.ts"), folder: join("dist", "demo-pages") },
];
/** Folders and files that go into a bundle. */
const SOURCES = [
  join("src", "ui", "pages"),
  join("src", "ui", "screens.ts"),
  join("src", "base"),
  join("src", "core"),
  join("sim", "demo", "pages"),
  join("sim", "demo", "screens.ts"),
];
const STAMP = join(root, "dist", ".pages");

function* files(path) {
  if (statSync(path).isDirectory()) yield* filesIn(path);
  else yield path;
}

function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

function sources() {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const path of [...files(join(root, source))].sort()) {
      hash.update(`${relative(root, path)}\0`).update(readFileSync(path));
    }
  }
  return hash.digest("hex");
}

export const areBuilt = () =>
  BUNDLES.every(({ folder }) => existsSync(join(root, folder))) &&
  existsSync(STAMP) &&
  readFileSync(STAMP, "utf8") === sources();

/** @throws Failure where they cannot be built */
export async function buildPages() {
  const made = sources();
  try {
    mkdirSync(join(root, "dist"), { recursive: true });
    writeFileSync(STAMP, "");
  } catch {
    throw mayNotWrite("the pages have to be built", join(root, "dist"));
  }
  for (const { config } of BUNDLES) await buildBundle(config);
  writeFileSync(STAMP, made);
}

async function buildBundle(config) {
  const node = pinnedNode();
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  // `native`: otherwise vite writes a copy of its configuration into node_modules.
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
}
