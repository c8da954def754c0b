/** What `sentinel doctor` says of the box itself: program, service, the service user's groups, GPIO. */
import { constants } from "node:fs";
import { access, readFile, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { userInfo } from "node:os";
import { findGpioChip, SYSFS_GPIO } from "../../../hal/linux/gpio-chip.ts";
import { tryNativeModules } from "../../../hal/linux/native-module.ts";
import type { UnitConfig } from "../../config/unit.ts";
import { describeVersion, releaseName } from "../../version.ts";
import { configuredDevices, usesOf } from "../../config/devices.ts";
import type { BusUse } from "../../../hal/bus/buses.ts";
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
  const buses = new Set(busesOf(config));
  const wanted = BUS_GROUPS.flatMap(([bus, group]) => (buses.has(bus) ? [group] : []));
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

/** Which kinds of buses the configured devices use. */
function busesOf(config: UnitConfig): BusUse["bus"][] {
  return configuredDevices(config.devices).flatMap((device) =>
    usesOf(device).map(({ bus }) => bus),
  );
}

/** The groups that own the devices of a bus on Raspberry Pi OS. */
const BUS_GROUPS: readonly (readonly [BusUse["bus"], string])[] = [
  ["gpio", "gpio"],
  ["two-wire", "i2c"],
  ["serial", "dialout"],
  ["camera", "video"],
];

/** Whether a line of the board's header is named. */
export function usesGpio(config: UnitConfig): boolean {
  return busesOf(config).includes("gpio");
}

/** The modules that a machine compiles itself, as far as the configured devices need them. */
function compiledModules(config: UnitConfig): ("onoff" | "i2c-bus")[] {
  const buses = new Set(busesOf(config));
  return [
    ...(buses.has("gpio") ? (["onoff"] as const) : []),
    ...(buses.has("two-wire") ? (["i2c-bus"] as const) : []),
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
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    return await freeBytes(dirname(folder));
  }
}
