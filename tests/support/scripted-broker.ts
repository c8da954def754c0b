/** A broker for MQTT 5 that behaves as badly as a test wants: it answers what the script says, and no more. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** A PUBLISH as it came in. */
export interface Published {
  topic: string;
  id: number;
  payload: string;
  /** Of the whole packet. */
  bytes: number;
}

export interface Script {
  /** Properties of the CONNACK (MQTT 5 §3.2.2.3). */
  receiveMaximum?: number;
  maximumPacketSize?: number;
  /** Whether the broker says it knows the client. */
  sessionPresent?: () => boolean;
  /** Reason code of the CONNACK. */
  refuse?: () => number;
  /** Whether a SUBSCRIBE is answered; it is, unless said otherwise. */
  subscribes?: () => boolean;
  /** `answer` sends the PUBACK; without a handler each is answered at once. */
  onPublish?: (message: Published, answer: (reason?: number) => void) => void;
}

export interface ScriptedBroker {
  readonly url: string;
  /** Connections that were accepted so far. */
  connections(): number;
  /** Messages with QoS 1 that came in, in order. */
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

export async function startScriptedBroker(script: Script): Promise<ScriptedBroker> {
  const sockets = new Set<Socket>();
  const published: Published[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let packet = take(rest); packet !== undefined; packet = take(rest)) {
        rest = rest.subarray(packet.bytes);
        obey(script, socket, packet, published);
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
    published,
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

function obey(script: Script, socket: Socket, packet: Packet, published: Published[]): void {
  const { type, body } = packet;
  if (type === CONNECT) socket.write(connack(script));
  else if (type === PINGREQ) socket.write(Buffer.from([0xd0, 0]));
  else if (type === SUBSCRIBE) {
    if (script.subscribes?.() === false) return;
    const filters = countFilters(body);
    const codes = Buffer.alloc(filters, 1);
    socket.write(
      Buffer.concat([Buffer.from([0x90, 3 + filters]), body.subarray(0, 2), Buffer.of(0), codes]),
    );
  } else if (type === PUBLISH && (packet.flags & 6) !== 0) {
    const message = readPublish(packet);
    published.push(message);
    const answer = (reason = 0): void => void socket.write(puback(message.id, reason));
    if (script.onPublish === undefined) answer();
    else script.onPublish(message, answer);
  }
}

function connack(script: Script): Buffer {
  const { receiveMaximum, maximumPacketSize } = script;
  const properties: number[] = [];
  if (receiveMaximum !== undefined) {
    properties.push(RECEIVE_MAXIMUM, receiveMaximum >> 8, receiveMaximum & 0xff);
  }
  if (maximumPacketSize !== undefined) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(maximumPacketSize);
    properties.push(MAXIMUM_PACKET_SIZE, ...bytes);
  }
  const flags = script.sessionPresent?.() === true ? 1 : 0;
  const body = [flags, script.refuse?.() ?? 0, properties.length, ...properties];
  return Buffer.from([0x20, body.length, ...body]);
}

function countFilters(body: Buffer): number {
  let count = 0;
  let at = 3 + (body[2] ?? 0);
  while (at + 2 <= body.length) {
    at += 2 + body.readUInt16BE(at) + 1;
    count += 1;
  }
  return count;
}

function readPublish({ body, bytes }: Packet): Published {
  const topicEnd = 2 + body.readUInt16BE(0);
  const propertiesAt = topicEnd + 2;
  const payloadAt = propertiesAt + 1 + (body[propertiesAt] ?? 0);
  return {
    topic: body.toString("utf8", 2, topicEnd),
    id: body.readUInt16BE(topicEnd),
    payload: body.toString("utf8", payloadAt),
    bytes,
  };
}
