/** The unit's configuration file: one schema from which types, defaults and the reference follow. */
import { z } from "zod";
import { deviceProblems, devices } from "./devices.ts";
import { numberFrom, section, text, wholeFrom } from "./values.ts";
import { readYaml } from "./yaml-file.ts";

const id = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9-]{0,63}$/,
    "expected letters, digits and hyphens (it stands in topics)",
  );
const file = (): z.ZodString => text(4_096);

const mqtt = z
  .strictObject({
    url: z
      .string()
      .regex(/^(mqtts?|tls|tcp):\/\/\S+$/, "expected e.g. mqtts://broker:8883")
      .describe(
        "`mqtts` for anything but a broker on this machine; TLS is spoken whenever `tls` names a file",
      ),
    version: z
      .enum(["5", "3.1.1"])
      .default("5")
      .describe(
        "3.1.1 cannot say that nobody is subscribed: without `collector` records that the broker throws away count as delivered",
      ),
    username: text(256).optional().describe("where the broker asks for one"),
    passwordFile: file()
      .optional()
      .describe("a file with its password; read at each connect, and printed nowhere"),
    root: id.default("sentinel").describe("first level of all topics"),
    collector: z
      .union([
        z.boolean(),
        z.strictObject({
          key: file().describe(
            "the collector's public keys, as `sentinel collect --key` writes them: its word counts only when it is signed with one",
          ),
        }),
      ])
      .default(false)
      .describe(
        "a record counts as delivered when the collector says so, not when the broker has it",
      ),
    telemetrySeconds: wholeFrom(1, 3_600)
      .default(30)
      .describe("how often the unit tells its counters and states, beside every change"),
    homeAssistant: z
      .boolean()
      .default(false)
      .describe("announce the unit's sensors to a Home Assistant on the same broker"),
    tls: z
      .strictObject({
        ca: file().describe("certificates of whoever signed the broker's"),
        cert: file().describe("this unit's certificate; its common name is the unit's id"),
        key: file(),
      })
      .partial()
      .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), {
        message: "expected cert and key together, or neither",
      })
      .optional()
      .describe("PEM files, read at each connect: a renewed certificate needs no restart"),
  })
  .optional()
  .describe("absent: the unit keeps its records and tells nobody");

const commands = z
  .strictObject({
    keys: file().describe(
      "public keys of whoever may command this unit; read at the start, and until they can be read",
    ),
  })
  .optional()
  .describe("absent: every command from afar is refused");

const data = z
  .strictObject({
    keys: file().describe(
      "public keys of whoever may give this unit data; read at the start, and until they can be read",
    ),
    folder: file()
      .default("/var/lib/sentinel/sets")
      .describe("the last good sets, and what has come of the next"),
  })
  .optional()
  .describe(
    "policy, directory, trust, revocation and rules from the district; absent: from files alone",
  );

const clock = section({
  vouchedBy: z
    .enum(["kernel", "nobody"])
    .default("kernel")
    .describe(
      "kernel: believed while the kernel calls it synchronised; nobody: believed unless it is before the last good time, for a clock kept right by something the kernel does not know",
    ),
});

const http = section({
  host: text(253).default("127.0.0.1").describe("loopback: the pages can let people in"),
  port: wholeFrom(1, 65_535).default(8080),
  operatorToken: z
    .string()
    .min(12, "expected at least 12 characters")
    .max(200, "expected at most 200 characters")
    .exactOptional()
    .describe("what staff sign in with; absent: the one in `operatorTokenFile`"),
  operatorTokenFile: file()
    .exactOptional()
    .describe(
      "made at the first start, for its owner only; absent: `staff.token` beside the database",
    ),
  screenPage: file()
    .exactOptional()
    .describe(
      "the page that the unit's own screen opens first; it holds the secret by which the unit knows it; absent: `screen.html` beside the database",
    ),
  proxies: z
    .array(z.union([z.ipv4(), z.ipv6()], "expected an IP address"))
    .default([])
    .describe(
      "addresses of proxies before this unit: what they say in `X-Forwarded-For` tells askers apart, and lets nobody in",
    ),
  allowedHosts: z
    .array(text(253))
    .default([])
    .describe("names this unit is reached by, beside its addresses and its own host name"),
});

const decode = section({
  share: numberFrom(0, 20)
    .default(0.15)
    .describe("CPU for further attempts a frame, as a multiple of the cheapest decoder"),
  burst: numberFrom(0, 1_000)
    .default(135)
    .describe(
      "what may be saved up for when something new comes into view, in the same unit, and half as much again for what looks like a code; the default is every attempt once",
    ),
});

const resolver = z
  .strictObject({
    url: z
      .string()
      .regex(/^https:\/\/\S+$/, "expected e.g. https://codes.example/resolve")
      .describe("asked for tokens the directory does not know"),
    deadlineMs: wholeFrom(50, 2_000).default(300).describe("the door never waits longer for it"),
    secret: file()
      .optional()
      .describe("a file with the bearer token that it asks for; read at each question"),
  })
  .optional()
  .describe("absent: tokens are looked up in the directory alone");

/** What may stand in a unit's file. Everything but the unit's name and its district has a default. */
export const unitSchema = z
  .strictObject({
    unitId: id.describe("names the unit on the broker and in every record"),
    district: id,
    venue: section({
      zh: text(60).default("数字哨兵"),
      en: text(60).default("Digital Sentinel"),
    }).describe("the venue's name, on the screens"),
    policy: file().default("/etc/sentinel/policy.yaml"),
    store: section({
      path: file().default("/var/lib/sentinel/unit.db"),
      outboxLimit: wholeFrom(1_000, 100_000_000)
        .default(1_000_000)
        .describe("records that may wait for the broker"),
      retentionDays: wholeFrom(1, 3_650)
        .default(30)
        .describe("after these days nobody can say any more whose record it was"),
      keepDays: wholeFrom(1, 36_500)
        .default(365)
        .describe("after these days a record that has arrived is removed"),
    }),
    keys: section({
      district: file()
        .default("/etc/sentinel/district.key")
        .describe("32 bytes, hex: pseudonyms are made under it"),
      unit: file().default("/var/lib/sentinel/unit.key").describe("made at the first start"),
    }),
    trust: section({
      files: z
        .array(file())
        .default([])
        .describe("certificates (PEM, DER, base64, in JSON), JWKS, DID documents, issuer keys"),
      revoked: z.array(file()).default([]).describe("revocation lists"),
      directory: file().optional().describe("JSON lines, one directory entry each"),
      rules: z
        .strictObject({
          folder: file().describe("business rules in CertLogic, JSON"),
          valueSets: file().describe("the value sets they refer to, JSON"),
          of: z.array(text(64)).min(1).describe("whose acceptance rules are applied"),
        })
        .optional()
        .describe("for EU certificates; absent: none are evaluated"),
    }),
    resolver,
    mqtt,
    commands,
    clock,
    data,
    http,
    decode,
    devices,
  })
  .meta({ title: "Digital Sentinel unit" });

export type UnitConfig = z.output<typeof unitSchema>;

const checked = unitSchema.superRefine((config, context) => {
  for (const { path, message } of deviceProblems(config.devices)) {
    context.addIssue({ code: "custom", path: ["devices", ...path], message });
  }
});

/**
 * A unit's configuration from a file's text.
 * @throws ConfigError naming the path and line of each fault
 */
export function parseUnitConfig(yamlText: string, name: string): UnitConfig {
  return readYaml(yamlText, name, checked, "docs/operators/configuration.md");
}
