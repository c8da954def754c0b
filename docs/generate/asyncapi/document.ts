/** The contract as documents: AsyncAPI 3.0 for people and tools, and a JSON Schema for each message. */
import { stringify } from "yaml";
import { z } from "zod";
import { CHANNELS, type Channel, type Message, type Role } from "./channels.ts";
import { tokenHeaderSchema } from "../../../src/protocol/message-schemas.ts";
import { UNIT_SESSION } from "../../../src/mqtt/connection.ts";
import { ADDRESSES, DEFAULT_ROOT, type AddressName } from "../../../src/protocol/topics.ts";

type Plain = Readonly<Record<string, unknown>>;

const BINDING_VERSION = "0.2.0"; // of AsyncAPI's MQTT bindings
const SCHEMA_FOLDER = "docs/schema/mqtt";
/** Of the contract: the layout's version in the topics, then what was added to it. */
const CONTRACT_VERSION = "1.0.0";

const ROLE_TEXT: Readonly<Record<Role, string>> = {
  unit: "One box at a door. Its certificate's common name is its id, and a level of its topics.",
  collector: "The far end that stores records; its certificate is named `collector`.",
  operator:
    "Whoever commands and distributes for the district; its certificate is named `operator`. " +
    "Units believe its signatures, not the broker.",
};

const PARAMETERS: Readonly<Record<string, Plain>> = {
  root: { description: "First level of all topics.", default: DEFAULT_ROOT },
  district: { description: "The district a unit belongs to." },
  unit: { description: "The unit's id." },
};

/** Documents by their path in the tree. */
export function contractDocuments(): ReadonlyMap<string, string> {
  const documents = new Map([["docs/asyncapi.yaml", asyncApiText()]]);
  for (const [name, schema] of messageSchemas()) {
    const text = { $schema: "http://json-schema.org/draft-07/schema#", ...schema };
    documents.set(`${SCHEMA_FOLDER}/${name}.schema.json`, `${JSON.stringify(text, null, 2)}\n`);
  }
  return documents;
}

/** The AsyncAPI document as data. */
export function asyncApiDocument(): Plain {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Digital Sentinel",
      version: CONTRACT_VERSION,
      license: { name: "Apache-2.0" },
      description:
        "What units at doors say over MQTT, and what they listen to. Made by `npm run docs:mqtt` " +
        "from the schemas in `src/uplink`, which the program itself parses with. The schemas say " +
        "what this version sends; a receiver ignores what it does not know, because fields may be " +
        "added. No message names a person: holders are pseudonyms, and only where the policy says " +
        "so.",
      tags: Object.entries(ROLE_TEXT).map(([name, description]) => ({ name, description })),
    },
    defaultContentType: "application/json",
    servers: { district: server() },
    channels: Object.fromEntries(
      channels().map(([name, channel]) => [name, channelOf(name, channel)]),
    ),
    operations: Object.fromEntries(channels().flatMap(operationsOf)),
    components: {
      schemas: Object.fromEntries(messageSchemas()),
      messages: Object.fromEntries(channels().flatMap(([, channel]) => messagesOf(channel))),
      parameters: PARAMETERS,
      securitySchemes: {
        clientCertificate: {
          type: "X509",
          description:
            "TLS with a client certificate. The broker ties topics to its common name " +
            "(deploy/mosquitto/acl.conf).",
        },
      },
    },
  };
}

/** JSON Schemas by name: of each message, and of what is inside signed ones. */
export function messageSchemas(): [name: string, schema: Plain][] {
  return channels().flatMap(([, { messages }]) =>
    Object.entries(messages).flatMap(([name, { schema, signed }]): [string, Plain][] => [
      [name, jsonSchema(schema)],
      ...(signed === undefined
        ? []
        : ([
            [`${name}Header`, jsonSchema(tokenHeaderSchema(signed.type))],
            [`${name}Claims`, jsonSchema(signed.claims)],
          ] satisfies [string, Plain][])),
    ]),
  );
}

function asyncApiText(): string {
  const text = stringify(asyncApiDocument(), { aliasDuplicateObjects: false, lineWidth: 100 });
  return `# Made by \`npm run docs:mqtt\` from docs/generate/asyncapi/channels.ts.\n${text}`;
}

function jsonSchema(schema: z.ZodType): Plain {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { target: "draft-7", io: "input" });
  return rest;
}

function channels(): [AddressName, Channel][] {
  return Object.entries(CHANNELS) as [AddressName, Channel][];
}

function server(): Plain {
  return {
    host: "broker.example:8883",
    protocol: "secure-mqtt",
    protocolVersion: "5.0",
    description: "The district's broker. Units also speak MQTT 3.1.1 where it knows no other.",
    security: [{ $ref: "#/components/securitySchemes/clientCertificate" }],
    bindings: {
      mqtt: {
        cleanSession: false,
        keepAlive: UNIT_SESSION.keepAliveSeconds,
        sessionExpiryInterval: UNIT_SESSION.expirySeconds,
        lastWill: {
          topic: ADDRESSES.state,
          qos: 1,
          retain: true,
          message: "the message `will`",
        },
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

function channelOf(name: AddressName, channel: Channel): Plain {
  const { title, summary, messages, clearable, names = {} } = channel;
  const address = ADDRESSES[name];
  const keys = [...address.matchAll(/\{(\w+)\}/g)].map(([, key = ""]) => key);
  return {
    address,
    title,
    description: summary,
    ...(clearable ? { "x-cleared-by-empty-message": true } : {}),
    parameters: Object.fromEntries(
      keys.map((key) => [
        key,
        key in PARAMETERS
          ? { $ref: `#/components/parameters/${key}` }
          : { description: names[key] ?? "" },
      ]),
    ),
    messages: Object.fromEntries(
      Object.keys(messages).map((key) => [key, { $ref: `#/components/messages/${key}` }]),
    ),
  };
}

function messagesOf({ messages }: Channel): [string, Plain][] {
  return Object.entries(messages).map(([name, message]) => [name, messageOf(name, message)]);
}

function messageOf(name: string, { schema, contentType, declared, signed }: Message): Plain {
  return {
    name,
    contentType,
    ...(schema.description === undefined ? {} : { summary: schema.description }),
    payload: { $ref: `#/components/schemas/${name}` },
    ...(declared ? { bindings: { mqtt: { contentType, bindingVersion: BINDING_VERSION } } } : {}),
    ...(signed === undefined
      ? {}
      : {
          "x-signed": {
            description: "Compact JWS under Ed25519: base64url of header, claims and signature.",
            header: { $ref: `#/components/schemas/${name}Header` },
            claims: { $ref: `#/components/schemas/${name}Claims` },
          },
        }),
  };
}

/** What each side does with a channel: its sender sends, its receivers receive. */
function operationsOf([name, channel]: [AddressName, Channel]): [string, Plain][] {
  const { from, to, qos, retain, expirySeconds, summary } = channel;
  const sides: [Role, "send" | "receive"][] = [
    [from, "send"],
    ...to.map((role): [Role, "receive"] => [role, "receive"]),
  ];
  return sides.map(([role, action]) => [
    `${role}.${action}.${name}`,
    {
      action,
      channel: { $ref: `#/channels/${name}` },
      summary,
      tags: [{ name: role }],
      bindings: {
        mqtt: {
          qos,
          ...(action === "send"
            ? {
                retain,
                ...(expirySeconds === undefined
                  ? {}
                  : {
                      messageExpiryInterval: {
                        type: "integer",
                        minimum: 1,
                        maximum: expirySeconds,
                      },
                    }),
              }
            : {}),
          bindingVersion: BINDING_VERSION,
        },
      },
    },
  ]);
}
