#!/usr/bin/env node
// Starts the command line under the Node that was installed with the unit.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import process from "node:process";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = `${root}node_modules/.bin/node`;
const result = spawnSync(node, [`${root}src/cli/main.ts`, ...process.argv.slice(2)], {
  stdio: "inherit",
});
if (result.error) {
  console.error(`sentinel: ${result.error.message}; run "npm start" or "npm ci" in ${root} first`);
  process.exit(2);
}
process.exit(result.status ?? 1);
