/** npm, on the Node it belongs to: Debian's does not run on another. */
import { existsSync } from "node:fs";
import process from "node:process";

/** The words before npm's arguments: the npm that runs this, or the one on the path. */
export function npmWords(): [string, ...string[]] {
  const { npm_execpath: script = "", npm_node_execpath: node = "" } = process.env;
  const isNpm = /npm-cli\.c?js$/.test(script) && existsSync(script) && existsSync(node);
  return isNpm ? [node, script] : ["npm"];
}
