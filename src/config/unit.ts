/** The unit's configuration file: one schema from which types, defaults and the reference follow. */
import { z } from "zod";
import { readYaml } from "./yaml-file.ts";

const id = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9-]{0,63}$/,
    "expected letters, digits and hyphens (it stands in topics)",
  );
const file = z.string().min(1);
const line = z.number().int().min(0).max(53).describe("BCM number");
const input = z.union([
  line.transform((number) => ({ line: number, activeLow: true, debounceMs: 30 })),
  z.strictObject({
    line,
    activeLow: z.boolean().default(true).describe("pulled up, closed to ground"),
    debounceMs: z.number().int().min(0).max(1_000).default(30),
  }),
]);
const section = <S extends z.ZodRawShape>(shape: S) => z.strictObject(shape).prefault({} as never);

const camera = z.discriminatedUnion("source", [
  z.strictObject({
    source: z.literal("rpicam"),
    width: z.number().int().multipleOf(128).default(1280).describe("a multiple of 128"),
    height: z.number().int().min(240).max(1080).default(720),
    framesPerSecond: z.number().int().min(5).max(60).default(15),
  }),
  z.strictObject({
    source: z.literal("v4l2"),
    device: file.default("/dev/video0"),
    width: z.number().int().min(320).max(1920).default(1280),
    height: z.number().int().min(240).max(1080).default(720),
    framesPerSecond: z.number().int().min(5).max(60).default(15),
  }),
  z.strictObject({
    source: z.literal("command").describe("any program that writes grey frames to its output"),
    command: file,
    args: z.array(z.string()).default([]),
    width: z.number().int().min(64).max(4096),
    height: z.number().int().min(64).max(4096),
  }),
]);

/** What may stand in a unit's file. Everything but the unit's name and its district has a default. */
export const unitSchema = z.strictObject({
  unitId: id.describe("names the unit on the broker and in every record"),
  district: id,
  venue: section({
    zh: z.string().min(1).default("数字哨兵"),
    en: z.string().min(1).default("Digital Sentinel"),
  }),
  policy: file.default("/etc/sentinel/policy.yaml"),
  store: section({
    path: file.default("/var/lib/sentinel/unit.db"),
    outboxLimit: z.number().int().min(1_000).max(100_000_000).default(1_000_000),
    retentionDays: z.number().int().min(1).max(3_650).default(30),
  }),
  keys: section({
    district: file.default("/etc/sentinel/district.key").describe("32 bytes, hex: pseudonyms"),
    unit: file.default("/var/lib/sentinel/unit.key").describe("made at the first start"),
  }),
  trust: section({
    files: z.array(file).default([]).describe("PEM certificates, JWKS, DID documents"),
    revoked: z.array(file).default([]),
    directory: file.optional().describe("JSON lines, one directory entry each"),
  }),
  mqtt: z
    .strictObject({
      url: z.string().regex(/^(mqtts?|tls|tcp):\/\/\S+$/, "expected e.g. mqtts://broker:8883"),
      version: z.enum(["5", "3.1.1"]).default("5"),
      root: id.default("sentinel"),
      collector: z.boolean().default(false).describe("wait for the collector's acknowledgement"),
      tls: z.strictObject({ ca: file, cert: file, key: file }).partial().optional(),
    })
    .optional(),
  http: section({
    host: z.string().default("127.0.0.1").describe("loopback: the pages can let people in"),
    port: z.number().int().min(1).max(65_535).default(8080),
  }),
  devices: z
    .strictObject({
      camera: camera.optional(),
      cardReader: z.strictObject({ path: file.default("/dev/ttyUSB0") }).optional(),
      thermometer: z
        .strictObject({
          bus: z.number().int().min(0).max(31).default(1),
          address: z.number().int().min(3).max(0x77).default(0x5a),
        })
        .optional(),
      gate: section({
        line: line.default(17),
        file: file.optional().describe("a file that stands for the line, for trials without one"),
        activeLow: z.boolean().default(false),
        maximumMs: z.number().int().min(1_000).max(30_000).default(10_000),
      }),
      panel: z
        .strictObject({
          red: line.default(5),
          yellow: line.default(6),
          green: line.default(13),
          buzzer: line.default(19),
        })
        .optional(),
      contacts: z
        .strictObject({
          "door-open": input.optional(),
          "exit-request": input.optional(),
          fire: input.optional(),
          tamper: input.optional(),
        })
        .optional(),
    })
    .prefault({}),
});

export type UnitConfig = z.output<typeof unitSchema>;

/**
 * A unit's configuration from a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parseUnitConfig(text: string, name: string): UnitConfig {
  return readYaml(text, name, unitSchema, "docs/configuration.md");
}
