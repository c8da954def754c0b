/** The link over mqtt.js, with its queue, its store and its reconnecting left unused: the outbox does that. */
import { createHmac } from "node:crypto";
import { Socket } from "node:net";
import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from "mqtt";
import {
  REASON_PACKET_TOO_LARGE,
  type ConnectRequest,
  type IncomingMessage,
  type MqttConnection,
  type MqttLink,
  type OutgoingMessage,
} from "./link.ts";

export interface MqttJsOptions {
  /** e.g. `mqtts://broker.example:8883`. */
  url: string;
  /** `auto` tries 5 and falls back to 3.1.1 when the broker does not speak it. */
  version?: "5" | "3.1.1" | "auto";
  /** PEM texts. The server's certificate is always verified. */
  tls?: { ca?: string; cert?: string; key?: string };
  username?: string;
  password?: string;
}

// MQTT 5 §3.1.2.11.3: without the property the maximum is 65,535; 3.1.1 has none at all.
const DEFAULT_RECEIVE_MAXIMUM = 65_535;
/** "Unsupported protocol version" in MQTT 5, "unacceptable protocol version" in 3.1.1. */
const VERSION_REFUSED = new Set([0x84, 0x01]);

/** Of the part of a client id that nobody can guess: 96 bits. */
const TAG_LENGTH = 16;

/** Nobody reads it, and making one for each message would cost more than the message. */
const ACKNOWLEDGED_LATER = new Error("acknowledged later");

/** For the last packet to go out, and for the broker to close the line. */
const FAREWELL_MS = 1_000;
/** More than a PUBLISH packet takes beside its texts: headers, lengths and property names. */
const FRAMING_BYTES = 64;

type Packet = Parameters<MqttClient["handleMessage"]>[0];

/** A link that opens one mqtt.js client for each connection. */
export function createMqttJsLink(options: MqttJsOptions): MqttLink {
  let version = options.version ?? "auto";
  return {
    async connect(request) {
      try {
        return await open(options, version === "3.1.1" ? 4 : 5, request);
      } catch (error) {
        const refused = VERSION_REFUSED.has(codeOf(error));
        if (version !== "auto" || !refused) throw error;
        version = "3.1.1";
        return open(options, 4, request);
      }
    },
  };
}

function codeOf(error: unknown): number {
  return error instanceof Error && "code" in error && typeof error.code === "number"
    ? error.code
    : 0;
}

function open(
  options: MqttJsOptions,
  protocol: 4 | 5,
  request: ConnectRequest,
): Promise<MqttConnection> {
  const client = connect(options.url, clientOptions(options, protocol, request));
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const connection = new MqttJsConnection(client, request.manualAcknowledgement === true);
    // A client without an error listener would end the process; every error ends in "close".
    client.on("error", (error) => {
      failure ??= error;
    });
    client.once("connect", (packet) => {
      // A record waits for no other to fill its segment; that costs 40 ms wherever one comes alone.
      if (client.stream instanceof Socket) client.stream.setNoDelay(true);
      connection.begin(packet.sessionPresent, packet.properties);
      resolve(connection);
    });
    client.once("close", () => {
      client.end(true);
      connection.ended(failure?.message ?? "the connection was closed");
      reject(failure ?? new Error(`nobody answers as a broker at ${options.url}`));
    });
  });
}

function clientOptions(
  options: MqttJsOptions,
  protocol: 4 | 5,
  request: ConnectRequest,
): IClientOptions {
  const { will } = request;
  const five = protocol === 5;
  return {
    protocolVersion: protocol,
    clientId: clientIdOf(request.clientId, options.tls?.key),
    clean: request.cleanStart,
    keepalive: request.keepAliveSeconds,
    connectTimeout: request.connectTimeoutMs,
    // One client is one connection: the uplink decides when to try again.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // mqtt.js would keep a buffer for each of 65,536 message ids: 8 MB to spare two bytes a message.
    writeCache: false,
    rejectUnauthorized: true,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...options.tls,
    ...(five
      ? {
          properties: {
            sessionExpiryInterval: request.sessionExpirySeconds,
            ...(request.receiveMaximum === undefined
              ? {}
              : { receiveMaximum: request.receiveMaximum }),
          },
        }
      : {}),
    ...(will === undefined
      ? {}
      : {
          will: {
            topic: will.topic,
            payload: Buffer.from(will.payload),
            qos: 1 as const,
            retain: will.retain,
            ...(five ? { properties: { willDelayInterval: will.delaySeconds } } : {}),
          },
        }),
  };
}

/**
 * Brokers end a connection when another comes under the same client id, whoever it is, and hand it
 * the session: a name that everybody knows lets any unit keep its neighbour, or the collector, away.
 * With a client certificate the id ends in what only its key's holder can tell, the same each time.
 */
function clientIdOf(name: string, key: string | undefined): string {
  if (key === undefined) return name;
  const tag = createHmac("sha256", key).update(`mqtt client id of ${name}`).digest("base64url");
  return `${name}-${tag.slice(0, TAG_LENGTH)}`;
}

class MqttJsConnection implements MqttConnection {
  sessionPresent = false;
  receiveMaximum = DEFAULT_RECEIVE_MAXIMUM;
  readonly #client: MqttClient;
  readonly #manual: boolean;
  /** Reason codes by packet id, between the packet's arrival and its callback. */
  readonly #reasons = new Map<number, number>();
  readonly #failures = new Set<(error: Error) => void>();
  #closed: string | undefined;
  #onMessage: (message: IncomingMessage, acknowledge: () => void) => void = () => {};
  #early: Packet[] = [];
  #listening = false;
  #onClose: (why: string) => void = () => {};
  #largestBytes = Infinity;
  /** Messages with QoS 1 that the broker has not answered. */
  #underWay = 0;
  #waiting: (() => void)[] = [];

  constructor(client: MqttClient, manual: boolean) {
    this.#client = client;
    this.#manual = manual;
    client.on("packetreceive", (packet) => {
      // The publish callback hides "no matching subscribers"; only the packet itself shows it.
      if (packet.cmd === "puback" && packet.messageId !== undefined && packet.reasonCode) {
        this.#reasons.set(packet.messageId, packet.reasonCode);
      }
    });
    client.handleMessage = (packet, done) => {
      // mqtt.js acknowledges when `done` is called without an error; with one it goes on reading
      // and leaves the acknowledging to us.
      if (this.#manual && packet.qos === 1) done(ACKNOWLEDGED_LATER);
      else done();
      if (this.#listening) this.#hand(packet);
      else this.#early.push(packet);
    };
  }

  begin(
    sessionPresent: boolean,
    limits: { receiveMaximum?: number; maximumPacketSize?: number } = {},
  ): void {
    this.sessionPresent = sessionPresent;
    this.receiveMaximum = limits.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM;
    this.#largestBytes = limits.maximumPacketSize ?? Infinity;
  }

  ended(why: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    for (const fail of this.#failures) fail(new Error(why));
    this.#failures.clear();
    this.#onClose(why);
  }

  publish(message: OutgoingMessage): Promise<number> {
    if (sizeOf(message) > this.#largestBytes) return Promise.resolve(REASON_PACKET_TOO_LARGE);
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(new Error(this.#closed));
        return;
      }
      this.#failures.add(reject);
      const send = (): void => this.#send(message, resolve, reject);
      if (message.qos === 0) send();
      else if (this.#underWay < this.receiveMaximum) {
        this.#underWay += 1;
        send();
      } else this.#waiting.push(send);
    });
  }

  #send(
    message: OutgoingMessage,
    resolve: (reason: number) => void,
    reject: (error: Error) => void,
  ): void {
    const payload =
      typeof message.payload === "string" ? message.payload : Buffer.from(message.payload);
    this.#client.publish(message.topic, payload, this.#publishOptions(message), (error, packet) => {
      this.#failures.delete(reject);
      const id = packet?.messageId;
      const seen = id === undefined ? undefined : this.#reasons.get(id);
      if (id !== undefined) this.#reasons.delete(id);
      const reason = seen ?? codeOf(error);
      if (error && reason === 0) reject(error);
      else resolve(reason);
      if (message.qos === 1) this.#next();
    });
  }

  /** One that waits takes the place of one that was answered. */
  #next(): void {
    const send = this.#closed === undefined ? this.#waiting.shift() : undefined;
    if (send === undefined) this.#underWay -= 1;
    else send();
  }

  async subscribe(filters: readonly { filter: string; qos: 0 | 1 }[]): Promise<void> {
    if (this.#closed !== undefined) throw new Error(this.#closed);
    const wanted = Object.fromEntries(filters.map(({ filter, qos }) => [filter, { qos }]));
    await new Promise<void>((resolve, reject) => {
      this.#failures.add(reject);
      this.#client.subscribe(wanted, (error, granted) => {
        this.#failures.delete(reject);
        const refused = granted?.find(({ qos }) => qos >= 0x80);
        if (error) reject(error);
        else if (refused) reject(new Error(`the broker refused to subscribe to ${refused.topic}`));
        else resolve();
      });
    });
  }

  onMessage(listener: (message: IncomingMessage, acknowledge: () => void) => void): void {
    this.#onMessage = listener;
    this.#listening = true;
    const early = this.#early;
    this.#early = [];
    for (const packet of early) this.#hand(packet);
  }

  onClose(listener: (why: string) => void): void {
    this.#onClose = listener;
    if (this.#closed !== undefined) listener(this.#closed);
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    const client = this.#client;
    // A broker that hangs never closes its side of the line.
    if (client.stream instanceof Socket) {
      client.stream.setTimeout(FAREWELL_MS, () => client.stream.destroy());
    }
    if (Object.keys(client.outgoing).length === 0) await client.endAsync();
    else {
      // mqtt.js would wait for every answer first, and a broker that owes one may never give it.
      sendPacket(client, { cmd: "disconnect", reasonCode: 0 });
      await new Promise((resolve) => setImmediate(resolve));
      await client.endAsync(true);
    }
    this.ended("closed by this side");
  }

  #hand(packet: Packet): void {
    if (packet.cmd !== "publish") return;
    const { messageId, properties } = packet;
    const message: IncomingMessage = {
      topic: packet.topic,
      payload: typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload,
      qos: packet.qos,
      retained: packet.retain,
      ...(properties?.responseTopic === undefined
        ? {}
        : { responseTopic: properties.responseTopic }),
      ...(properties?.correlationData === undefined
        ? {}
        : { correlationData: properties.correlationData }),
    };
    this.#onMessage(message, () => {
      if (!this.#manual || packet.qos !== 1 || this.#closed !== undefined) return;
      acknowledge(this.#client, messageId);
    });
  }

  #publishOptions(message: OutgoingMessage): IClientPublishOptions {
    const options: IClientPublishOptions = { qos: message.qos, retain: message.retain ?? false };
    if (this.#client.options.protocolVersion !== 5) return options;
    const { contentType, responseTopic, correlationData, expirySeconds } = message;
    return {
      ...options,
      properties: {
        ...(contentType === undefined ? {} : { contentType }),
        ...(responseTopic === undefined ? {} : { responseTopic }),
        ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
        ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
      },
    };
  }
}

/** Bytes of the packet, at most. */
function sizeOf({
  topic,
  payload,
  contentType,
  responseTopic,
  correlationData,
}: OutgoingMessage): number {
  const texts = [topic, payload, contentType ?? "", responseTopic ?? "", correlationData ?? ""];
  return texts.reduce<number>((sum, text) => sum + Buffer.byteLength(text), FRAMING_BYTES);
}

// mqtt.js has no public way to acknowledge later than its own handler; the version is pinned and
// a test against a real broker keeps this call honest.
function acknowledge(client: MqttClient, messageId: number | undefined): void {
  sendPacket(client, { cmd: "puback", messageId, reasonCode: 0 });
}

function sendPacket(
  client: MqttClient,
  packet:
    | { cmd: "puback"; messageId: number | undefined; reasonCode: number }
    | { cmd: "disconnect"; reasonCode: number },
): void {
  (client as unknown as { _sendPacket(each: typeof packet): void })._sendPacket(packet);
}
