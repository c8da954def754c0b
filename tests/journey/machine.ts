/**
 * A machine with systemd as its process 1, from a folder: booted by systemd-nspawn, it runs one
 * script and powers itself off. What the script writes to /journey/out is read back here.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { errorText } from "../../src/base/errors.ts";

/** Why no machine can be booted here, or undefined where one can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return "it takes root";
  if (spawnSync("systemd-nspawn", ["--version"]).error) {
    return "systemd-nspawn is not installed (apt-get install systemd-container)";
  }
  const folder = mkdtempSync(join(tmpdir(), "sentinel-nspawn-"));
  const tried = new Layers(folder);
  try {
    tried.over("/", "root");
    return undefined;
  } catch (error) {
    return errorText(error);
  } finally {
    tried.dispose();
  }
}

function succeed(command: string, words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0) {
    throw new Error(`${command} ${words.join(" ")}: ${error?.message ?? stderr.trim()}`);
  }
}

/** Folders laid over others: what is written goes into memory or beside, and is gone afterwards. */
export class Layers {
  readonly #folder: string;
  readonly #mounted: string[] = [];

  /** @param kept `memory`: needed over this machine's own root, which its own disk cannot be laid over */
  constructor(folder: string, kept: "memory" | "disk" = "memory") {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    if (kept === "disk") return;
    succeed("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder]);
    this.#mounted.push(folder);
  }

  /** @returns where the folder lies with what is written over it */
  over(lower: string, name: string): string {
    const at = (part: string): string => join(this.#folder, `${name}.${part}`);
    for (const part of ["upper", "work", "merged"]) mkdirSync(at(part));
    const options = `lowerdir=${lower},upperdir=${at("upper")},workdir=${at("work")}`;
    succeed("mount", ["-t", "overlay", "overlay", "-o", options, at("merged")]);
    this.#mounted.push(at("merged"));
    return at("merged");
  }

  dispose(): void {
    for (const path of this.#mounted.reverse()) spawnSync("umount", ["-R", path]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Boot {
  /** The machine's root: a folder that may be written to. */
  root: string;
  /** Run as root once the machine is up, by /bin/sh. */
  script: string;
  /** Folders of this machine that are there, as HERE:THERE. */
  binds?: readonly string[];
  /** A loopback of its own and nothing else; else this machine's network, ports and all. */
  alone?: boolean;
  timeoutMs: number;
  onOutput?: (text: string) => void;
}

/** One target without the rest of what the root may have enabled: a machine of its own. */
const TARGET = `[Unit]
Description=Nothing but what the journey starts
Requires=basic.target dbus.socket journey.service
After=basic.target dbus.socket
AllowIsolate=yes
`;

const SERVICE = `[Unit]
Description=The journey
After=basic.target dbus.socket
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh /journey/script
StandardOutput=append:/journey/log
StandardError=append:/journey/log
ExecStopPost=/bin/systemctl poweroff --no-block
`;

/** Boots, runs the script, powers off. @returns what it wrote to /journey/out, and all it said */
export async function boot(options: Boot): Promise<{ out: string; log: string; code: number }> {
  const { root, script, binds = [], alone = false, timeoutMs } = options;
  const folder = join(root, "journey");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "script"), `${script}\n`);
  const units = join(root, "etc/systemd/system");
  mkdirSync(units, { recursive: true });
  writeFileSync(join(units, "journey.target"), TARGET);
  writeFileSync(join(units, "journey.service"), SERVICE);
  rmSync(join(units, "default.target"), { force: true });
  symlinkSync("journey.target", join(units, "default.target"));
  const words = ["-q", "-D", root, "--register=no", "--keep-unit", "-b", "--console=pipe"];
  const bound = binds.map((bind) => `--bind=${bind}`);
  const network = alone ? ["--private-network"] : [];
  const child = spawn("systemd-nspawn", [...words, ...network, ...bound], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      options.onOutput?.(chunk.toString());
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  const read = (name: string): string => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  const log = ["log", "journal"].map(read).join("\n");
  return { out: read("out"), log: `${log}\n${said}`, code: code ?? -1 };
}
