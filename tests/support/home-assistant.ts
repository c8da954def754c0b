/**
 * Home Assistant's side of MQTT discovery, written from what it publishes, not from our announcer:
 * the documentation at home-assistant.io/integrations/mqtt ("Discovery messages", "Device discovery
 * payload", "Supported abbreviations"), and its own checks in home-assistant/core,
 * homeassistant/components/mqtt/{schemas,discovery,abbreviations}.py (DEVICE_DISCOVERY_SCHEMA,
 * TOPIC_MATCHER, ABBREVIATIONS). Only what a sensor or binary sensor may have.
 */

/** discovery.py, TOPIC_MATCHER: component, optional node id, object id. */
export const DISCOVERY_TOPIC =
  /^homeassistant\/(?<component>\w+)\/(?:(?<node>[a-zA-Z0-9_-]+)\/)?(?<object>[a-zA-Z0-9_-]+)\/config$/;

/** abbreviations.py, as far as sensors use them. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  avty: "availability",
  avty_mode: "availability_mode",
  avty_t: "availability_topic",
  avty_tpl: "availability_template",
  cmd_t: "command_topic",
  cmps: "components",
  dev: "device",
  dev_cla: "device_class",
  e: "encoding",
  en: "enabled_by_default",
  ent_cat: "entity_category",
  exp_aft: "expire_after",
  frc_upd: "force_update",
  ic: "icon",
  json_attr_t: "json_attributes_topic",
  json_attr_tpl: "json_attributes_template",
  o: "origin",
  off_dly: "off_delay",
  ops: "options",
  p: "platform",
  pl_avail: "payload_available",
  pl_not_avail: "payload_not_available",
  pl_off: "payload_off",
  pl_on: "payload_on",
  stat_cla: "state_class",
  stat_t: "state_topic",
  uniq_id: "unique_id",
  unit_of_meas: "unit_of_measurement",
  val_tpl: "value_template",
};
const DEVICE_ABBREVIATIONS: Readonly<Record<string, string>> = {
  cns: "connections",
  cu: "configuration_url",
  hw: "hw_version",
  ids: "identifiers",
  mdl: "model",
  mf: "manufacturer",
  sa: "suggested_area",
  sn: "serial_number",
  sw: "sw_version",
};
const ORIGIN_ABBREVIATIONS: Readonly<Record<string, string>> = {
  sw: "sw_version",
  url: "support_url",
};

export type Config = Record<string, unknown>;

function spelt(value: unknown, names: Readonly<Record<string, string>>): Config {
  return Object.fromEntries(
    Object.entries(value as Config).map(([key, inner]) => [names[key] ?? key, inner]),
  );
}

/** The payload with every abbreviation spelt out, as discovery.py does before it checks. */
export function spellOut(payload: string): Config {
  const config = spelt(JSON.parse(payload), ABBREVIATIONS);
  const components = config["components"] as Record<string, unknown>;
  return {
    ...config,
    device: spelt(config["device"], DEVICE_ABBREVIATIONS),
    origin: spelt(config["origin"], ORIGIN_ABBREVIATIONS),
    components: Object.fromEntries(
      Object.entries(components).map(([key, one]) => [key, spelt(one, ABBREVIATIONS)]),
    ),
  };
}

const text = { type: "string", minLength: 1 };
/** valid_subscribe_topic, without wildcards: a sensor listens to one topic. */
const topic = { type: "string", pattern: "^[^#+\\u0000]+$" };
const availability = {
  availability_topic: topic,
  availability_template: text,
  payload_available: text,
  payload_not_available: text,
};
/** Options of every entity (entity.py, MQTT_ENTITY_COMMON_SCHEMA; "unique_id" is required here by the documentation). */
const entity = {
  ...availability,
  platform: text,
  name: { type: ["string", "null"] },
  unique_id: text,
  state_topic: topic,
  value_template: text,
  qos: { enum: [0, 1, 2] },
  icon: { type: "string", pattern: "^[\\w-]+:[\\w-]+$" },
  enabled_by_default: { type: "boolean" },
  // A sensor may not be of category "config" (sensor.py, binary_sensor.py).
  entity_category: { const: "diagnostic" },
  expire_after: { type: "integer", minimum: 0 },
  force_update: { type: "boolean" },
  json_attributes_topic: topic,
  json_attributes_template: text,
};

/** home-assistant.io/integrations/sensor: classes we may use, with the units they may have. */
const sensor = {
  type: "object",
  required: ["platform", "unique_id", "state_topic"],
  additionalProperties: false,
  properties: {
    ...entity,
    platform: { const: "sensor" },
    device_class: { enum: ["temperature", "data_size", "duration", "enum", "timestamp"] },
    state_class: { enum: ["measurement", "total", "total_increasing"] },
    unit_of_measurement: text,
    options: { type: "array", minItems: 1, items: text },
    suggested_display_precision: { type: "integer", minimum: 0 },
  },
  allOf: [
    {
      // sensor.py: "enum" needs options, and allows neither a state class nor a unit.
      if: { properties: { device_class: { const: "enum" } }, required: ["device_class"] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: {
        required: ["options"],
        not: { anyOf: [{ required: ["state_class"] }, { required: ["unit_of_measurement"] }] },
      },
      else: { not: { required: ["options"] } },
    },
    {
      if: { properties: { device_class: { const: "temperature" } }, required: ["device_class"] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: {
        required: ["unit_of_measurement"],
        properties: { unit_of_measurement: { enum: ["°C", "°F", "K"] } },
      },
    },
  ],
};

const binarySensor = {
  type: "object",
  required: ["platform", "unique_id", "state_topic"],
  additionalProperties: false,
  properties: {
    ...entity,
    platform: { const: "binary_sensor" },
    device_class: { enum: ["problem", "connectivity", "tamper", "safety", "lock", "door"] },
    payload_on: text,
    payload_off: text,
    off_delay: { type: "integer", minimum: 0 },
  },
};

/** A device announcement with its abbreviations spelt out (schemas.py, DEVICE_DISCOVERY_SCHEMA). */
export const DEVICE_DISCOVERY = {
  type: "object",
  required: ["device", "origin", "components"],
  additionalProperties: false,
  properties: {
    ...availability,
    device: {
      type: "object",
      additionalProperties: false,
      // validate_device_has_at_least_one_identifier
      anyOf: [{ required: ["identifiers"] }, { required: ["connections"] }],
      properties: {
        identifiers: { type: ["array", "string"], minItems: 1, items: text },
        connections: { type: "array" },
        manufacturer: text,
        model: text,
        name: text,
        hw_version: text,
        serial_number: text,
        sw_version: text,
        via_device: text,
        suggested_area: text,
        configuration_url: text,
      },
    },
    origin: {
      type: "object",
      required: ["name"],
      additionalProperties: false,
      properties: { name: text, sw_version: text, support_url: text },
    },
    components: {
      type: "object",
      minProperties: 1,
      additionalProperties: { oneOf: [sensor, binarySensor] },
    },
    state_topic: topic,
    qos: { enum: [0, 1, 2] },
    encoding: text,
  },
};

/**
 * What a template of the one form we use gives for a payload: `{{ value_json.path }}`, a path of
 * names and quoted names, as text the way Home Assistant compares it. Nothing where the path ends
 * in nothing.
 */
export function render(template: string, payload: string): string | undefined {
  const path = /^\{\{ value_json((?:\.\w+|\['[\w-]+'\])+)( \| tojson)? \}\}$/.exec(template);
  if (path === null) throw new Error(`not a template this reader knows: ${template}`);
  const names = [...(path[1] ?? "").matchAll(/\.(\w+)|\['([\w-]+)'\]/g)];
  const found = names.reduce(
    (at: unknown, [, plain, quoted]) => (at as Config | undefined)?.[plain ?? quoted ?? ""],
    JSON.parse(payload) as unknown,
  );
  if (found === undefined || found === null) return undefined;
  const plain = path[2] === undefined && typeof found === "string";
  return plain ? found : JSON.stringify(found);
}
