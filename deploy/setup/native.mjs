/**
 * Builds the modules of the GPIO lines and the two-wire bus, the only ones without a binary of their
 * own, for the Node of the packages. A simulated doorway and the tests do without them.
 *
 *   node deploy/setup/native.mjs              where a compiler is there; else says what is missing
 *   node deploy/setup/native.mjs --required   fails without
 *
 * The compiler is called directly. The node-gyp of Debian's npm links every module with Debian's own
 * libnode, whatever headers it is given: loaded into another Node, such a module ends the process.
 * And "npm rebuild" of npm 9 says "rebuilt dependencies successfully" where an optional one failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { endLike, run } from "./child.mjs";
import { onPath } from "./debian.mjs";
import { Failure, say } from "./failure.mjs";
import { nodePackage, pinnedNode, root } from "./tree.mjs";

/** As their binding.gyp has it: one source each, and where `bindings` looks for what comes of it. */
const MODULES = {
  epoll: { source: "src/epoll.cc", binary: "build/Release/epoll.node" },
  "i2c-bus": { source: "src/i2c.cc", binary: "build/Release/i2c.node" },
};
/** The first that is there. */
const COMPILERS = ["g++", "c++", "clang++"];
/** What common.gypi of Node's headers and addon.gypi of node-gyp say for a module on Linux. */
const FLAGS =
  "-shared -fPIC -pthread -rdynamic -O3 -fno-omit-frame-pointer -w " +
  "-std=gnu++20 -fno-rtti -fno-exceptions -fno-strict-aliasing " +
  "-DUSING_UV_SHARED=1 -DUSING_V8_SHARED=1 -DBUILDING_NODE_EXTENSION -D_GLIBCXX_USE_CXX11_ABI=1 " +
  "-D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE -D__STDC_FORMAT_MACROS";

const packages = join(root, "node_modules");

/** Why a module does not load under the Node of the packages; undefined where it does. */
function whyNotLoaded(name) {
  const words = ["-e", `require(${JSON.stringify(name)})`];
  const ended = spawnSync(pinnedNode(), words, { cwd: root, encoding: "utf8" });
  if (ended.status === 0) return undefined;
  const said = /^\w*Error: .*$/m.exec(ended.stderr ?? "")?.[0] ?? ended.stderr?.trim();
  return ended.error?.message ?? (ended.signal ? `Node was ended by ${ended.signal}` : said);
}

const notLoaded = () => Object.keys(MODULES).filter((name) => whyNotLoaded(name) !== undefined);

export const areNativeModulesBuilt = () => notLoaded().length === 0;

/** @throws Failure where the compiler is missing, or the build fails */
export async function buildNativeModules() {
  const wanted = notLoaded();
  if (wanted.length === 0) return;
  const left = wanted.filter((name) => !existsSync(join(packages, name)));
  if (left.length > 0) {
    throw new Failure(`${left.join(" and ")} are not installed: npm left out optional packages.`);
  }
  const compiler = COMPILERS.find((program) => onPath(program));
  if (compiler === undefined) {
    throw new Failure(
      `${wanted.join(" and ")} have to be compiled, and there is no compiler: apt-get install g++`,
    );
  }
  const headers = join(packages, nodePackage, "include", "node");
  if (!existsSync(join(headers, "node.h"))) {
    throw new Failure(
      `there are no headers of Node in ${headers}; an installed release keeps none: run deploy/install.sh again.`,
    );
  }
  for (const name of wanted) await build(name, compiler, headers);
}

async function build(name, compiler, headers) {
  say(`building ${name} …`);
  const { source, binary } = MODULES[name];
  const target = join(packages, name, binary);
  mkdirSync(dirname(target), { recursive: true });
  const words = [
    ...FLAGS.split(" "),
    `-DNODE_GYP_MODULE_NAME=${name.replaceAll("-", "_")}`,
    `-I${headers}`,
    `-I${join(packages, "nan")}`,
    join(packages, name, source),
    "-o",
    `${target}.new`,
  ];
  const end = await run(compiler, words);
  if (end.signal) endLike(end);
  if (end.code !== 0) {
    throw new Failure(`building ${name} failed; what ${compiler} said stands above.`);
  }
  // A module that another process has loaded is not written into.
  renameSync(`${target}.new`, target);
  const why = whyNotLoaded(name);
  if (why === undefined) return;
  // One that ends the process that loads it must not lie where a unit finds it.
  rmSync(target);
  throw new Failure(`${name} was built, and cannot be loaded: ${why}`);
}

async function main(isRequired) {
  try {
    await buildNativeModules();
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
