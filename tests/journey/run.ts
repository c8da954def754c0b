/**
 * `npm run journey [bookworm] [trixie]`: an installer's day on freshly made Debians with systemd. A
 * user without rights but sudo runs the steps of the installation page line by line, makes the keys
 * of docs/operators/keys.md, and gets a unit that is ready, updates it, goes back, and removes all again. Prints
 * each step with its time. As root, with the registries that this machine's own apt and npm use, and
 * in its network; services run in one of their own, for another may listen on the unit's port here.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { createClockSyncReader } from "../../hal/linux/clock-sync.ts";
import { boot, Layers, whyNot } from "./machine.ts";
import { commandsOf } from "./page.ts";
import { scriptOf } from "./script.ts";

const CACHE = resolve("out", "journey");
const PACKAGES =
  "systemd,systemd-sysv,udev,dbus,kmod,sudo,ca-certificates,openssl,procps,iproute2,adduser";
const TIMEOUT_MS = 3_600_000;
const WORLD = "/etc/ssl/certs/ca-certificates.crt";

function succeed(command: string, words: readonly string[], input?: Buffer): Buffer {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    input,
    maxBuffer: 1 << 30,
  });
  if (status !== 0) {
    throw new Error(`${command} ${words.join(" ")}: ${error?.message ?? stderr.toString()}`);
  }
  return stdout;
}

/** A Debian as its installer leaves it, made once. */
function baseOf(suite: string): string {
  const root = join(CACHE, suite);
  if (existsSync(join(root, "sbin/init"))) return root;
  console.log(`making a ${suite} …`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  succeed("mmdebstrap", ["--variant=minbase", `--include=${PACKAGES}`, suite, root]);
  return root;
}

/** The checkout as a user has it who keeps files private, and this machine's way to the registries. */
function furnish(root: string): void {
  const home = join(root, "home/pi");
  succeed("chroot", [root, "useradd", "--create-home", "--shell", "/bin/bash", "pi"]);
  // The disk of a machine that is thrown away need not be flushed for each file of a package.
  writeFileSync(join(root, "etc/dpkg/dpkg.cfg.d/journey"), "force-unsafe-io\n");
  writeFileSync(join(root, "etc/sudoers.d/pi"), "pi ALL=(ALL) NOPASSWD: ALL\n", { mode: 0o440 });
  const files = succeed("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const packed = succeed("tar", ["-c", "--null", "-T", "-"], files);
  mkdirSync(join(home, "digital-sentinel"));
  succeed("tar", ["-x", "-C", join(home, "digital-sentinel")], packed);
  succeed("chmod", ["-R", "go=", join(home, "digital-sentinel")]);
  for (const [user, folder] of [
    ["pi", home],
    ["root", join(root, "root")],
  ] as const) {
    writeFileSync(join(folder, ".npmrc"), npmSettings(user), { mode: 0o600 });
  }
  succeed("chroot", [root, "chown", "-R", "pi:pi", "/home/pi"]);
  writeFileSync(join(root, "etc/hosts"), `127.0.0.1 localhost ${hostname()}\n`);
  if (existsSync(WORLD)) writeFileSync(join(root, WORLD), readFileSync(WORLD));
}

/** Of this machine's npm, what leads to the registry; never of the repository. */
function npmSettings(user: string): string {
  const own = [join(homedir(), ".npmrc"), "/etc/npmrc", "/usr/etc/npmrc"]
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, "utf8").split("\n"))
    .filter((line) => /registry|_auth|cafile|proxy|strict-ssl/i.test(line) && !/omit-/.test(line));
  const asked = succeed("npm", ["config", "get", "registry"]).toString().trim();
  return [...own, `registry=${asked}`, `cache=/npm-cache/${user}`, ""].join("\n");
}

interface Step {
  code: number;
  seconds: number;
  name: string;
}

function stepsOf(out: string): Step[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [code = "", seconds = "", name = ""] = line.split("\t");
      return { code: Number(code), seconds: Number(seconds), name };
    });
}

async function journey(suite: string): Promise<boolean> {
  const base = baseOf(suite);
  const layers = new Layers(mkdtempSync(join(tmpdir(), `sentinel-journey-${suite}-`)), "disk");
  const packages = join(CACHE, "npm");
  // For the commands that fetch; the machine itself has a network of its own.
  const network = join(mkdtempSync(join(tmpdir(), "sentinel-network-")), "net");
  writeFileSync(network, "");
  succeed("mount", ["--bind", "/proc/self/ns/net", network]);
  try {
    const root = layers.over(base, "root");
    furnish(root);
    const isTrusted = createClockSyncReader()().state === "synchronised";
    const script = scriptOf({
      commands: commandsOf(readFileSync("docs/installers/installation.md", "utf8"), "The steps"),
      keys: commandsOf(readFileSync("docs/operators/keys.md", "utf8")),
      clockTrusted: isTrusted,
    });
    console.log(`\n${suite}`);
    const printed = { steps: 0 };
    const printing = setInterval(() => print(join(root, "journey/out"), printed), 1000);
    const binds = [`${packages}:/npm-cache`, `${network}:/journey-network`];
    const { out, log } = await boot({ root, script, binds, alone: true, timeoutMs: TIMEOUT_MS });
    clearInterval(printing);
    print(join(root, "journey/out"), printed);
    return judge(stepsOf(out), log);
  } finally {
    layers.dispose();
    succeed("umount", [network]);
    rmSync(dirname(network), { recursive: true });
  }
}

const clock = (seconds: number): string =>
  `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, "0")} min`;

/** The steps that have ended since the last time. */
function print(path: string, printed: { steps: number }): void {
  const steps = existsSync(path) ? stepsOf(readFileSync(path, "utf8")) : [];
  for (const { code, seconds, name } of steps.slice(printed.steps)) {
    console.log(`${code === 0 ? "✓" : "✗"} ${clock(seconds)}  ${name}`);
  }
  printed.steps = steps.length;
}

function judge(steps: readonly Step[], log: string): boolean {
  const ok = steps.some(({ name }) => name === "the end") && steps.every(({ code }) => code === 0);
  const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`${ok ? "✓" : "✗"} ${clock(total)}  in all`);
  if (!ok) console.log(log);
  return ok;
}

const reason = whyNot();
if (reason !== undefined) {
  console.error(`no machine can be booted here: ${reason}`);
  process.exitCode = 1;
} else {
  const asked = process.argv.slice(2);
  for (const suite of asked.length > 0 ? asked : ["bookworm", "trixie"]) {
    if (!(await journey(suite))) process.exitCode = 1;
  }
}
