/** A real kernel to test against: Debian's own, with the one driver for pretended GPIO lines it leaves out. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export interface Kernel {
  version: string;
  image: string;
  initrd: string;
  /** Holds `lib/modules/{version}`. */
  root: string;
}

/** What the driver under test looks for; the module is told to call its chip so. */
const LABEL = "pinctrl-bcm2711";
/** For the root file system of the machine, before anything else is there. */
const BOOT_MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];

const run = (command: string, args: readonly string[], cwd?: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

const sh = (script: string, cwd: string): string => run("sh", ["-ec", script], cwd);

/**
 * Downloads, unpacks and builds whatever is not in `cache` yet (about 210 MB, half a minute).
 * The image is never installed. Needs the kernel's headers, gcc, make, kmod, cpio and busybox.
 */
export function prepareKernel(cache: string): Kernel {
  mkdirSync(cache, { recursive: true });
  const version = kernelVersion();
  const root = join(cache, version);
  const image = join(root, "boot", `vmlinuz-${version}`);
  const initrd = join(root, "initrd.gz");
  if (existsSync(initrd)) return { version, image, initrd, root };
  const headers = `/usr/src/linux-headers-${version}`;
  if (!existsSync(headers)) {
    throw new Error(`${headers} is not there: as root, apt-get install linux-headers-${version}`);
  }
  console.log(`fetching and building the kernel's part in ${cache} (the first time only) …`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  sh(`apt-get download -qq linux-image-${version} linux-source-${major(version)}`, cache);
  sh(`dpkg -x linux-image-${version}_*.deb ${root}`, cache);
  buildGpioModule(cache, root, version);
  run("depmod", ["-b", root, version]);
  sh("rm -f linux-image-*.deb linux-source-*.deb", cache);
  writeInitrd(root, version, initrd);
  return { version, image, initrd, root };
}

/** The newest kernel of this Debian: not the cloud one, which has none of the drivers. */
export function kernelVersion(): string {
  const found = /linux-image-(\S+)/.exec(
    run("apt-cache", ["depends", "linux-image-amd64"]).split("Depends:")[1] ?? "",
  );
  if (found?.[1] === undefined) throw new Error("linux-image-amd64 is not known: apt-get update");
  return found[1];
}

const major = (version: string): string => version.split(".").slice(0, 2).join(".");

/**
 * gpio-mockup is in the kernel's source and not in Debian's build, nor is the interrupt simulator it
 * stands on. Three small edits: a name the unit looks for, a call that modules may make, a licence.
 */
function buildGpioModule(cache: string, root: string, version: string): void {
  const build = join(root, "build");
  mkdirSync(build);
  const wanted = ["drivers/gpio/gpio-mockup.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c"];
  const name = `linux-source-${major(version)}`;
  sh(
    `dpkg --fsys-tarfile ${name}_*.deb | tar -x -O ./usr/src/${name}.tar.xz |
     tar -xJ -C ${build} --strip-components=1 --wildcards ${wanted.map((file) => `'*/${file}'`).join(" ")}`,
    cache,
  );
  for (const file of wanted) copyFileSync(join(build, file), join(build, baseOf(file)));
  edit(join(build, "gpio-mockup.c"), "\"gpio-mockup-%c\", idx + 'A'", `"${LABEL}"`);
  edit(
    join(build, "irq_sim.c"),
    "handle_simple_irq(irq_to_desc(irqnum))",
    "generic_handle_irq(irqnum)",
  );
  const irq = readFileSync(join(build, "irq_sim.c"), "utf8");
  writeFileSync(
    join(build, "irq_sim.c"),
    `${irq}\n#include <linux/module.h>\nMODULE_LICENSE("GPL");\n`,
  );
  writeFileSync(join(build, "Makefile"), "obj-m := irq_sim.o gpio-mockup.o\n");
  sh(`make -s -C /usr/src/linux-headers-${version} M=${build} modules 2>${build}/log`, build);
  const extra = join(root, "lib", "modules", version, "extra");
  mkdirSync(extra, { recursive: true });
  for (const file of readdirSync(build)) {
    if (file.endsWith(".ko")) copyFileSync(join(build, file), join(extra, file));
  }
}

const baseOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${path} is not as expected: no "${from}"`);
  writeFileSync(path, text.replace(from, to));
}

function writeInitrd(root: string, version: string, initrd: string): void {
  const folder = join(root, "initramfs");
  for (const name of ["bin", "proc", "sys", "dev", "new", "ro", "rw", "mods"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  copyFileSync("/bin/busybox", join(folder, "bin", "busybox"));
  const modules = BOOT_MODULES.flatMap((name) =>
    run("modprobe", ["-d", root, "-S", version, "--show-depends", name])
      .split("\n")
      .flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []),
  );
  const order = [...new Set(modules)];
  for (const path of order) copyFileSync(path, join(folder, "mods", baseOf(path)));
  const load = order.map((path) => `busybox insmod /mods/${baseOf(path)}`).join("\n");
  writeFileSync(join(folder, "init"), initScript(load), { mode: 0o755 });
  sh(`find . | cpio -o -H newc --quiet | gzip -1 > ${initrd}`, folder);
}

/** The host's root, read-only under a layer of memory: the very node and packages of this machine. */
const initScript = (load: string): string => `#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc none /proc
busybox mount -t sysfs none /sys
busybox mount -t devtmpfs none /dev
${load}
O=trans=virtio,version=9p2000.L,msize=512000
busybox mount -t 9p -o $O,cache=loose,ro root /ro
busybox mount -t tmpfs none /rw
busybox mkdir /rw/upper /rw/work
busybox mount -t overlay -o lowerdir=/ro,upperdir=/rw/upper,workdir=/rw/work none /new
busybox mount -t proc none /new/proc
busybox mount -t sysfs none /new/sys
busybox mount -t debugfs none /new/sys/kernel/debug
busybox mount -t devtmpfs none /new/dev
busybox mkdir -p /new/dev/pts /new/mnt
busybox mount -t devpts none /new/dev/pts
busybox mount -t tmpfs none /new/tmp
busybox mkdir -p /new/tmp/out /new/usr/lib/modules
busybox mount -t 9p -o $O,cache=none out /new/tmp/out
busybox mount -t 9p -o $O,cache=loose,ro mods /new/usr/lib/modules
CMD=$(busybox sed 's/.*hil.cmd=\\([^ ]*\\).*/\\1/' /proc/cmdline)
busybox chroot /new /bin/sh -c "$CMD" > /new/tmp/out/log 2>&1
echo $? > /new/tmp/out/rc
busybox sync
busybox poweroff -f
`;
