// Makes a fresh clone ready before a command runs: packages, pages, and for tests the programs
// Debian brings. Runs under whatever Node the machine has (20 or newer), so it is plain JavaScript
// without packages.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

const purpose = process.argv[2] ?? "start";
const root = process.cwd();
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 20) stop(`Node ${process.versions.node} is too old: install Node 20 or newer.`);
if (purpose === "arm64" && process.arch === "arm64") {
  stop("this processor is an ARM64: run npm test, there is nothing to emulate.");
}

function stop(message) {
  console.error(`\ndigital-sentinel: ${message}\n`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (result.error) return { ok: false, why: result.error.message };
  return { ok: result.status === 0, why: `exit code ${result.status}` };
}

/** What decides which packages are installed: a new script in package.json is no reason to do it again. */
function packagesWanted() {
  const { dependencies, devDependencies, optionalDependencies, allowScripts } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const named = JSON.stringify([dependencies, devDependencies, optionalDependencies, allowScripts]);
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .update(named)
    .digest("hex");
}

const LOCK = join(root, ".installing");
const LOCK_LOOK_MS = 500;

/** Whether the process whose number the lock holds still runs; a lock without one is just being made. */
function isHeld() {
  const holder = Number(readFileSync(LOCK, "utf8"));
  try {
    return holder === 0 || process.kill(holder, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** One after another: two commands started side by side must not install into the same folder. */
function locked(work) {
  let told = false;
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    try {
      if (!isHeld()) rmSync(LOCK, { force: true });
    } catch {
      continue;
    }
    if (!told)
      console.log("digital-sentinel: waiting for another command that installs packages …");
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_LOOK_MS);
  }
  process.once("exit", () => rmSync(LOCK, { force: true }));
  work();
}

function marker(name) {
  const path = join(root, "node_modules", `.sentinel-${name}`);
  return {
    read: () => (existsSync(path) ? readFileSync(path, "utf8") : ""),
    write: (text) => writeFileSync(path, text),
  };
}

function ensurePackages() {
  const stamp = marker("packages");
  const wanted = packagesWanted();
  if (stamp.read() === wanted) return;
  // A checkout whose packages were installed by hand is as good as one installed here.
  console.log("digital-sentinel: installing packages (the first time only) …");
  const env = { ...process.env };
  delete env.npm_config_nodedir;
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  env.npm_config_nodedir = join(root, "node_modules", `node-linux-${arch}`);
  const result = run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { env });
  if (!result.ok) stop(`npm ci failed (${result.why}); its own message stands above.`);
  stamp.write(wanted);
}

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

function ensurePages() {
  const pages = join(root, "src", "ui", "pages");
  const hash = createHash("sha256");
  for (const path of [...files(pages)].sort()) hash.update(path).update(readFileSync(path));
  for (const path of [...files(join(root, "src", "core"))].sort()) hash.update(readFileSync(path));
  const wanted = hash.digest("hex");
  const stamp = marker("pages");
  if (stamp.read() === wanted && existsSync(join(root, "dist", "pages"))) return;
  mkdirSync(join(root, "dist"), { recursive: true });
  const node = join(root, "node_modules", ".bin", "node");
  const result = run(node, [
    join(root, "node_modules", "vite", "bin", "vite.js"),
    "build",
    "--config",
    join("src", "ui", "pages", "vite.config.ts"),
    "--logLevel",
    "warn",
  ]);
  if (!result.ok) stop(`building the pages failed (${result.why}).`);
  stamp.write(wanted);
}

const onPath = (program) =>
  [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"].some((folder) => {
    const path = join(folder, program);
    return existsSync(path) && statSync(path).isFile();
  });

/** Debian packages by the program that shows they are there. */
const DEBIAN = {
  test: {
    chromium: "chromium",
    mosquitto: "mosquitto",
    socat: "socat",
    "fc-list": "fontconfig",
    "systemd-analyze": "systemd",
  },
  bench: { mosquitto: "mosquitto" },
  torture: { mosquitto: "mosquitto" },
  arm64: { "qemu-aarch64": "qemu-user" },
  hil: {
    "qemu-system-x86_64": "qemu-system-x86",
    busybox: "busybox-static",
    cpio: "cpio",
    depmod: "kmod",
    "v4l2-ctl": "v4l-utils",
    gcc: "gcc",
    make: "make",
  },
};

/** Debian packages without a program, by a file of theirs. */
const DEBIAN_FILES = {
  arm64: {
    "/usr/aarch64-linux-gnu/lib/libc.so.6": "libc6-arm64-cross",
    "/usr/aarch64-linux-gnu/lib/libstdc++.so.6": "libstdc++6-arm64-cross",
  },
  hil: { "/usr/share/doc/linux-headers-amd64": "linux-headers-amd64" },
  test: {
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
    "/usr/sbin/nginx": "nginx-light",
  },
  bench: {
    "/usr/lib/python3/dist-packages/pyzbar": "python3-pyzbar",
    "/usr/lib/python3/dist-packages/cv2.cpython-311-x86_64-linux-gnu.so": "python3-opencv",
  },
};

function ensureDebian() {
  const wanted = DEBIAN[purpose] ?? {};
  const missing = Object.entries(wanted)
    .filter(([program]) => !onPath(program))
    .map(([, name]) => name);
  for (const [file, name] of Object.entries(DEBIAN_FILES[purpose] ?? {})) {
    if (!existsSync(file)) missing.push(name);
  }
  if (missing.length === 0) return;
  const canInstall = process.getuid?.() === 0 && onPath("apt-get");
  if (!canInstall) {
    stop(
      `these Debian packages are needed: ${missing.join(" ")}. As root: apt-get install ${missing.join(" ")}`,
    );
  }
  console.log(`digital-sentinel: installing Debian packages ${missing.join(" ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const quiet = { env, stdio: ["ignore", "ignore", "inherit"] };
  run("apt-get", ["update", "-qq"], quiet);
  const result = run(
    "apt-get",
    ["install", "-y", "-qq", "--no-install-recommends", ...missing],
    quiet,
  );
  if (!result.ok) stop(`apt-get could not install ${missing.join(" ")} (${result.why}).`);
}

locked(() => {
  ensurePackages();
  ensurePages();
  ensureDebian();
});
