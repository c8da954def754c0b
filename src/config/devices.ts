/** The devices of a unit, as its configuration file names them. Their settings are their drivers'. */
import { z } from "zod";
import type { BusUse } from "../../hal/bus/buses.ts";
import type { DeviceKind, DeviceSettings, Driver, SettingsSchema } from "../../hal/driver.ts";
import { DRIVERS, driverOf } from "../../hal/registry.ts";
import { pathText } from "./problems.ts";
import { CARD_READERS, CODE_READERS, type DeviceName } from "../core/alarm.ts";

/** The settings of one device of a kind: those of the driver that `driver` names, or of the first. */
function settingsOf(kind: DeviceKind): z.ZodType<DeviceSettings> {
  const drivers: readonly [Driver, ...Driver[]] = DRIVERS[kind];
  const [first, ...others] = drivers;
  const options: [SettingsSchema, ...SettingsSchema[]] = [
    first.schema,
    ...others.map(({ schema }) => schema),
  ];
  const settings = z.discriminatedUnion("driver", options);
  if (!drivers.some(({ impliedBy }) => impliedBy !== undefined)) return settings;
  return z.preprocess((value) => withDriver(value, drivers), settings);
}

/** Files from before drivers had names say by another setting which one they mean. */
function withDriver(value: unknown, drivers: readonly [Driver, ...Driver[]]): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  if ("driver" in value) return value;
  const meant = drivers.find(({ impliedBy = [] }) => impliedBy.some((key) => key in value));
  return { driver: (meant ?? drivers[0]).name, ...value };
}

function severalOf(
  kind: DeviceKind,
  names: readonly DeviceName[],
): z.ZodOptional<z.ZodArray<z.ZodType<DeviceSettings>>> {
  return z
    .array(settingsOf(kind))
    .max(names.length, `expected at most ${names.length}`)
    .optional()
    .describe(
      `instead of the single one: up to ${names.length}, named ${names.slice(0, 2).join(", ")} and so on in their order`,
    );
}

/** Only a camera has a key of its own: it had one before there were other code readers. */
const CAMERA = DRIVERS["code-reader"][0];
const onlyCamera = z.preprocess((value, context) => {
  const named =
    value !== null && typeof value === "object" && "driver" in value ? value.driver : undefined;
  if (named === undefined || named === CAMERA.name) return value;
  context.addIssue({
    code: "custom",
    path: ["driver"],
    message: `expected ${CAMERA.name}: a code reader with another driver stands in devices.codeReaders`,
  });
  return value;
}, CAMERA.schema);

const NO_BADGE_READER = "no driver of a badge reader is known: remove the list";

/** A device that is not named is not there. The gate always is. */
export const devices = z
  .strictObject({
    camera: onlyCamera
      .optional()
      .describe("the only code reader; a second one, or a scanner: `codeReaders`"),
    codeReaders: severalOf("code-reader", CODE_READERS),
    cardReader: settingsOf("card-reader")
      .optional()
      .describe("the only card reader; a second one: `cardReaders`"),
    cardReaders: severalOf("card-reader", CARD_READERS),
    badgeReaders: z
      .array(z.unknown())
      .max(0, NO_BADGE_READER)
      .optional()
      .describe("no driver of a badge reader is known yet: leave it out"),
    thermometer: settingsOf("thermometer").optional(),
    gate: settingsOf("gate").prefault({ driver: DRIVERS.gate[0].name }),
    panel: settingsOf("panel").optional(),
    contacts: settingsOf("door-contacts")
      .optional()
      .describe("each a BCM number, or with its details"),
  })
  .prefault({})
  .describe("a device that is not named is not there");

export type DevicesConfig = z.output<typeof devices>;

/** A device that the file names. */
export interface ConfiguredDevice {
  kind: DeviceKind;
  /** As alarms and figures name it. */
  name: DeviceName;
  /** Where it stands in the file, below `devices`. */
  setting: (string | number)[];
  settings: DeviceSettings;
}

/** What the file names, in the order in which figures list it. */
export function configuredDevices(config: DevicesConfig): ConfiguredDevice[] {
  const one = (
    kind: DeviceKind,
    name: DeviceName,
    key: keyof DevicesConfig,
    settings: DeviceSettings | undefined,
  ): ConfiguredDevice[] =>
    settings === undefined ? [] : [{ kind, name, setting: [key], settings }];
  const several = (
    kind: DeviceKind,
    names: readonly DeviceName[],
    key: keyof DevicesConfig,
    list: readonly DeviceSettings[] = [],
  ): ConfiguredDevice[] =>
    list.flatMap((settings, index): ConfiguredDevice[] => {
      const name = names[index];
      return name === undefined ? [] : [{ kind, name, setting: [key, index], settings }];
    });
  return [
    ...one("code-reader", "code-reader", "camera", config.camera),
    ...several("code-reader", CODE_READERS, "codeReaders", config.codeReaders),
    ...one("card-reader", "card-reader", "cardReader", config.cardReader),
    ...several("card-reader", CARD_READERS, "cardReaders", config.cardReaders),
    ...one("thermometer", "thermometer", "thermometer", config.thermometer),
    ...one("gate", "gate", "gate", config.gate),
    ...one("panel", "panel", "panel", config.panel),
    ...one("door-contacts", "door-contacts", "contacts", config.contacts),
  ];
}

/** Which places of the machine a device takes. */
export function usesOf({ kind, settings }: ConfiguredDevice): BusUse[] {
  return driverOf(kind, settings).uses(settings);
}

interface DeviceProblem {
  path: (string | number)[];
  message: string;
}

/** What each device's own settings cannot show: two that want the same place, or stand twice. */
export function deviceProblems(config: DevicesConfig): DeviceProblem[] {
  const named = configuredDevices(config);
  return [...namedTwice(config), ...tooMany(named), ...takenTwice(named)];
}

function namedTwice({ camera, codeReaders, cardReader, cardReaders }: DevicesConfig) {
  const both = (one: string, several: string): DeviceProblem => ({
    path: [one],
    message: `stands beside devices.${several}: move it into that list`,
  });
  return [
    ...(camera && codeReaders ? [both("camera", "codeReaders")] : []),
    ...(cardReader && cardReaders ? [both("cardReader", "cardReaders")] : []),
  ];
}

function tooMany(named: readonly ConfiguredDevice[]): DeviceProblem[] {
  const counts = new Map<string, number>();
  return named.flatMap(({ kind, setting, settings }) => {
    const { name, most = Infinity } = driverOf(kind, settings);
    const count = (counts.get(`${kind} ${name}`) ?? 0) + 1;
    counts.set(`${kind} ${name}`, count);
    const message = `a unit can have ${most} device with driver ${name} at most`;
    return count > most ? [{ path: setting, message }] : [];
  });
}

/** A line of the header, a port, and an address on a bus can each serve one thing only. */
function takenTwice(named: readonly ConfiguredDevice[]): DeviceProblem[] {
  const owners = new Map<string, string>();
  return named.flatMap((device) =>
    usesOf(device).flatMap((use) => {
      const place = placeOf(use);
      if (place === undefined) return [];
      const path = [...device.setting, use.setting];
      const owner = owners.get(place);
      if (owner !== undefined) return [{ path, message: `${place} is devices.${owner} already` }];
      owners.set(place, pathText(path));
      return [];
    }),
  );
}

function placeOf(use: BusUse): string | undefined {
  switch (use.bus) {
    case "gpio":
      return `line ${use.line}`;
    case "serial":
      return `port ${use.path}`;
    case "two-wire":
      return `address ${use.address} of bus ${use.number}`;
    case "camera":
      return undefined;
  }
}
