/** The link over mqtt.js, with its own queue, store and reconnecting left unused: the outbox does that. */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { NO_MATCHING_SUBSCRIBERS, type LinkOptions, type MqttLink, type Welcome } from "./link.ts";

export interface MqttJsOptions {
  /** e.g. `mqtts://broker.example:8883` */
  url: string;
  version: "5" | "3.1.1";
  /** PEM texts. */
  tls?: { ca?: string; cert?: string; key?: string };
  connectTimeoutMs?: number;
  keepaliveSeconds?: number;
}

// MQTT 5 §3.1.2.11.3: without the property the maximum is 65,535; 3.1.1 has none at all.
const DEFAULT_RECEIVE_MAXIMUM = 65_535;
const SESSION_EXPIRY_SECONDS = 86_400;
const WILL_DELAY_SECONDS = 5;

export function createMqttJsLink(options: MqttJsOptions): MqttLink {
  return new MqttJsLink(options);
}

class MqttJsLink implements MqttLink {
  readonly #options: MqttJsOptions;
  #client: MqttClient | undefined;
  #onMessage: (topic: string, payload: string) => void = () => {};
  #onDown: () => void = () => {};
  readonly #reasons = new Map<number, number>();

  constructor(options: MqttJsOptions) {
    this.#options = options;
  }

  onMessage(listener: (topic: string, payload: string) => void): void {
    this.#onMessage = listener;
  }

  onDown(listener: () => void): void {
    this.#onDown = listener;
  }

  async connect(link: LinkOptions): Promise<Welcome> {
    await this.#drop();
    const client = connect(this.#options.url, this.#clientOptions(link));
    this.#client = client;
    this.#reasons.clear();
    // Errors always end in "close"; without a listener they would end the process.
    client.on("error", () => {});
    client.on("message", (topic, payload) => this.#onMessage(topic, payload.toString()));
    client.on("packetreceive", (packet) => {
      // The publish callback hides this reason; here is the only place where it shows.
      if (packet.cmd === "puback" && packet.messageId !== undefined) {
        this.#reasons.set(packet.messageId, packet.reasonCode ?? 0);
      }
    });
    return await new Promise((resolve, reject) => {
      let connected = false;
      client.on("connect", (packet) => {
        connected = true;
        resolve({
          sessionPresent: packet.sessionPresent,
          receiveMaximum: packet.properties?.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM,
        });
      });
      client.on("error", (error) => {
        if (!connected) reject(error);
      });
      client.on("close", () => {
        if (this.#client !== client) return;
        this.#client = undefined;
        client.end(true);
        if (connected) this.#onDown();
        else reject(new Error(`no connection to the broker at ${this.#options.url}`));
      });
    });
  }

  async publish(topic: string, payload: string, retain: boolean): Promise<{ reasonCode: number }> {
    const client = this.#connected();
    return await new Promise((resolve, reject) => {
      client.publish(topic, payload, { qos: 1, retain }, (error, packet) => {
        const id = packet?.messageId;
        const reasonCode = id === undefined ? 0 : (this.#reasons.get(id) ?? 0);
        if (id !== undefined) this.#reasons.delete(id);
        if (error && reasonCode !== NO_MATCHING_SUBSCRIBERS) reject(error);
        else resolve({ reasonCode });
      });
    });
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    await this.#connected().subscribeAsync([...topics], { qos: 1 });
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await client.endAsync(!client.connected);
  }

  #connected(): MqttClient {
    if (this.#client?.connected !== true) throw new Error("not connected to the broker");
    return this.#client;
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await client.endAsync(true);
  }

  #clientOptions(link: LinkOptions): IClientOptions {
    const { version, tls, connectTimeoutMs = 10_000, keepaliveSeconds = 30 } = this.#options;
    const five = version === "5";
    const properties = { willDelayInterval: WILL_DELAY_SECONDS };
    return {
      protocolVersion: five ? 5 : 4,
      clientId: link.clientId,
      clean: false,
      keepalive: keepaliveSeconds,
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: 0,
      queueQoSZero: false,
      rejectUnauthorized: true,
      ...(five ? { properties: { sessionExpiryInterval: SESSION_EXPIRY_SECONDS } } : {}),
      will: {
        topic: link.will.topic,
        payload: Buffer.from(link.will.payload),
        qos: 1,
        retain: true,
        ...(five ? { properties } : {}),
      },
      ...tls,
    };
  }
}
