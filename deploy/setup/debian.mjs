// What Debian brings for a purpose: as root it is installed, otherwise it is named.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import process from "node:process";
import { endLike, run } from "./child.mjs";
import { Failure, say } from "./failure.mjs";

const CHROMIUM = { shownBy: ["chromium"], packages: ["chromium", "chromium-browser"] };
const MOSQUITTO = { shownBy: ["mosquitto"], packages: ["mosquitto"] };
const NSPAWN = { shownBy: ["systemd-nspawn"], packages: ["systemd-container"] };
const PYTHON = "/usr/lib/python3/dist-packages";

/**
 * By purpose: programs (looked for on the path and where root has them) or files that show that a
 * package is there, and its names, the first of them that this release has.
 */
export const WANTED = {
  test: [
    CHROMIUM,
    MOSQUITTO,
    { shownBy: ["socat"], packages: ["socat"] },
    { shownBy: ["fc-list"], packages: ["fontconfig"] },
    { shownBy: ["systemd-analyze"], packages: ["systemd"] },
    // Booting a machine takes root: without it those tests are left out, and say so.
    ...(process.getuid?.() === 0 ? [NSPAWN] : []),
    { shownBy: ["nginx"], packages: ["nginx-light", "nginx"] },
    {
      shownBy: [
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-VF.otf.ttc",
      ],
      packages: ["fonts-noto-cjk"],
    },
  ],
  bench: [
    MOSQUITTO,
    { shownBy: [`${PYTHON}/pyzbar`], packages: ["python3-pyzbar"] },
    { shownBy: [`${PYTHON}/cv2.*.so`, `${PYTHON}/cv2`], packages: ["python3-opencv"] },
  ],
  torture: [MOSQUITTO],
  journey: [NSPAWN, { shownBy: ["mmdebstrap"], packages: ["mmdebstrap"] }],
  arm64: [
    { shownBy: ["qemu-aarch64"], packages: ["qemu-user"] },
    { shownBy: ["/usr/aarch64-linux-gnu/lib/libc.so.6"], packages: ["libc6-arm64-cross"] },
    {
      shownBy: ["/usr/aarch64-linux-gnu/lib/libstdc++.so.6"],
      packages: ["libstdc++6-arm64-cross"],
    },
  ],
  hil: [
    { shownBy: ["qemu-system-x86_64"], packages: ["qemu-system-x86"] },
    { shownBy: ["busybox"], packages: ["busybox-static"] },
    { shownBy: ["cpio"], packages: ["cpio"] },
    { shownBy: ["depmod"], packages: ["kmod"] },
    { shownBy: ["v4l2-ctl"], packages: ["v4l-utils"] },
    { shownBy: ["gcc"], packages: ["gcc"] },
    { shownBy: ["g++"], packages: ["g++"] },
    { shownBy: ["make"], packages: ["make"] },
    { shownBy: ["python3"], packages: ["python3"] },
    { shownBy: ["/usr/share/doc/linux-headers-amd64"], packages: ["linux-headers-amd64"] },
  ],
};

export function onPath(program) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.some((folder) => {
    const path = join(folder, program);
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  });
}

function isThere(shown) {
  if (!shown.startsWith("/")) return onPath(shown);
  if (!shown.includes("*")) return existsSync(shown);
  const [before, after] = basename(shown).split("*");
  const folder = dirname(shown);
  return (
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.startsWith(before) && name.endsWith(after))
  );
}

const missing = (wanted) =>
  wanted.filter(({ shownBy }) => !shownBy.some((shown) => isThere(shown)));

const firstNames = (wanted) => wanted.map(({ packages }) => packages[0]).join(" ");

/** What a purpose wants and the machine has not. */
export const missingFor = (purpose) => missing(WANTED[purpose] ?? []);

/** @throws Failure where something is missing that this user, or this release, cannot install */
export async function installDebianPackages(all, isRoot = process.getuid?.() === 0) {
  const wanted = missing(all);
  if (!isRoot || !onPath("apt-get")) {
    const names = firstNames(wanted);
    throw new Failure(
      `these Debian packages are needed: ${names}. As root: apt-get update && apt-get install ${names}`,
    );
  }
  say(`installing Debian packages ${firstNames(wanted)} …`);
  // What cannot be refreshed may still be installed from what apt has.
  await apt("update", "-qq");
  const known = wanted.flatMap(({ packages }) => packages.find((name) => isKnown(name)) ?? []);
  const install = (names) => apt("install", "-y", "-qq", "--no-install-recommends", ...names);
  // All in one go; where one cannot be had, at least the others.
  if (known.length > 0 && !(await install(known))) for (const name of known) await install([name]);
  const left = missing(wanted);
  if (left.length === 0) return;
  throw new Failure(
    `apt-get could not install ${firstNames(left)}; what it said stands above. Is the release's main archive in /etc/apt, and can it be reached?`,
  );
}

/** Whether this release has the package. */
const isKnown = (name) =>
  spawnSync("apt-cache", ["show", "--no-all-versions", name], { stdio: "ignore" }).status === 0;

async function apt(...args) {
  const end = await run("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (end.signal) endLike(end);
  return end.code === 0;
}
