// Installs the packages that the lock file names, where they are not there yet.
import { accessSync, constants, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { endLike, run } from "./child.mjs";
import { Failure, mayNotWrite, say } from "./failure.mjs";
import { isPinned, nodePackage, readJson, root } from "./tree.mjs";

/** Node 18 came with npm 8; an older one does not read this lock file as it is meant. */
const OLDEST_NPM = 8;

/** What a person's own settings of npm must not change about an installation. */
const SETTINGS = [
  "--include=dev",
  "--include=optional",
  "--include=peer",
  // Every module that is needed brings its binary; a script would want a compiler.
  "--ignore-scripts",
  // The Node that runs the programs is a package; the one that runs npm may be older.
  "--engine-strict=false",
  "--legacy-peer-deps=false",
  "--strict-peer-deps=false",
  "--install-strategy=hoisted",
  "--package-lock=true",
  "--global=false",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
];

/** Whether what lies in node_modules is what the lock file says, however it was installed. */
export function areInstalled() {
  let installed;
  try {
    installed = readJson("node_modules", ".package-lock.json").packages;
  } catch {
    return false;
  }
  const { packages } = readJson("package-lock.json");
  if (!isLockOf(packages[""], readJson("package.json"))) return false;
  return Object.entries(packages).every(([path, entry]) => {
    if (path === "" || (entry.optional && !isOfThisMachine(entry))) return true;
    const isThere = installed[path]?.version === entry.version;
    return isThere && existsSync(join(root, path, "package.json"));
  });
}

/** Whether an optional package holds the binaries of this machine (Node itself, the tools'). */
function isOfThisMachine({ os, cpu, libc }) {
  const names = (list, own) => list !== undefined && [list].flat().includes(own);
  return (
    names(os, process.platform) &&
    names(cpu, process.arch) &&
    (libc === undefined || names(libc, "glibc"))
  );
}

const KINDS = ["dependencies", "devDependencies", "optionalDependencies"];

/** Whether the lock file was made from this package.json. */
function isLockOf(locked, wanted) {
  return KINDS.every((kind) => isDeepStrictEqual(locked[kind] ?? {}, wanted[kind] ?? {}));
}

/** npm as it was called; the one on the path where something else called. */
export function npm() {
  const { npm_execpath: script = "", npm_node_execpath: node = "" } = process.env;
  return /npm-cli\.c?js$/.test(script) && existsSync(script) && existsSync(node)
    ? [node, script]
    : ["npm"];
}

/** @throws Failure where packages are missing and cannot be installed */
export async function installPackages() {
  writable();
  const [command, ...first] = npm();
  await checkNpm(command, first);
  say("installing packages (the first time only) …");
  const end = await run(command, [...first, "ci", ...SETTINGS], { cwd: root });
  if (end.signal) endLike(end);
  if (end.code !== 0) {
    throw new Failure(`npm ci failed (exit code ${end.code}); its own message stands above.`);
  }
  if (!areInstalled()) {
    throw new Failure(
      `npm ci ended well, and yet node_modules is not what package-lock.json says (was ${nodePackage} fetched?).`,
    );
  }
  if (isPinned()) linkNode();
}

/** For people: `npx vitest` runs under the node of .bin, which npm 9 takes away. Nothing here needs it. */
function linkNode() {
  const link = join(root, "node_modules", ".bin", "node");
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(join("..", nodePackage, "bin", "node"), link);
}

async function checkNpm(command, first) {
  const version =
    /^npm\/(\S+)/.exec(process.env.npm_config_user_agent ?? "")?.[1] ?? (await ask(command, first));
  if (Number.parseInt(version, 10) < OLDEST_NPM) {
    throw new Failure(`npm ${version} is too old: install npm ${OLDEST_NPM} or newer.`);
  }
}

async function ask(command, first) {
  let said = "";
  const end = await run(command, [...first, "--version"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    onOutput: (text) => {
      said += text;
    },
  });
  if (end.error?.code === "ENOENT") {
    throw new Failure(
      "there is no npm, and packages have to be installed: install it (Debian: apt-get install npm).",
    );
  }
  return said.trim();
}

function writable() {
  const folder = join(root, "node_modules");
  try {
    accessSync(root, constants.W_OK);
    if (existsSync(folder)) accessSync(folder, constants.W_OK);
  } catch {
    throw mayNotWrite("packages have to be installed", existsSync(folder) ? folder : root);
  }
}
