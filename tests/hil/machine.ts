/** A machine in QEMU that runs one program on a kernel of its own, and says what came of it. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kernel } from "./kernel.ts";

export interface MachineOptions {
  kernel: Kernel;
  /** An absolute path on this machine; the guest sees the same files. */
  command: string;
  /** After this the machine is switched off, and there is no exit code. */
  timeoutMs: number;
  /** Files the program finds in its `/tmp/out`. */
  give?: Readonly<Record<string, string>>;
}

export interface MachineRun {
  /** Of the program; absent when the machine did not come to its end. */
  exitCode: number | undefined;
  /** What the program printed. */
  log: string;
  /** The last of what the kernel said. */
  console: string;
  tookMs: number;
  /** A file the program left in its `/tmp/out`. */
  read(name: string): string | undefined;
  dispose(): void;
}

const CONSOLE_KEPT = 8_000;

/**
 * Boots, runs the command, and powers off. Emulated always: a `/dev/kvm` that is there need not
 * work.
 */
export async function runMachine({
  kernel,
  command,
  timeoutMs,
  give = {},
}: MachineOptions): Promise<MachineRun> {
  const out = mkdtempSync(join(tmpdir(), "sentinel-hil-"));
  const share = (id: string, path: string, more: string): string[] => [
    "-fsdev",
    `local,id=${id},path=${path},security_model=none${more}`,
    "-device",
    `virtio-9p-pci,fsdev=${id},mount_tag=${id}`,
  ];
  const serialPort = (id: string, index: number, path: string): string[] => [
    "-chardev",
    `socket,id=${id},path=${path}`,
    "-device",
    `isa-serial,chardev=${id},index=${index}`,
  ];
  mkdirSync(join(out, "share"));
  for (const [name, text] of Object.entries(give)) writeFileSync(join(out, "share", name), text);
  const args = [
    ..."-M q35 -accel tcg,thread=multi -cpu max -smp 2 -m 1024".split(" "),
    ..."-nodefaults -no-user-config -display none -no-reboot -serial stdio".split(" "),
    "-kernel",
    kernel.image,
    "-initrd",
    kernel.initrd,
    "-append",
    `console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off random.trust_cpu=on hil.cmd=${command}`,
    // Two more serial ports, joined like the ends of one cable.
    ...serialPort("near", 1, `${join(out, "cable")},server=on,wait=off`),
    ...serialPort("far", 2, join(out, "cable")),
    ...share("root", "/", ",readonly=on,multidevs=remap"),
    ...share("mods", join(kernel.root, "lib", "modules"), ",readonly=on"),
    ...share("out", join(out, "share"), ""),
  ];
  const startedMs = performance.now();
  const child = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const keep = (text: Buffer): void => {
    said = (said + text.toString("latin1")).slice(-CONSOLE_KEPT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
  clearTimeout(timer);
  const read = (name: string): string | undefined => {
    const path = join(out, "share", name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const rc = read("rc")?.trim();
  return {
    exitCode: rc === undefined || rc === "" ? undefined : Number(rc),
    log: read("log") ?? "",
    console: said,
    tookMs: performance.now() - startedMs,
    read,
    dispose: () => rmSync(out, { recursive: true, force: true }),
  };
}
