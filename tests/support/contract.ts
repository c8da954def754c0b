/**
 * Holds what is really said over MQTT to docs/asyncapi.yaml: the file as it is published, read with
 * nothing of the program, as somebody at the other end would.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { parse } from "yaml";

/** A message as a subscriber sees it; what its transport does not show is left out. */
export interface Overheard {
  topic: string;
  payload: Uint8Array;
  qos?: number;
  retain?: boolean;
  contentType?: string | undefined;
  expirySeconds?: number | undefined;
}

interface Reference {
  $ref: string;
}

interface Document {
  channels: Record<
    string,
    { address: string; messages: Record<string, Reference>; "x-cleared-by-empty-message"?: true }
  >;
  operations: Record<
    string,
    { action: "send" | "receive"; channel: Reference; bindings: { mqtt: Sending } }
  >;
  components: {
    messages: Record<
      string,
      { contentType: string; payload: Reference; "x-signed"?: Record<string, Reference> }
    >;
    schemas: Record<string, object>;
  };
}

interface Sending {
  qos: number;
  retain: boolean;
  messageExpiryInterval?: { maximum: number };
}

interface Line {
  name: string;
  topic: RegExp;
  sending: Sending;
  clearable: boolean;
  messages: string[];
}

/** Checks one message after another, and remembers what was seen. */
export class ContractWatch {
  /** How often each channel was used. */
  readonly channels = new Map<string, number>();
  /** How often each message was seen. */
  readonly messages = new Map<string, number>();
  readonly problems: string[] = [];
  readonly #document = parse(readFileSync("docs/asyncapi.yaml", "utf8")) as Document;
  readonly #lines: readonly Line[];
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #ajv = addFormats.default(new Ajv({ strict: false, allErrors: true }));

  constructor() {
    const { channels, operations } = this.#document;
    this.#lines = Object.entries(channels).map(([name, channel]) => {
      const sent = Object.values(operations).find(
        (operation) =>
          operation.action === "send" && operation.channel.$ref === `#/channels/${name}`,
      );
      if (sent === undefined) throw new Error(`nobody sends on the channel ${name}`);
      return {
        name,
        // In MQTT a parameter is one level; letters of an address mean themselves.
        topic: new RegExp(`^${channel.address.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
        sending: sent.bindings.mqtt,
        clearable: channel["x-cleared-by-empty-message"] === true,
        messages: Object.keys(channel.messages),
      };
    });
    for (const { name } of this.#lines) this.channels.set(name, 0);
    for (const { messages } of this.#lines) {
      for (const message of messages) this.messages.set(message, 0);
    }
  }

  /** Takes note of a message; what is wrong with it is added to `problems`. */
  heard(message: Overheard): void {
    const line = this.#lines.find(({ topic }) => topic.test(message.topic));
    if (line === undefined) {
      this.problems.push(`${message.topic}: no channel has this topic`);
      return;
    }
    count(this.channels, line.name);
    const problems = [...transportProblems(line, message), ...this.#contentProblems(line, message)];
    this.problems.push(...problems.map((problem) => `${message.topic}: ${problem}`));
  }

  #contentProblems(line: Line, message: Overheard): string[] {
    if (message.payload.length === 0) return line.clearable ? [] : ["it is empty"];
    const tries = line.messages.map((name) => ({ name, problems: this.#fit(name, message, line) }));
    const fitting = tries.find(({ problems }) => problems.length === 0);
    if (fitting !== undefined) {
      count(this.messages, fitting.name);
      return [];
    }
    // The one with the least wrong is what was meant.
    const nearest = tries.toSorted((a, b) => a.problems.length - b.problems.length)[0];
    return (nearest?.problems ?? []).map((problem) => `as ${nearest?.name}: ${problem}`);
  }

  #fit(name: string, { topic, payload, contentType }: Overheard, line: Line): string[] {
    const message = this.#document.components.messages[name];
    if (message === undefined) return ["the document has no such message"];
    const text = Buffer.from(payload).toString("utf8");
    const declared =
      contentType === undefined || contentType === message.contentType
        ? []
        : [`its content type is ${contentType}`];
    if (message.contentType === "application/octet-stream") {
      const { sha256 } = line.topic.exec(topic)?.groups ?? {};
      const actual = createHash("sha256").update(payload).digest("hex");
      return actual === sha256 ? declared : [...declared, `its hash is ${actual}`];
    }
    const signed = message["x-signed"];
    if (signed === undefined) {
      return [...declared, ...this.#judge(message.payload, parsed(text))];
    }
    const [header, claims] = text.split(".").map((part) => parsed(decoded(part)));
    return [
      ...declared,
      ...this.#judge(message.payload, text),
      ...this.#judge(signed["header"], header),
      ...this.#judge(signed["claims"], claims),
    ];
  }

  #judge(reference: Reference | undefined, value: unknown): string[] {
    const name = reference?.$ref.replace("#/components/schemas/", "") ?? "";
    let validate = this.#validators.get(name);
    if (validate === undefined) {
      validate = this.#ajv.compile(this.#document.components.schemas[name] ?? false);
      this.#validators.set(name, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath} ${message ?? "is wrong"} ${JSON.stringify(params)}`,
    );
  }
}

function transportProblems({ sending }: Line, message: Overheard): string[] {
  const { qos, retain, expirySeconds } = message;
  const most = sending.messageExpiryInterval?.maximum;
  const kept = expirySeconds ?? Infinity;
  return [
    ...(qos === undefined || qos === sending.qos ? [] : [`it came with QoS ${qos}`]),
    ...(retain === undefined || retain === sending.retain ? [] : [`retained: ${retain}`]),
    ...("expirySeconds" in message && most !== undefined && kept > most
      ? [`it expires after ${kept} s`]
      : []),
    ...(most === undefined && expirySeconds !== undefined ? ["it must not expire"] : []),
  ];
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

const decoded = (part: string): string => Buffer.from(part, "base64url").toString("utf8");

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
