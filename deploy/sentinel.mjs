#!/usr/bin/env node
// Starts the command line under the Node that was installed with the unit: plain JavaScript where
// deploy/install.sh put it, the sources in a checkout.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import process from "node:process";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = `${root}node_modules/.bin/node`;
const program = [`${root}src/cli/main.js`, `${root}src/cli/main.ts`].find((path) =>
  existsSync(path),
);
const result = spawnSync(node, [program, ...process.argv.slice(2)], {
  stdio: "inherit",
});
if (result.error) {
  console.error(`sentinel: ${result.error.message}; run "npm start" or "npm ci" in ${root} first`);
  process.exit(2);
}
process.exit(result.status ?? 1);
