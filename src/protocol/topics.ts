/** Every MQTT topic of the product, as one table. The unit's name is in the topic, so access rules are patterns. */

export const DEFAULT_ROOT = "sentinel";
/** Version of the layout below; a breaking change gets a new number beside the old one. */
const LAYOUT_VERSION = "1";
/** The word that addresses every unit; no unit may be called so. */
const ALL = "all";

const OF_DISTRICT = `{root}/${LAYOUT_VERSION}/{district}`;
const OF_UNIT = `${OF_DISTRICT}/{unit}`;

/**
 * Every address of the layout; what stands in braces is filled in. The published contract
 * (docs/asyncapi.yaml) is written from the same table.
 */
export const ADDRESSES = {
  events: `${OF_UNIT}/evt`,
  state: `${OF_UNIT}/state`,
  telemetry: `${OF_UNIT}/tel`,
  acknowledgement: `${OF_UNIT}/ack`,
  command: `${OF_UNIT}/cmd/{command}`,
  commandResult: `${OF_UNIT}/cmdres`,
  settings: `${OF_UNIT}/settings`,
  request: `${OF_UNIT}/get`,
  trial: `${OF_UNIT}/doctor`,
  part: `${OF_UNIT}/part/{sha256}`,
  unitManifest: `${OF_UNIT}/dist/{kind}/manifest`,
  districtManifest: `${OF_DISTRICT}/${ALL}/dist/{kind}/manifest`,
  rebirth: `${OF_DISTRICT}/${ALL}/rebirth`,
  /** Where Home Assistant looks (home-assistant.io/integrations/mqtt, "Discovery topic"). */
  homeAssistant: "homeassistant/device/{district}/{unit}/config",
} as const;
export type AddressName = keyof typeof ADDRESSES;

/** An address with its names filled in; a name that is not given becomes the wildcard for one level. */
export function fillAddress(name: AddressName, names: Readonly<Record<string, string>>): string {
  return ADDRESSES[name].replace(/\{(\w+)\}/g, (_braces, key: string) => names[key] ?? "+");
}

/** Topics of one unit. Who writes is in the comment; the broker's access rules say the same. */
export interface UnitTopics {
  /** Unit: records as CloudEvents, QoS 1. */
  events: string;
  /** Unit: birth and will, retained. */
  state: string;
  /** Unit: counters and gauges, QoS 0. */
  telemetry: string;
  /** Collector: which records are committed, retained. */
  acknowledgement: string;
  /** District: signed commands; the last level is the command's name. */
  command(name: string): string;
  /** What a unit subscribes to for all its commands. */
  commandFilter: string;
  /** Unit: what became of a command. */
  commandResult: string;
  /** Unit: which settings are in force, retained. */
  settings: string;
  /** Unit: asks for parts of a data set by their hash. */
  request: string;
  /** District: one part of a data set; the last level is its SHA-256. */
  chunk(sha256: string): string;
  chunkFilter: string;
  /** Doctor: what it tries a broker with; gone again when it has. */
  doctor: string;
  /** District: a signed description of a data set for this unit alone, retained. */
  manifest(kind: string): string;
  manifestFilter: string;
}

/** Topics all units of a district read. */
export interface DistrictTopics {
  /** Collector: send again whatever it has not acknowledged. */
  rebirth: string;
  /** District: a signed description of a data set, retained. */
  manifest(kind: string): string;
  /** What a unit subscribes to for all data sets. */
  manifestFilter: string;
  /** Unit topics of the whole district, for the collector. */
  everyUnit: {
    events: string;
    state: string;
    telemetry: string;
    commandResult: string;
    request: string;
  };
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function checked(name: string, what: string): string {
  if (!NAME.test(name)) {
    throw new RangeError(
      `${what} "${name}" must be 1 to 64 letters, digits, dots, hyphens or underscores: it becomes part of a topic`,
    );
  }
  return name;
}

/** @throws RangeError when a name cannot be part of a topic */
export function districtTopics(district: string, root = DEFAULT_ROOT): DistrictTopics {
  const names = { root: checked(root, "topic root"), district: checked(district, "district") };
  const at = (name: AddressName): string => fillAddress(name, names);
  return {
    rebirth: at("rebirth"),
    manifest: (kind) =>
      fillAddress("districtManifest", { ...names, kind: checked(kind, "data set") }),
    manifestFilter: at("districtManifest"),
    everyUnit: {
      events: at("events"),
      state: at("state"),
      telemetry: at("telemetry"),
      commandResult: at("commandResult"),
      request: at("request"),
    },
  };
}

/** @throws RangeError when a name cannot be part of a topic, or is the reserved `all` */
export function unitTopics(district: string, unitId: string, root = DEFAULT_ROOT): UnitTopics {
  if (unitId === ALL) throw new RangeError(`a unit cannot be called "${ALL}": it addresses all`);
  const names = {
    root: checked(root, "topic root"),
    district: checked(district, "district"),
    unit: checked(unitId, "unit"),
  };
  const at = (name: AddressName): string => fillAddress(name, names);
  return {
    events: at("events"),
    state: at("state"),
    telemetry: at("telemetry"),
    acknowledgement: at("acknowledgement"),
    command: (name) => fillAddress("command", { ...names, command: checked(name, "command") }),
    commandFilter: at("command"),
    commandResult: at("commandResult"),
    settings: at("settings"),
    request: at("request"),
    chunk: (sha256) => fillAddress("part", { ...names, sha256 }),
    chunkFilter: at("part"),
    doctor: at("trial"),
    manifest: (kind) => fillAddress("unitManifest", { ...names, kind: checked(kind, "data set") }),
    manifestFilter: at("unitManifest"),
  };
}

/** The unit a topic of the table belongs to, or nothing. */
export function unitOfTopic(topic: string): string | undefined {
  const [, version, , unit, last] = topic.split("/");
  if (version !== LAYOUT_VERSION || last === undefined || unit === ALL) return undefined;
  return unit;
}

/** Whether an MQTT topic filter matches a topic (MQTT 5 §4.7). */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (levels[index] === undefined) return false;
    if (level !== "+" && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}
