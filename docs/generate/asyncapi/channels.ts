/** The contract with whoever is on the other side of MQTT: who says what on which address, and how. */
import type { z } from "zod";
import { ACKNOWLEDGEMENT_TOKEN_TYPE } from "../../../src/protocol/acknowledgement.ts";
import {
  acknowledgementClaimsSchema,
  acknowledgementSchema,
  birthSchema,
  commandClaimsSchema,
  commandResultSchema,
  settingsReportSchema,
  discoverySchema,
  manifestClaimsSchema,
  chunkRequestSchema,
  partSchema,
  rebirthSchema,
  telemetrySchema,
  trialSchema,
  tokenSchema,
  willSchema,
} from "../../../src/protocol/message-schemas.ts";
import { RECORD_TYPES, recordEventSchema } from "../../../src/protocol/record-schemas.ts";
import { DATA_SET_KINDS } from "../../../src/core/data-set.ts";
import { LONGEST_VALIDITY_MS } from "../../../src/protocol/command.ts";
import { COMMAND_TOKEN_TYPE } from "../../../src/protocol/command.ts";
import { MANIFEST_TOKEN_TYPE } from "../../../src/protocol/manifest.ts";
import { CONTENT_TYPE } from "../../../src/protocol/cloud-event.ts";
import type { AddressName } from "../../../src/protocol/topics.ts";

/** Who connects: the name in the client's certificate decides what the broker lets it do. */
export type Role = "unit" | "collector" | "operator";

export interface Message {
  schema: z.ZodType;
  contentType: string;
  /** The content type goes with the message, where the protocol's version has a place for it. */
  declared?: true;
  /** A signed text: what its claims say, and the `typ` of its header. */
  signed?: { type: string; claims: z.ZodType };
}

export interface Channel {
  title: string;
  summary: string;
  from: Role;
  to: readonly Role[];
  qos: 0 | 1;
  retain: boolean;
  /** The broker throws it away after so many seconds at most; absent: never. */
  expirySeconds?: number;
  /** Off until a site asks for it, in the unit's file and in the broker's rules. */
  optional?: true;
  /** An empty retained message takes the last one back. */
  clearable?: true;
  /** What may stand for each name in braces of the address. */
  names?: Readonly<Record<string, string>>;
  messages: Readonly<Record<string, Message>>;
}

const JSON_TYPE = "application/json";
const json = (schema: z.ZodType): Message => ({ schema, contentType: JSON_TYPE });

const signed = (type: string, claims: z.ZodType): Message => ({
  schema: tokenSchema,
  contentType: "application/jose",
  signed: { type, claims },
});

const camel = (name: string): string =>
  name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());

function manifest(name: string, audience: string): Channel {
  return {
    title: `Manifest for ${audience}`,
    summary:
      "A signed description of a data set: which bytes, how new, until when it may be taken. " +
      "Retained: a unit that was away reads the newest.",
    from: "operator",
    to: ["unit"],
    qos: 1,
    retain: true,
    names: { kind: DATA_SET_KINDS.join(", ") },
    messages: { [name]: signed(MANIFEST_TOKEN_TYPE, manifestClaimsSchema) },
  };
}

/** One row for each address of the layout. */
export const CHANNELS: Readonly<Record<AddressName, Channel>> = {
  events: {
    title: "Records",
    summary:
      "Everything a unit decided and did, as CloudEvents. At least once and in any order: a live " +
      "record may overtake a backlog. Its `id` tells a duplicate, its `seq` restores the order.",
    from: "unit",
    to: ["collector"],
    qos: 1,
    retain: false,
    messages: Object.fromEntries(
      RECORD_TYPES.map((type) => [
        camel(type),
        { schema: recordEventSchema(type), contentType: CONTENT_TYPE, declared: true },
      ]),
    ),
  },
  state: {
    title: "Presence",
    summary: "Birth, farewell and will of a unit.",
    from: "unit",
    to: ["collector", "operator"],
    qos: 1,
    retain: true,
    messages: { birth: json(birthSchema), will: json(willSchema) },
  },
  telemetry: {
    title: "Telemetry",
    summary: "Counters and gauges, again and again; what is lost is replaced by the next.",
    from: "unit",
    to: ["collector"],
    qos: 0,
    retain: false,
    messages: { telemetry: json(telemetrySchema) },
  },
  acknowledgement: {
    title: "Acknowledgement",
    summary:
      "What the collector has committed. Retained: a unit that was away reads the last word.",
    from: "collector",
    to: ["unit"],
    qos: 1,
    retain: true,
    messages: {
      acknowledgement: json(acknowledgementSchema),
      signedAcknowledgement: signed(ACKNOWLEDGEMENT_TOKEN_TYPE, acknowledgementClaimsSchema),
    },
  },
  rebirth: {
    title: "Rebirth",
    summary: "The collector lost its memory, or begins: it asks all units to send again.",
    from: "collector",
    to: ["unit"],
    qos: 1,
    retain: false,
    messages: { rebirth: json(rebirthSchema) },
  },
  command: {
    title: "Command",
    summary: "A signed command to one unit. Anything that does not check out does nothing.",
    from: "operator",
    to: ["unit"],
    qos: 1,
    retain: false,
    expirySeconds: LONGEST_VALIDITY_MS / 1_000,
    names: { command: "the command's name, as in the signed text" },
    messages: {
      command: signed(COMMAND_TOKEN_TYPE, commandClaimsSchema),
    },
  },
  commandResult: {
    title: "Command result",
    summary: "What a unit did with a command.",
    from: "unit",
    to: ["operator"],
    qos: 1,
    retain: false,
    messages: { commandResult: json(commandResultSchema) },
  },
  settings: {
    title: "Settings in force",
    summary: "Which settings a unit goes by, and why it refused others.",
    from: "unit",
    to: ["operator"],
    qos: 1,
    retain: true,
    messages: { settingsReport: json(settingsReportSchema) },
  },
  districtManifest: manifest("districtManifest", "all units of a district"),
  unitManifest: manifest("unitManifest", "one unit alone"),
  request: {
    title: "Request for parts",
    summary: "A unit asks for what it lacks of a data set; nothing is sent that nobody asked for.",
    from: "unit",
    to: ["operator"],
    qos: 1,
    retain: false,
    messages: { partRequest: json(chunkRequestSchema) },
  },
  trial: {
    title: "Trial",
    summary:
      "`sentinel doctor` tries what the broker takes from a unit: a will, a retained message, a " +
      "message. Nobody need read it; the retained one is taken back.",
    from: "unit",
    to: [],
    qos: 1,
    retain: true,
    clearable: true,
    messages: { trial: json(trialSchema) },
  },
  part: {
    title: "Part of a data set",
    summary: "One part, as its hash on the topic names it.",
    from: "operator",
    to: ["unit"],
    qos: 1,
    retain: false,
    names: { sha256: "of the part's bytes, hexadecimal" },
    messages: { part: { schema: partSchema, contentType: "application/octet-stream" } },
  },
  homeAssistant: {
    title: "Home Assistant discovery",
    summary:
      "Only where the unit's file says `homeAssistant: true`: the unit as a device of sensors. " +
      "A unit where this is switched off again takes its announcement back.",
    from: "unit",
    to: [],
    qos: 1,
    retain: true,
    optional: true,
    clearable: true,
    messages: { discovery: json(discoverySchema) },
  },
};
