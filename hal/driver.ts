/** What a driver registers: settings, needs, wiring, checks, and how to load it. */
import { z } from "zod";
import type { BusUse, Buses } from "./bus/buses.ts";
import type { Clock } from "./clock.ts";
import type { CardReader, CodeReader, DoorContacts, Gate, Panel, Thermometer } from "./devices.ts";
import type { DecodeEngine } from "./drivers/code-reader/engine/engine.ts";

/** What each kind of device can do. */
export interface DeviceByKind {
  "code-reader": CodeReader;
  "card-reader": CardReader;
  thermometer: Thermometer;
  gate: Gate;
  panel: Panel;
  "door-contacts": DoorContacts;
}

export type DeviceKind = keyof DeviceByKind;

/** One device's settings as the unit's file gives them, defaults filled in. Only its driver knows the rest. */
export type DeviceSettings = { driver: string; [setting: string]: unknown };

/** What a driver works with. */
export interface DriverContext {
  buses: Buses;
  clock: Clock;
  /** For readers that decode pictures. */
  decoding: {
    engine: DecodeEngine;
    /** Patterns of the texts that look like a credential. */
    wanted: readonly string[];
    /** CPU for further attempts a frame, as a multiple of the cheapest decoder. */
    share: number;
  };
}

/** One check of `sentinel doctor`. */
export interface DriverCheck {
  /** The part that is checked, in a few words. */
  what: string;
  /** Resolves with what was found where all is well; rejects with what is wrong. */
  run(): Promise<string>;
  /** What to do where it failed. */
  fix(detail: string): string;
}

/** A row of the wiring table. */
export interface WiringRow {
  what: string;
  connectsTo: string;
  /** BCM numbers, where it is on the header. */
  lines?: readonly number[];
  notes?: string;
}

/** A schema of settings that can be told from others by its `driver`. */
export type SettingsSchema<S extends DeviceSettings = DeviceSettings> = z.ZodType<S> &
  z.core.$ZodTypeDiscriminable;

/** Makes a device. */
export type Factory<K extends DeviceKind, S = DeviceSettings> = (
  settings: S,
  context: DriverContext,
) => DeviceByKind[K];

/** What the folder of a driver registers. The driver's own code is loaded only where it is used. */
export interface DriverRegistration<K extends DeviceKind, S extends DeviceSettings> {
  kind: K;
  /** The value of `driver:` in the unit's file. */
  name: string;
  /** One line on what it drives. */
  summary: string;
  /** Made with `driverKey` for its `driver`; parsing what it has parsed changes nothing. */
  schema: SettingsSchema<S>;
  /** Settings that stood in files before they named a driver, and that no other driver of the kind has. */
  impliedBy?: readonly string[];
  /** How many of it a unit can have; absent: as many as of its kind. */
  most?: number;
  /** The chip that stands for it in the simulation; absent where the bus alone is simulated. */
  chip?: string;
  /** For the wiring table, with the settings' defaults. */
  wiring: readonly WiringRow[];
  /** Which places of the machine it takes. */
  uses(settings: S): BusUse[];
  /** Loads the driver's code. Making the device then takes no time, and opens nothing before it is started. */
  load(): Promise<Factory<K, S>>;
  /** How `sentinel doctor` checks it. The unit is stopped meanwhile. */
  checks(settings: S, context: DriverContext): DriverCheck[];
}

/** A registered driver: its settings may come from anywhere and are checked again where they are used. */
export interface Driver<K extends DeviceKind = DeviceKind> extends Omit<
  DriverRegistration<K, DeviceSettings>,
  "uses" | "load" | "checks"
> {
  /** Settings that cannot be used take nothing. */
  uses(settings: DeviceSettings): BusUse[];
  load(): Promise<Factory<K>>;
  checks(settings: DeviceSettings, context: DriverContext): DriverCheck[];
}

/** Registers a driver. */
export function defineDriver<K extends DeviceKind, S extends DeviceSettings>(
  registration: DriverRegistration<K, S>,
): Driver<K> {
  const { schema } = registration;
  return {
    ...registration,
    uses(settings) {
      const checked = schema.safeParse(settings);
      return checked.success ? registration.uses(checked.data) : [];
    },
    async load() {
      const create = await registration.load();
      return (settings, context) => create(schema.parse(settings), context);
    },
    checks: (settings, context) => registration.checks(schema.parse(settings), context),
  };
}

/**
 * The `driver` key of a driver's settings.
 * @param optional for the driver that is meant where none is named
 */
export function driverKey<const N extends string>(
  name: N,
  summary: string,
  optional = false,
): z.ZodLiteral<N> | z.ZodPrefault<z.ZodLiteral<N>> {
  const key = z.literal(name).describe(summary);
  return optional ? key.prefault(name).describe(summary) : key;
}
