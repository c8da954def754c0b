/**
 * Builds the modules of the GPIO lines and the two-wire bus, the only ones without a binary of their
 * own, for the Node of the packages. A simulated doorway and the tests do without them.
 *
 *   node deploy/setup/native.mjs              where a compiler is there; else says what is missing
 *   node deploy/setup/native.mjs --required   fails without
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { endLike, run } from "./child.mjs";
import { onPath } from "./debian.mjs";
import { Failure, say } from "./failure.mjs";
import { npm } from "./packages.mjs";
import { nodePackage, pinnedNode, root } from "./tree.mjs";

const MODULES = ["epoll", "i2c-bus"];
/** What node-gyp calls, by Debian's package. */
const TOOLS = { make: "make", "g++": "g++", python3: "python3" };

/** Whether both load under the Node of the packages. */
export function areNativeModulesBuilt() {
  const text = MODULES.map((name) => `require(${JSON.stringify(name)});`).join("");
  return spawnSync(pinnedNode(), ["-e", text], { cwd: root, stdio: "ignore" }).status === 0;
}

/** @throws Failure where a tool is missing, or the build fails */
export async function buildNativeModules() {
  const left = MODULES.filter((name) => !existsSync(join(root, "node_modules", name)));
  if (left.length > 0) {
    throw new Failure(`${left.join(" and ")} are not installed: npm left out optional packages.`);
  }
  const tools = Object.entries(TOOLS).filter(([program]) => !onPath(program));
  if (tools.length > 0) {
    throw new Failure(
      `${MODULES.join(" and ")} have to be compiled, and ${tools.map(([program]) => program).join(", ")} cannot be found: apt-get install ${tools.map(([, name]) => name).join(" ")}`,
    );
  }
  say(`building ${MODULES.join(" and ")} …`);
  const [command, ...first] = npm();
  const headers = join(root, "node_modules", nodePackage);
  const end = await run(
    command,
    [...first, "rebuild", ...MODULES, "--ignore-scripts=false", "--loglevel=error"],
    { cwd: root, env: { ...process.env, npm_config_nodedir: headers } },
  );
  if (end.signal) endLike(end);
  if (end.code !== 0 || !areNativeModulesBuilt()) {
    throw new Failure(`building ${MODULES.join(" and ")} failed; what npm said stands above.`);
  }
}

async function main(isRequired) {
  try {
    if (!areNativeModulesBuilt()) await buildNativeModules();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`digital-sentinel: ${error.message}`);
    if (isRequired) process.exitCode = 1;
    else say("a unit comes up without them, and `sentinel doctor` names what cannot be used.");
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(process.argv.includes("--required"));
}
