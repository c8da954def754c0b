/** What is said over MQTT beside records, as schemas that check and are published. */
import { z } from "zod";
import { ALARM_KINDS, DEVICE_NAMES } from "../core/alarm.ts";
import { DATA_SET_KINDS } from "../core/data-set.ts";
import { CREDENTIAL_REASONS, DECISION_REASONS } from "../core/reason.ts";
import { count, epochMs, remark, word } from "./record-schemas.ts";

const unit = word.describe("the unit's name, as in the topic");
const bootId = word.describe("new at each start: tells a stale will from a fresh birth");

const dataSetSchema = z
  .strictObject({
    version: count.describe("of the set in force; absent: none ever was").exactOptional(),
    asOfMs: epochMs.describe("when the content of the set in force was true").exactOptional(),
    loading: count.describe("version that is being fetched").exactOptional(),
    error: z
      .strictObject({
        reason: word.describe("docs/operators/distribution.md lists them"),
        version: count.exactOptional(),
        detail: remark.exactOptional(),
        atMs: epochMs,
      })
      .describe("the last failure, until a good set has come")
      .exactOptional(),
  })
  .describe("how one set of data from the district stands");

export const birthSchema = z
  .strictObject({
    unit,
    availability: z.literal("online"),
    bootId,
    version: word.describe("of the program"),
    epoch: word.describe("of the records this unit writes now"),
    outbox: z.strictObject({
      pending: count.describe("records the far end has not confirmed"),
      head: count.describe("last sequence number"),
    }),
    sets: z.partialRecord(z.enum(DATA_SET_KINDS), dataSetSchema).exactOptional(),
  })
  .describe("The unit is there. Said after each connection, and when its facts change.");

export const willSchema = z
  .strictObject({ unit, availability: z.literal("offline"), bootId })
  .describe(
    "The unit is gone: its farewell, or its will five seconds after the connection was lost.",
  );

const health = z.enum(["ok", "failed"]);

export const telemetrySchema = z
  .strictObject({
    atMs: epochMs,
    mode: z.enum(["normal", "locked-down", "evacuation"]),
    clock: z.enum(["trusted", "untrusted"]),
    visits: z
      .strictObject({ granted: count, denied: count, referred: count })
      .describe("decided since the unit's start"),
    releases: count.describe("times the gate was opened since the unit's start"),
    commandsRefused: z
      .record(z.string(), count)
      .describe("commands that did nothing since the unit's start, by why"),
    alarms: z.strictObject({
      count,
      inForce: z.array(
        z.strictObject({ kind: z.enum(ALARM_KINDS), subject: word.exactOptional() }),
      ),
    }),
    outbox: z.strictObject({
      pending: count.describe("records the far end has not confirmed"),
      lost: count.describe("records refused or given up at the outbox's limit"),
      state: z.enum(["normal", "filling", "full"]),
    }),
    devices: z.partialRecord(z.enum(DEVICE_NAMES), health),
    links: z.partialRecord(z.enum(["broker", "directory"]), health),
    uptimeSeconds: count,
    memoryBytes: count.describe("resident memory of the process"),
    temperatureC: z
      .number()
      .describe("of the unit's processor; absent where the machine does not say")
      .exactOptional(),
  })
  .describe("Counters and gauges of the unit; nothing about any person.");
export type Telemetry = z.output<typeof telemetrySchema>;

/** Counts and states of the unit itself, with a time limit on how long each value may be believed. */
const entity = {
  name: word,
  unique_id: word,
  stat_t: word,
  val_tpl: word,
  ent_cat: z.literal("diagnostic").exactOptional(),
  exp_aft: count.describe("seconds after which a value that was not told again is unknown"),
};

export const discoverySchema = z
  .strictObject({
    dev: z.strictObject({
      ids: z.array(word).min(1),
      name: word,
      mf: word,
      mdl: word,
      sw: word,
    }),
    o: z.strictObject({ name: word, sw: word }),
    avty_t: word,
    avty_tpl: word,
    qos: z.literal(0),
    cmps: z.record(
      z.string().regex(/^[a-z0-9_]+$/),
      z.union([
        z
          .strictObject({ p: z.literal("binary_sensor") })
          .describe("a device that the unit no longer has"),
        z.discriminatedUnion("p", [
          z.strictObject({
            p: z.literal("sensor"),
            ...entity,
            dev_cla: z.enum(["enum", "temperature"]).exactOptional(),
            stat_cla: z.enum(["measurement", "total_increasing"]).exactOptional(),
            unit_of_meas: word.exactOptional(),
            ops: z.array(word).exactOptional(),
            json_attr_t: word.exactOptional(),
            json_attr_tpl: word.exactOptional(),
          }),
          z.strictObject({
            p: z.literal("binary_sensor"),
            ...entity,
            dev_cla: z.literal("problem"),
            pl_on: word,
            pl_off: word,
          }),
        ]),
      ]),
    ),
  })
  .describe(
    "The unit's sensors for Home Assistant, in its device-based discovery format. There is nothing " +
      "in it to act on. An empty message takes it back.",
  );
export type Discovery = z.output<typeof discoverySchema>;

const ranges = z
  .array(
    z
      .tuple([z.int().min(1), z.int().min(1)])
      .refine(([from, to]) => from <= to, "begins after its end"),
  )
  .max(1_000);

const acknowledged = {
  epoch: z.string(),
  through: count.describe("all records from 1 to this one are stored"),
  ranges: ranges.describe("stored above `through`: first and last number of each range"),
  again: ranges
    .describe("not stored, and wanted even where they once were: the unit sends what it still has")
    .exactOptional(),
};

export const acknowledgementSchema = z
  .object(acknowledged)
  .describe("Which records of a unit are stored durably, and may leave its outbox.");

export const acknowledgementClaimsSchema = z
  .object({ aud: z.string().describe("`district/unit`"), ...acknowledged })
  .describe("What a signed acknowledgement says.");

export const rebirthSchema = z
  .strictObject({})
  .describe("Every unit sends again what is not acknowledged, and its birth.");

/** Compact JWS (RFC 7515) under Ed25519 (RFC 8037). */
export const tokenSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/)
  .max(256 * 1024);

/** Header of every token of the district. */
export const tokenHeaderSchema = (type: string): z.ZodType =>
  z.strictObject({ alg: z.literal("EdDSA"), kid: word, typ: z.literal(type) });

/** Words that go into a record or onto the screen. */
const SHORT = 200;
const DAY_MS = 86_400_000;

const commandSchema = z.discriminatedUnion("name", [
  z
    .object({
      name: z.literal("release"),
      visitRef: word
        .describe("lets this visit's visitor in, unless it is over or decided; absent: opens once")
        .exactOptional(),
      confirm: z
        .array(z.enum([...CREDENTIAL_REASONS, ...DECISION_REASONS]))
        .max(20)
        .describe("grave findings that are overruled, e.g. `code-red`")
        .exactOptional(),
    })
    .describe("let one person in"),
  z.object({ name: z.literal("lock-down"), active: z.boolean() }),
  z
    .object({ name: z.literal("evacuate"), active: z.boolean() })
    .describe("the door stands open until it is ended"),
  z
    .object({
      name: z.literal("message"),
      text: z.string().max(SHORT),
      forMs: z.number().gt(0).max(DAY_MS),
    })
    .describe("words on the screen"),
  z
    .object({
      name: z.literal("settings"),
      version: z.int().min(1).describe("above that of the settings in force"),
      values: z
        .record(z.string(), z.unknown())
        .describe("all that is to differ from the unit's own file"),
    })
    .describe("what the district wants of the unit; what is not named falls back to its file"),
]);

export const commandClaimsSchema = z
  .object({
    aud: z.string().describe("`district/unit`, or `district/all`"),
    jti: z.string().min(1).max(SHORT).describe("names the command in its result"),
    nbf: z.number().describe("not before, seconds since 1970"),
    exp: z.number().describe("seconds since 1970, at most five minutes after `nbf`"),
    cnt: z.int().min(1).describe("above every earlier one under the same key: single use"),
    why: z.string().min(1).max(SHORT).describe("goes into the record, with the key's id"),
    cmd: commandSchema,
  })
  .describe("What a command's signed text says.");

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("SHA-256, hexadecimal");
const seconds = z.int().min(0).describe("seconds since 1970-01-01T00:00Z");

const blob = {
  sha256,
  size: z.int().min(1).describe("bytes"),
  parts: z.array(sha256).min(1).describe("each of 65,536 bytes; only the last may be shorter"),
};

export const manifestClaimsSchema = z
  .object({
    kind: z.enum(DATA_SET_KINDS),
    ver: z.int().min(1).describe("counts up over all manifests of a kind in a district"),
    aud: z.string().describe("`district/unit`, or `district/all`"),
    asOf: seconds.describe("when the content was true, seconds since 1970"),
    iat: seconds.describe("when it was signed, seconds since 1970"),
    exp: z.int().min(1).describe("no unit takes it from here on, seconds since 1970"),
    files: z.array(z.object(blob)).min(1).max(32).describe("the whole set"),
    deltas: z
      .array(z.object({ ...blob, base: z.int().min(1).describe("version it leads from") }))
      .max(8)
      .describe("ways to the first file from versions before")
      .optional(),
  })
  .describe("What a data set's signed text says.");

export const trialSchema = z
  .strictObject({})
  .describe("Nothing: only whether the broker takes it.");

export const chunkRequestSchema = z
  .object({
    kind: z.enum(DATA_SET_KINDS),
    version: z.int().min(1),
    parts: z.array(sha256).max(32),
  })
  .describe("Parts of a data set that a unit still lacks.");

export const partSchema = z
  .unknown()
  .describe("Up to 65,536 bytes whose SHA-256 is the last level of the topic.");

export const commandResultSchema = z
  .strictObject({
    commandId: word,
    result: z.enum(["done", "refused"]),
    detail: remark,
    atMs: epochMs,
  })
  .describe("What became of a command whose signature held.");

export const settingsReportSchema = z
  .strictObject({
    version: count.describe("of the last document in force; 0 where the unit's own file is all"),
    values: z.strictObject({
      retentionDays: z.int().min(1).describe("days until nobody can say whose record it was"),
      telemetrySeconds: z.int().min(1),
      homeAssistant: z.boolean(),
      temperatureOffsetK: z.number().describe("added to every estimate of body temperature"),
    }),
    sinceMs: epochMs.exactOptional(),
    refused: z
      .strictObject({
        version: count,
        atMs: epochMs,
        problems: z.array(z.strictObject({ setting: z.string(), problem: remark })),
      })
      .exactOptional()
      .describe("the last document that changed nothing"),
  })
  .describe("The settings a unit goes by: a document is in force as a whole, or not at all.");
