/** A unit as deploy/install.sh lays it out and its service starts it, under a folder of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How a unit is started, without its configuration. */
export interface Installation {
  node: string;
  /** What Node itself is told on the command line. */
  nodeFlags: string[];
  /** The command line's entry. */
  program: string;
  workingFolder: string;
  environment: Record<string, string>;
}

/** Builds and installs under the folder; the packages are this checkout's. */
export function install(folder: string): Installation {
  const quiet = "--disable-warning=ExperimentalWarning";
  succeed(process.execPath, [quiet, join(ROOT, "deploy", "build", "unit.ts")]);
  succeed(join(ROOT, "deploy", "install.sh"), ["--root", folder]);
  const workingFolder = join(folder, "opt", "sentinel", "current");
  symlinkSync(join(ROOT, "node_modules"), join(workingFolder, "node_modules"));
  const service = readFileSync(
    join(folder, "etc", "systemd", "system", "sentinel.service"),
    "utf8",
  );
  const [, start = ""] = /^ExecStart=(.*)$/m.exec(service) ?? [];
  const words = start.split(" ").slice(1);
  const nodeFlags = words.slice(
    0,
    words.findIndex((word) => !word.startsWith("--")),
  );
  const program = words[nodeFlags.length] ?? "";
  return {
    node: process.execPath,
    nodeFlags,
    program: join(workingFolder, program),
    workingFolder,
    environment: settingsOf(service, folder),
  };
}

function succeed(command: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}

/** The checkout's sources, started without any setting. */
export function checkout(): Installation {
  return {
    node: process.execPath,
    nodeFlags: [],
    program: join(ROOT, "src", "cli", "main.ts"),
    workingFolder: ROOT,
    environment: {},
  };
}

/** What the service sets in the environment; folders it names lie under the installation's own. */
function settingsOf(service: string, folder: string): Record<string, string> {
  const settings = [...service.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(
    ([, name = "", value = ""]) => [name, value.startsWith("/") ? join(folder, value) : value],
  );
  mkdirSync(join(folder, "var", "lib", "sentinel"), { recursive: true });
  return Object.fromEntries(settings) as Record<string, string>;
}
