/** The link over mqtt.js, with its queue, its store and its reconnecting left unused: the outbox does that. */
import { Socket } from "node:net";
import { MqttClient, type IClientPublishOptions, type MqttClientEventCallbacks } from "mqtt";
import { brokerAddress, shownUrl, type BrokerAddress } from "./broker-address.ts";
import { openSocket, speaksTls } from "./broker-socket.ts";
import { failureText, reasonText } from "./failure-text.ts";
import {
  CLOSED_SILENTLY,
  ConnectRefused,
  LARGEST_PACKET_BYTES,
  REASON_PACKET_TOO_LARGE,
  type BrokerFeatures,
  type ConnectRequest,
  type IncomingMessage,
  type MqttConnection,
  type MqttLink,
  type OutgoingMessage,
  type RefusedFilter,
} from "./connection.ts";
import { clientOptions, type BrokerSecrets } from "./mqttjs-options.ts";

export interface MqttJsOptions extends BrokerSecrets {
  /** e.g. `mqtts://broker.example:8883`. */
  url: string;
  /** `auto` tries 5 and falls back to 3.1.1 when the broker does not speak it. */
  version?: "5" | "3.1.1" | "auto";
  /** Asked at each connect: a renewed certificate or a changed password counts from the next one on. */
  secrets?: () => Promise<BrokerSecrets>;
}

// MQTT 5 §3.1.2.11.3: without the property the maximum is 65,535; 3.1.1 has none at all.
const DEFAULT_RECEIVE_MAXIMUM = 65_535;
/** "Unsupported protocol version" in MQTT 5, "unacceptable protocol version" in 3.1.1. */
const VERSION_REFUSED: readonly (number | undefined)[] = [0x84, 0x01];

/** Nobody reads it, and making one for each message would cost more than the message. */
const ACKNOWLEDGED_LATER = new Error("acknowledged later");

/** For the last packet to go out, and for the broker to close the line. */
const FAREWELL_MS = 1_000;
/** More than a PUBLISH packet takes beside its texts: headers, lengths and property names. */
const FRAMING_BYTES = 64;
/** MQTT 5 §3.9.3: reason codes from here on are failures. */
const FAILURES_FROM = 0x80;

type Packet = Parameters<MqttClient["handleMessage"]>[0];
type IncomingPacket = Parameters<MqttClientEventCallbacks["packetreceive"]>[0];

/** A link that opens one mqtt.js client for each connection. */
export function createMqttJsLink(options: MqttJsOptions): MqttLink {
  let version = options.version ?? "auto";
  return {
    async connect(request) {
      const address = brokerAddress(options.url);
      const secrets = { ...options, ...(await options.secrets?.()) };
      try {
        return await open(address, secrets, version === "3.1.1" ? 4 : 5, request);
      } catch (error) {
        const reason = error instanceof ConnectRefused ? error.reason : undefined;
        if (version !== "auto" || !VERSION_REFUSED.includes(reason)) throw error;
        version = "3.1.1";
        return open(address, secrets, 4, request);
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
  address: BrokerAddress,
  secrets: BrokerSecrets & { url: string },
  protocol: 4 | 5,
  request: ConnectRequest,
): Promise<MqttConnection> {
  const tls = speaksTls(address, secrets.tls);
  const socket = openSocket(address, secrets.tls, LARGEST_PACKET_BYTES);
  const client = new MqttClient(() => socket, clientOptions(address, secrets, protocol, request));
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const connection = new MqttJsConnection(client, protocol, request);
    // A client without an error listener would end the process; every error ends in "close".
    const failed = (error: Error): void => {
      failure ??= error;
    };
    socket.on("error", failed);
    client.on("error", failed);
    const giveUp = (): void => void socket.destroy(new Error("no longer wanted"));
    if (request.wanted?.aborted === true) giveUp();
    request.wanted?.addEventListener("abort", giveUp);
    client.once("connect", (packet) => {
      request.wanted?.removeEventListener("abort", giveUp);
      connection.begin(packet.sessionPresent, packet.properties);
      resolve(connection);
    });
    client.once("close", () => {
      request.wanted?.removeEventListener("abort", giveUp);
      client.end(true);
      const why = failure === undefined ? undefined : failureText(failure, tls);
      connection.ended(connection.farewell ?? why ?? CLOSED_SILENTLY);
      const { refusal } = connection;
      if (refusal !== undefined) reject(new ConnectRefused(refusal.why, refusal.reason));
      else if (why !== undefined) reject(new Error(why));
      else reject(new ConnectRefused(`nobody answers as a broker at ${shownUrl(secrets.url)}`));
    });
  });
}

class MqttJsConnection implements MqttConnection {
  sessionPresent = false;
  receiveMaximum = DEFAULT_RECEIVE_MAXIMUM;
  features: BrokerFeatures;
  /** Why the broker did not let us in. */
  refusal: { why: string; reason: number } | undefined;
  /** Why the broker says it ends the connection. */
  farewell: string | undefined;
  readonly #client: MqttClient;
  readonly #manual: boolean;
  /** Reason codes by packet id, between the packet's arrival and its callback. */
  readonly #reasons = new Map<number, number>();
  readonly #failures = new Set<(error: Error) => void>();
  #closed: string | undefined;
  #onMessage: (message: IncomingMessage, acknowledge: () => void) => void = () => {};
  #early: Packet[] = [];
  #listening = false;
  #onClose: (why: string, reason?: number) => void = () => {};
  #reason: number | undefined;
  /** Messages with QoS 1 that the broker has not answered. */
  #underWay = 0;
  #waiting: (() => void)[] = [];

  constructor(client: MqttClient, protocol: 4 | 5, request: ConnectRequest) {
    this.#client = client;
    this.#manual = request.manualAcknowledgement === true;
    const version = protocol === 5 ? "5" : "3.1.1";
    this.features = {
      protocol: version,
      retain: true,
      maximumQoS: 2,
      wildcards: true,
      largestPacketBytes: Infinity,
    };
    client.on("packetreceive", (packet) => this.#noteReason(packet));
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
    limits: {
      receiveMaximum?: number;
      maximumPacketSize?: number;
      retainAvailable?: boolean;
      maximumQoS?: number;
      wildcardSubscriptionAvailable?: boolean;
    } = {},
  ): void {
    const { maximumQoS = 2 } = limits;
    this.sessionPresent = sessionPresent;
    this.receiveMaximum = limits.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM;
    this.features = {
      ...this.features,
      retain: limits.retainAvailable !== false,
      maximumQoS: maximumQoS >= 2 ? 2 : maximumQoS >= 1 ? 1 : 0,
      wildcards: limits.wildcardSubscriptionAvailable !== false,
      largestPacketBytes: limits.maximumPacketSize ?? Infinity,
    };
  }

  ended(why: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    for (const fail of this.#failures) fail(new Error(why));
    this.#failures.clear();
    this.#onClose(why, this.#reason);
  }

  // mqtt.js hides "no matching subscribers" from the publish callback, and drops the words of the
  // broker's refusals and farewells: only the packets themselves show them.
  #noteReason(packet: IncomingPacket): void {
    if (packet.cmd === "puback" && packet.messageId !== undefined && packet.reasonCode) {
      this.#reasons.set(packet.messageId, packet.reasonCode);
    } else if (packet.cmd === "connack") {
      const reason = packet.reasonCode ?? packet.returnCode ?? 0;
      const why = `Connection refused: ${reasonText({ ...packet, reasonCode: reason })}`;
      if (reason !== 0) this.refusal = { why, reason };
    } else if (packet.cmd === "disconnect") {
      this.#reason = packet.reasonCode ?? 0;
      this.farewell = `the broker ended the connection: ${reasonText(packet)}`;
    }
  }

  publish(message: OutgoingMessage): Promise<number> {
    if (sizeOf(message) > this.features.largestPacketBytes)
      return Promise.resolve(REASON_PACKET_TOO_LARGE);
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(new Error(this.#closed));
        return;
      }
      this.#failures.add(reject);
      const send = (): void => this.#send(message, resolve, reject);
      if (this.#qosOf(message) === 0) send();
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
      if (this.#qosOf(message) === 1) this.#next();
    });
  }

  /** One that waits takes the place of one that was answered. */
  #next(): void {
    const send = this.#closed === undefined ? this.#waiting.shift() : undefined;
    if (send === undefined) this.#underWay -= 1;
    else send();
  }

  #qosOf({ qos }: OutgoingMessage): 0 | 1 {
    return this.features.maximumQoS === 0 ? 0 : qos;
  }

  async subscribe(
    filters: readonly { filter: string; qos: 0 | 1 }[],
  ): Promise<readonly RefusedFilter[]> {
    if (this.#closed !== undefined) throw new Error(this.#closed);
    const wanted = Object.fromEntries(filters.map(({ filter, qos }) => [filter, { qos }]));
    return await new Promise((resolve, reject) => {
      this.#failures.add(reject);
      this.#client.subscribe(wanted, (error, _granted, packet) => {
        this.#failures.delete(reject);
        // One that is refused is an error to mqtt.js; the others were granted all the same.
        const codes = packet?.granted;
        if (error && codes?.length !== filters.length) reject(error);
        else resolve(filters.flatMap(({ filter }, index) => refusalOf(filter, codes?.[index])));
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

  onClose(listener: (why: string, reason?: number) => void): void {
    this.#onClose = listener;
    if (this.#closed !== undefined) listener(this.#closed, this.#reason);
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
    const qos = this.#qosOf(message);
    const options: IClientPublishOptions = { qos, retain: message.retain ?? false };
    if (this.features.protocol !== "5") return options;
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

/** 3.1.1 knows one code for all refusals. */
function refusalOf(filter: string, code: unknown): RefusedFilter[] {
  if (typeof code !== "number" || code < FAILURES_FROM) return [];
  return [{ filter, why: code === FAILURES_FROM ? "refused" : reasonText({ reasonCode: code }) }];
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
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library has no public way to send these packets
  (client as unknown as { _sendPacket(each: typeof packet): void })._sendPacket(packet);
}
