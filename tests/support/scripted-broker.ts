/** A broker for MQTT 5 and 3.1.1 that behaves as badly as a test wants: it answers what the script says, and no more. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** A PUBLISH as it came in. */
export interface Published {
  topic: string;
  id: number;
  payload: string;
  qos: number;
  retain: boolean;
  /** Of the whole packet. */
  bytes: number;
}

/** A CONNECT as it came in. */
export interface Connecting {
  protocol: "5" | "3.1.1";
  clientId: string;
  will: boolean;
  willRetain: boolean;
  willQos: number;
}

/** What the broker can do to whoever it is connected with. */
export interface Line {
  /** DISCONNECT with a reason and a text (MQTT 5 §3.14), and the end of the line. */
  dismiss(reason: number, text?: string): void;
  /** The end of the line without a word. */
  drop(): void;
}

export interface Script {
  /** Properties of the CONNACK (MQTT 5 §3.2.2.3). */
  receiveMaximum?: number;
  maximumPacketSize?: number;
  /** Whether the broker says it knows the client. */
  sessionPresent?: () => boolean;
  retainAvailable?: boolean;
  maximumQoS?: 0 | 1;
  /** Reason String of a CONNACK that refuses. */
  reasonString?: string;
  /** Reason code of the CONNACK; nothing: the line ends without one. */
  refuse?: (connecting: Connecting) => number | undefined;
  /** Reason code for a filter; 1 unless said otherwise. Nothing: the line ends. */
  onSubscribe?: (filter: string, line: Line) => number | undefined;
  /** Whether a SUBSCRIBE is answered; it is, unless said otherwise. */
  subscribes?: () => boolean;
  /** `answer` sends the PUBACK; without a handler each is answered at once. */
  onPublish?: (message: Published, answer: (reason?: number) => void, line: Line) => void;
}

export interface ScriptedBroker {
  readonly url: string;
  /** Connections that were accepted so far. */
  connections(): number;
  /** Every CONNECT that came in, in order. */
  readonly connects: readonly Connecting[];
  /** Filters that were subscribed to, in order. */
  readonly filters: readonly string[];
  /** Messages that came in, in order; those with QoS 0 too. */
  readonly published: readonly Published[];
  /** Whatever bytes, to whoever is connected. */
  send(bytes: Uint8Array): void;
  /** Ends every connection. */
  drop(): void;
  close(): Promise<void>;
}

const CONNECT = 1;
const PUBLISH = 3;
const SUBSCRIBE = 8;
const PINGREQ = 12;
const RECEIVE_MAXIMUM = 0x21;
const MAXIMUM_PACKET_SIZE = 0x27;
const RETAIN_AVAILABLE = 0x25;
const MAXIMUM_QOS = 0x24;
const REASON_STRING = 0x1f;

export async function startScriptedBroker(script: Script): Promise<ScriptedBroker> {
  const sockets = new Set<Socket>();
  const seen: Seen = { connects: [], filters: [], published: [] };
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let rest = Buffer.alloc(0);
    const talk = new Talk(script, socket, seen);
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let packet = take(rest); packet !== undefined; packet = take(rest)) {
        rest = rest.subarray(packet.bytes);
        talk.obey(packet);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    connections: () => connections,
    ...seen,
    send(bytes) {
      for (const socket of sockets) socket.write(bytes);
    },
    drop,
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Seen {
  connects: Connecting[];
  filters: string[];
  published: Published[];
}

/** A PUBACK's bytes (MQTT 5 §3.4). */
export function puback(id: number, reason = 0): Buffer {
  return Buffer.from([0x40, 4, id >> 8, id & 0xff, reason, 0]);
}

interface Packet {
  type: number;
  flags: number;
  body: Buffer;
  bytes: number;
}

/** The first whole packet, if there is one (MQTT 5 §2.1). */
function take(bytes: Buffer): Packet | undefined {
  let length = 0;
  for (let at = 1, shift = 0; at < bytes.length; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    const end = at + 1 + length;
    if (end > bytes.length) return undefined;
    const first = bytes[0] ?? 0;
    return { type: first >> 4, flags: first & 15, body: bytes.subarray(at + 1, end), bytes: end };
  }
  return undefined;
}

/** One connection. */
class Talk {
  readonly #script: Script;
  readonly #socket: Socket;
  readonly #seen: Seen;
  #five = true;
  #over = false;

  constructor(script: Script, socket: Socket, seen: Seen) {
    this.#script = script;
    this.#socket = socket;
    this.#seen = seen;
  }

  obey(packet: Packet): void {
    if (this.#over) return;
    const { type } = packet;
    if (type === CONNECT) this.#connect(packet);
    else if (type === PINGREQ) this.#socket.write(Buffer.from([0xd0, 0]));
    else if (type === SUBSCRIBE) this.#subscribe(packet);
    else if (type === PUBLISH) this.#publish(packet);
  }

  readonly #line: Line = {
    dismiss: (reason, text = "") => {
      const said = Buffer.from(text);
      const properties = text === "" ? [] : [0x1f, said.length >> 8, said.length & 0xff, ...said];
      const body = [reason, properties.length, ...properties];
      if (this.#five) this.#socket.write(Buffer.from([0xe0, body.length, ...body]));
      this.#end();
    },
    drop: () => this.#end(),
  };

  #end(): void {
    this.#over = true;
    this.#socket.end();
  }

  #connect({ body }: Packet): void {
    const connecting = readConnect(body);
    this.#five = connecting.protocol === "5";
    this.#seen.connects.push(connecting);
    const { refuse } = this.#script;
    const reason = refuse === undefined ? 0 : refuse(connecting);
    if (reason !== undefined) this.#socket.write(connack(this.#script, reason, this.#five));
    if (reason !== 0) this.#end();
  }

  #subscribe({ body }: Packet): void {
    if (this.#script.subscribes?.() === false) return;
    const filters = readFilters(body, this.#five);
    const codes: number[] = [];
    for (const filter of filters) {
      this.#seen.filters.push(filter);
      const { onSubscribe } = this.#script;
      const code = onSubscribe === undefined ? 1 : onSubscribe(filter, this.#line);
      if (this.#over) return;
      if (code === undefined) return this.#end();
      codes.push(code);
    }
    const head = [...body.subarray(0, 2), ...(this.#five ? [0] : [])];
    this.#socket.write(Buffer.from([0x90, head.length + codes.length, ...head, ...codes]));
  }

  #publish(packet: Packet): void {
    const message = readPublish(packet, this.#five);
    this.#seen.published.push(message);
    const { onPublish } = this.#script;
    const answer = (reason = 0): void => {
      if (message.qos === 0) return;
      const bytes = this.#five
        ? puback(message.id, reason)
        : Buffer.from([0x40, 2, message.id >> 8, message.id & 0xff]);
      this.#socket.write(bytes);
    };
    if (onPublish === undefined) answer();
    else onPublish(message, answer, this.#line);
  }
}

function connack(script: Script, reason: number, five: boolean): Buffer {
  const { receiveMaximum, maximumPacketSize, retainAvailable, maximumQoS, reasonString } = script;
  const flags = script.sessionPresent?.() === true ? 1 : 0;
  if (!five) return Buffer.from([0x20, 2, flags, reason]);
  const properties: number[] = [];
  if (receiveMaximum !== undefined) {
    properties.push(RECEIVE_MAXIMUM, receiveMaximum >> 8, receiveMaximum & 0xff);
  }
  if (maximumPacketSize !== undefined) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(maximumPacketSize);
    properties.push(MAXIMUM_PACKET_SIZE, ...bytes);
  }
  if (retainAvailable !== undefined) properties.push(RETAIN_AVAILABLE, Number(retainAvailable));
  if (maximumQoS !== undefined) properties.push(MAXIMUM_QOS, maximumQoS);
  if (reasonString !== undefined && reason !== 0) {
    const text = Buffer.from(reasonString);
    properties.push(REASON_STRING, text.length >> 8, text.length & 0xff, ...text);
  }
  const body = [flags, reason, properties.length, ...properties];
  return Buffer.from([0x20, body.length, ...body]);
}

/** MQTT 5 §3.1, and 3.1.1 §3.1; lengths of properties have one byte here. */
function readConnect(body: Buffer): Connecting {
  const flags = body[7] ?? 0;
  const five = body[6] === 5;
  const idAt = five ? 11 + (body[10] ?? 0) : 10;
  const idLength = body.readUInt16BE(idAt);
  return {
    protocol: five ? "5" : "3.1.1",
    clientId: body.toString("utf8", idAt + 2, idAt + 2 + idLength),
    will: (flags & 0x04) !== 0,
    willRetain: (flags & 0x20) !== 0,
    willQos: (flags >> 3) & 3,
  };
}

function readFilters(body: Buffer, five: boolean): string[] {
  const filters: string[] = [];
  let at = five ? 3 + (body[2] ?? 0) : 2;
  while (at + 2 <= body.length) {
    const end = at + 2 + body.readUInt16BE(at);
    filters.push(body.toString("utf8", at + 2, end));
    at = end + 1;
  }
  return filters;
}

function readPublish({ flags, body, bytes }: Packet, five: boolean): Published {
  const qos = (flags >> 1) & 3;
  const topicEnd = 2 + body.readUInt16BE(0);
  const propertiesAt = qos === 0 ? topicEnd : topicEnd + 2;
  const payloadAt = five ? propertiesAt + 1 + (body[propertiesAt] ?? 0) : propertiesAt;
  return {
    topic: body.toString("utf8", 2, topicEnd),
    id: qos === 0 ? 0 : body.readUInt16BE(topicEnd),
    payload: body.toString("utf8", payloadAt),
    qos,
    retain: (flags & 1) !== 0,
    bytes,
  };
}
