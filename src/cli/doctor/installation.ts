/** What `sentinel doctor` says of the box itself: program, service, the service user's groups, GPIO. */
import { constants } from "node:fs";
import { access, readFile, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { userInfo } from "node:os";
import { findGpioChip, SYSFS_GPIO } from "../../../hal/linux/gpio-chip.ts";
import { tryNativeModules } from "../../../hal/linux/native-module.ts";
import type { UnitConfig } from "../../config/unit.ts";
import { describeVersion, releaseName } from "../../version.ts";
import type { Check } from "./check.ts";

/** Where this machine keeps what is looked at; a test has its own. */
export interface Machine {
  serviceFile: string;
  groupFile: string;
  gpio: string;
  user: string;
  /** Loads modules that are compiled where they run. */
  load: typeof tryNativeModules;
}

const THIS_MACHINE: Machine = {
  serviceFile: "/etc/systemd/system/sentinel.service",
  groupFile: "/etc/group",
  gpio: SYSFS_GPIO,
  user: userInfo().username,
  load: tryNativeModules,
};

const SERVICE_USER = "sentinel";

/** Looked at first: what fails here is the cause of what fails below. */
export async function installationChecks(
  config: UnitConfig,
  machine: Machine = THIS_MACHINE,
): Promise<Check[]> {
  const service = await textOf(machine.serviceFile);
  const groups = await textOf(machine.groupFile);
  const modules = compiledModules(config);
  const hasUser = new RegExp(`^${SERVICE_USER}:`, "m").test(groups ?? "");
  return [
    { what: "program", run: () => Promise.resolve(describeVersion()), fix: "" },
    {
      what: "service",
      run: service === undefined ? undefined : () => checkService(service),
      absent: `not installed as a service: there is no ${machine.serviceFile}`,
      fix: "run deploy/install.sh again, as root",
    },
    {
      what: "service user",
      run: hasUser ? () => checkGroups(groups ?? "", config, machine.user) : undefined,
      absent: `there is no user ${SERVICE_USER}: deploy/install.sh makes it`,
      fix: (detail) =>
        `sudo usermod -aG ${/: (.*)$/.exec(detail)?.[1] ?? ""} ${SERVICE_USER}, or run deploy/install.sh again; then restart the service`,
    },
    {
      what: "built modules",
      run:
        modules.length === 0
          ? undefined
          : async () => {
              await machine.load(modules);
              return `${modules.join(", ")}: built for this Node`;
            },
      absent: "none is needed: no line of the board and no two-wire bus is used",
      fix: "",
    },
    {
      what: "GPIO lines",
      run: usesGpio(config) ? () => checkGpio(machine.gpio) : undefined,
      fix: "gate, panel and contacts need a kernel with GPIO in /sys (CONFIG_GPIO_SYSFS), as that of Raspberry Pi OS has it, and a Raspberry Pi",
    },
  ];
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The service must start, from the release that this program is of. */
async function checkService(text: string): Promise<string> {
  const valueOf = (name: string): string | undefined =>
    [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].at(-1)?.[1];
  const folder = valueOf("WorkingDirectory") ?? "";
  const program = valueOf("ExecStart")?.split(" ")[0] ?? "";
  await access(program, constants.X_OK);
  if (valueOf("ProtectClock") === "yes") {
    throw new Error("ProtectClock=yes forbids the unit to ask whether the clock is synchronised");
  }
  const release = folder.split("/").at(-1) ?? "";
  const own = releaseName();
  if (own !== "checkout" && own !== release) {
    throw new Error(`the service runs ${release}, and this doctor is of ${own}`);
  }
  return `starts ${program}`;
}

/** The groups that own what the configuration names. */
function checkGroups(text: string, config: UnitConfig, user: string): Promise<string> {
  const { camera, cardReader, thermometer, panel } = config.devices;
  const wanted = [
    ...(usesGpio(config) ? ["gpio"] : []),
    ...(thermometer === undefined ? [] : ["i2c"]),
    ...(cardReader === undefined && panel?.path === undefined ? [] : ["dialout"]),
    ...(camera === undefined ? [] : ["video"]),
  ];
  const missing = wanted.filter((group) => !membersOf(text, group).includes(SERVICE_USER));
  if (missing.length > 0) {
    return Promise.reject(new Error(`${SERVICE_USER} is not in: ${missing.join(",")}`));
  }
  const groups = wanted.length === 0 ? "no group" : wanted.join(", ");
  const advice =
    user === SERVICE_USER
      ? ""
      : `; you are ${user}, and may use what it may not: sudo -u ${SERVICE_USER} sentinel doctor`;
  return Promise.resolve(`${SERVICE_USER} is in ${groups}${advice}`);
}

function membersOf(text: string, group: string): string[] {
  const line = text.split("\n").find((each) => each.startsWith(`${group}:`));
  return line?.split(":")[3]?.split(",") ?? [];
}

/** Whether a line of the board's header is named. */
export function usesGpio({ devices: { gate, panel, contacts } }: UnitConfig): boolean {
  const hasPanel = panel !== undefined && panel.path === undefined;
  const hasContacts = Object.values(contacts ?? {}).some((contact) => contact !== undefined);
  return gate.file === undefined || hasPanel || hasContacts;
}

/** The modules that what the configuration names takes, of those that a machine compiles itself. */
function compiledModules(config: UnitConfig): ("onoff" | "i2c-bus")[] {
  return [
    ...(usesGpio(config) ? (["onoff"] as const) : []),
    ...(config.devices.thermometer === undefined ? [] : (["i2c-bus"] as const)),
  ];
}

async function checkGpio(root: string): Promise<string> {
  const { label, base, lines } = await findGpioChip(root);
  return `${label}, ${lines} lines from ${base}`;
}

/** Free space where a folder is, or will be. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return await freeBytes(dirname(folder));
  }
}

/** How to get the program of a camera, or what else to look at. */
export function cameraFix(camera: UnitConfig["devices"]["camera"], detail: string): string {
  if (/spawn .* ENOENT/.test(detail)) {
    switch (camera?.source) {
      case "rpicam":
        return "the camera's program is missing: sudo apt-get install rpicam-apps-lite (Raspberry Pi OS)";
      case "v4l2":
        return "the camera's program is missing: sudo apt-get install ffmpeg";
      case "command":
      case undefined:
        return "the camera's program is missing: install it, or correct devices.camera.command";
    }
  }
  if (/blank/.test(detail)) return "take the lens cover off, or give the doorway light";
  return "check the ribbon or the USB plug, and that rpicam-hello or v4l2-ctl sees the camera";
}

/** A bus that is not there is another matter than a chip that does not answer. */
export function thermometerFix(bus: number, detail: string): string {
  if (/ENOENT/.test(detail)) {
    return `there is no /dev/i2c-${bus}: dtparam=i2c_arm=on in config.txt, module i2c-dev loaded (sudo modprobe i2c-dev; deploy/install.sh has it loaded at each start), then reboot`;
  }
  return "check SDA, SCL and 3.3 V, and group i2c; where it answers now and then, dtparam=i2c_arm_baudrate=10000 in config.txt";
}

/** For a line of the board's header. */
export const LINE_FIX =
  "check the line's number, group gpio, the pull-ups in config.txt (docs/installers/wiring.md), and that no other program holds it";
