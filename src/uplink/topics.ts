/** Every MQTT topic of the product, as one table. The unit's name is in the topic, so access rules are patterns. */

export const DEFAULT_ROOT = "sentinel";
/** Version of the layout below; a breaking change gets a new number beside the old one. */
const LAYOUT_VERSION = "1";

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
  /** Unit: asks for parts of a data set by their hash. */
  request: string;
  /** District: one part of a data set; the last level is its SHA-256. */
  part(sha256: string): string;
  partFilter: string;
  /** District: a signed description of a data set for this unit alone, retained. */
  manifest(kind: string): string;
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

/** The word that addresses every unit; no unit may be called so. */
const ALL = "all";

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
  const base = `${checked(root, "topic root")}/${LAYOUT_VERSION}/${checked(district, "district")}`;
  const all = `${base}/${ALL}`;
  return {
    rebirth: `${all}/rebirth`,
    manifest: (kind) => `${all}/dist/${checked(kind, "data set")}/manifest`,
    manifestFilter: `${all}/dist/+/manifest`,
    everyUnit: {
      events: `${base}/+/evt`,
      state: `${base}/+/state`,
      telemetry: `${base}/+/tel`,
      commandResult: `${base}/+/cmdres`,
      request: `${base}/+/get`,
    },
  };
}

/** @throws RangeError when a name cannot be part of a topic, or is the reserved `all` */
export function unitTopics(district: string, unitId: string, root = DEFAULT_ROOT): UnitTopics {
  if (unitId === ALL) throw new RangeError(`a unit cannot be called "${ALL}": it addresses all`);
  const base = `${checked(root, "topic root")}/${LAYOUT_VERSION}/${checked(district, "district")}/${checked(unitId, "unit")}`;
  return {
    events: `${base}/evt`,
    state: `${base}/state`,
    telemetry: `${base}/tel`,
    acknowledgement: `${base}/ack`,
    command: (name) => `${base}/cmd/${checked(name, "command")}`,
    commandFilter: `${base}/cmd/+`,
    commandResult: `${base}/cmdres`,
    request: `${base}/get`,
    part: (sha256) => `${base}/part/${sha256}`,
    partFilter: `${base}/part/+`,
    manifest: (kind) => `${base}/dist/${checked(kind, "data set")}/manifest`,
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
