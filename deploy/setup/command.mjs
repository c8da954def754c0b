// The command behind run.cjs: what is needed first, then the program.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { endLike, run } from "./child.mjs";
import { Failure } from "./failure.mjs";
import { npm } from "./packages.mjs";
import { ready } from "./ready.mjs";
import { environment, nodePackage, pinnedNode, root } from "./tree.mjs";

export async function main(words) {
  try {
    const [purpose, program] = words[0] === "--for" ? [words[1], words.slice(2)] : ["", words];
    if (purpose !== "") await ready(purpose);
    for (const each of inTurn(program)) {
      const end = await started(each);
      if (end.code !== 0) endLike(end);
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`\ndigital-sentinel: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** `a b --then c d`: one program after another. A shell would leave them behind when it is ended. */
function inTurn(words) {
  const programs = [[]];
  for (const word of words) {
    if (word === "--then") programs.push([]);
    else programs.at(-1).push(word);
  }
  return programs.filter((each) => each.length > 0);
}

/** Runs a source file, or the command of a package (or npm), under the Node of the packages. */
async function started([name, ...args]) {
  const node = pinnedNode();
  if (name === "npm") {
    const [command, ...first] = npm();
    return run(command, [...first, ...args]);
  }
  const program = /^-|\.[cm]?[jt]s$/.test(name) ? name : join(root, "node_modules", ".bin", name);
  if (!name.startsWith("-")) readable(program);
  const end = await run(node, [program, ...args], { env: environment(node) });
  if (end.error) {
    throw new Failure(
      `${node} does not run here (${end.error.message}): ${nodePackage} needs a 64-bit system with glibc 2.28 or newer.`,
    );
  }
  return end;
}

function readable(program) {
  try {
    accessSync(program, constants.R_OK);
  } catch (error) {
    throw new Failure(
      error.code === "ENOENT"
        ? `${program} is missing: run "npm ci --include=dev" in ${root}.`
        : `this user may not read ${program}.`,
    );
  }
}
