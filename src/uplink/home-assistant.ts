/**
 * A unit as Home Assistant sees it: one device of sensors, announced in the device-based form of
 * MQTT discovery (home-assistant.io/integrations/mqtt, "Device discovery payload").
 */
import { DEVICE_NAMES, type DeviceName } from "../core/alarm.ts";
import type { Discovery } from "../protocol/message-schemas.ts";
import { fillAddress, unitTopics } from "../protocol/topics.ts";

export interface AnnouncedUnit {
  unitId: string;
  district: string;
  /** First level of the unit's topics. */
  root?: string;
  /** What people call the place. */
  name: string;
  /** Of the program. */
  version: string;
  /** What hangs on it. */
  devices: readonly DeviceName[];
  /** What hung on it once: Home Assistant keeps an entity until it is told that it is gone. */
  removed?: readonly DeviceName[];
  /** Whether its telemetry has the processor's temperature. */
  hasTemperature: boolean;
  /** How often it tells its telemetry. */
  telemetrySeconds: number;
}

type Component = Extract<Discovery["cmps"][string], { unique_id: string }>;
type Own = "unique_id" | "stat_t" | "exp_aft";
type Bare<C> = C extends Component ? Omit<C, Own> : never;

/** A value is unknown after so many tellings that did not come. */
const MISSED = 3;
const PRODUCT = "Digital Sentinel";
const DEVICE_TEXT: Readonly<Record<DeviceName, string>> = {
  "code-reader": "Code reader",
  "card-reader": "Card reader",
  thermometer: "Thermometer",
  gate: "Gate",
  panel: "Panel",
  "door-contacts": "Door contacts",
  "code-reader-2": "Code reader 2",
  "code-reader-3": "Code reader 3",
  "code-reader-4": "Code reader 4",
  "card-reader-2": "Card reader 2",
  "card-reader-3": "Card reader 3",
  "card-reader-4": "Card reader 4",
};

/** Where a unit announces itself; an empty retained message there takes the announcement back. */
export function discoveryTopic(unit: { district: string; unitId: string }): string {
  return fillAddress("homeAssistant", { district: unit.district, unit: unit.unitId });
}

/** The announcement, to be retained. Sensors only: a door is opened by signed commands alone. */
export function discoveryOf(unit: AnnouncedUnit): Discovery {
  const { district, unitId, root, name, version, removed = [] } = unit;
  const topics = unitTopics(district, unitId, root);
  const id = `sentinel_${district}_${unitId}`;
  const components = Object.entries(componentsOf(unit, topics.telemetry)).map(
    ([key, component]): [string, Component] => [
      key,
      {
        ...component,
        unique_id: `${id}_${key}`,
        stat_t: topics.telemetry,
        exp_aft: MISSED * unit.telemetrySeconds,
      },
    ],
  );
  return {
    dev: { ids: [id], name, mf: PRODUCT, mdl: "unit", sw: version },
    o: { name: PRODUCT, sw: version },
    avty_t: topics.state,
    avty_tpl: value("availability"),
    qos: 0,
    cmps: {
      ...Object.fromEntries(components),
      // "Device discovery payload": a component that is nothing but its platform is removed.
      ...Object.fromEntries(
        removed.map((device) => [keyOf(device), { p: "binary_sensor" as const }]),
      ),
    },
  };
}

function componentsOf(unit: AnnouncedUnit, telemetry: string): Record<string, Bare<Component>> {
  return {
    granted: visits("Granted", "granted"),
    denied: visits("Denied", "denied"),
    referred: visits("Referred to staff", "referred"),
    alarms: {
      p: "sensor",
      name: "Alarms",
      val_tpl: value("alarms.count"),
      stat_cla: "measurement",
      json_attr_t: telemetry,
      json_attr_tpl: "{{ value_json.alarms | tojson }}",
    },
    mode: {
      p: "sensor",
      name: "Mode",
      val_tpl: value("mode"),
      dev_cla: "enum",
      ops: ["normal", "locked-down", "evacuation"],
    },
    records_waiting: {
      p: "sensor",
      name: "Records waiting",
      val_tpl: value("outbox.pending"),
      stat_cla: "measurement",
      ent_cat: "diagnostic",
    },
    records_lost: {
      p: "sensor",
      name: "Records lost",
      val_tpl: value("outbox.lost"),
      stat_cla: "total_increasing",
      ent_cat: "diagnostic",
    },
    clock: problem("Clock", value("clock"), "untrusted", "trusted"),
    ...Object.fromEntries(
      DEVICE_NAMES.filter((device) => unit.devices.includes(device)).map((device) => [
        keyOf(device),
        problem(DEVICE_TEXT[device], `{{ value_json.devices['${device}'] }}`, "failed", "ok"),
      ]),
    ),
    ...(unit.hasTemperature
      ? {
          processor_temperature: {
            p: "sensor",
            name: "Processor temperature",
            val_tpl: value("temperatureC"),
            dev_cla: "temperature",
            stat_cla: "measurement",
            unit_of_meas: "°C",
            ent_cat: "diagnostic",
          },
        }
      : {}),
  };
}

const keyOf = (device: DeviceName): string => device.replaceAll("-", "_");

const value = (path: string): string => `{{ value_json.${path} }}`;

function visits(name: string, outcome: string): Bare<Component> {
  return {
    p: "sensor",
    name,
    val_tpl: value(`visits.${outcome}`),
    stat_cla: "total_increasing",
    unit_of_meas: "visits",
  };
}

/** A binary sensor that is "on" while something is wrong. */
function problem(name: string, template: string, wrong: string, right: string): Bare<Component> {
  return {
    p: "binary_sensor",
    name,
    val_tpl: template,
    dev_cla: "problem",
    pl_on: wrong,
    pl_off: right,
    ent_cat: "diagnostic",
  };
}
