/** What the uplink needs from MQTT: one connection at a time, at the level of packets. */

/** A message on its way out. */
export interface OutgoingMessage {
  topic: string;
  payload: string | Uint8Array;
  qos: 0 | 1;
  retain?: boolean;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** Seconds after which the broker may throw it away; commands only, never events. */
  expirySeconds?: number;
}

/** A message that came in. */
export interface IncomingMessage {
  topic: string;
  payload: Uint8Array;
  qos: 0 | 1 | 2;
  retained: boolean;
  responseTopic?: string;
  correlationData?: Uint8Array;
}

/** How a unit's session with its broker is kept, in seconds. */
export const UNIT_SESSION = {
  keepAliveSeconds: 20,
  /** How long the broker remembers a unit that is away. */
  expirySeconds: 86_400,
  /** A unit that is back by then was never reported gone. */
  willDelaySeconds: 5,
} as const;

export interface ConnectRequest {
  clientId: string;
  /** Begin without what the broker remembers of this client. */
  cleanStart: boolean;
  /** How long the broker is to remember it after the connection is gone. */
  sessionExpirySeconds: number;
  keepAliveSeconds: number;
  connectTimeoutMs: number;
  /** Aborted before the broker has answered: the try is given up at once. */
  wanted?: AbortSignal;
  will?: { topic: string; payload: string; qos?: 0 | 1; retain: boolean; delaySeconds: number };
  /** Messages with QoS 1 are acknowledged only when their `acknowledge` is called, in order. */
  manualAcknowledgement?: boolean;
  /** Unacknowledged messages this side is willing to hold; the broker sends no more (MQTT 5). */
  receiveMaximum?: number;
}

/** MQTT 5 §3.4.2.1; 3.1.1 knows only success. */
export const REASON_SUCCESS = 0x00;
/** The broker has nobody to give the message to: not a delivery. */
export const REASON_NO_MATCHING_SUBSCRIBERS = 0x10;

/** Why a connection ended where nobody said anything. */
export const CLOSED_SILENTLY = "the broker or the network closed the connection without a word";
/** MQTT 5 §3.14.2.1: another client came under the same name. */
export const REASON_SESSION_TAKEN_OVER = 0x8e;
/** MQTT 5 §3.2.2.2. */
export const REASON_NOT_AUTHORIZED = 0x87;
export const REASON_RETAIN_NOT_SUPPORTED = 0x9a;
export const REASON_QOS_NOT_SUPPORTED = 0x9b;

/** MQTT 5 §3.4.2.1: more than the broker takes; it would end the connection over it. */
export const REASON_PACKET_TOO_LARGE = 0x95;

/** A broker's answer to CONNECT that was no welcome. */
export class ConnectRefused extends Error {
  /** Of the CONNACK; absent where the broker ended the connection without one. */
  readonly reason: number | undefined;

  constructor(message: string, reason?: number) {
    super(message);
    this.reason = reason;
  }
}

/** What a broker says in its CONNACK that it can do (MQTT 5 §3.2.2.3); 3.1.1 says nothing of it. */
export interface BrokerFeatures {
  protocol: "5" | "3.1.1";
  retain: boolean;
  maximumQoS: 0 | 1 | 2;
  wildcards: boolean;
  /** Infinity where the broker names no limit. */
  largestPacketBytes: number;
}

/** Longest packet that is taken from a broker: a part of a data set is an eighth of it. */
export const LARGEST_PACKET_BYTES = 512 * 1_024;

/** One network connection, from CONNACK to its end. */
export interface MqttConnection {
  /** The broker still knew this client: subscriptions and queued messages stand. */
  readonly sessionPresent: boolean;
  /** How many QoS 1 messages the broker takes at once. */
  readonly receiveMaximum: number;
  readonly features: BrokerFeatures;
  /**
   * QoS 1: resolves with the PUBACK's reason code, 0x80 and above included; rejects when the
   * connection ends first. Waits its turn while as many are under way as the broker takes; one it
   * said to be too large for it resolves with 0x95 and is not sent. QoS 0, or 1 where the broker takes
   * no more than 0: resolves with 0 when handed to the network.
   */
  publish(message: OutgoingMessage): Promise<number>;
  /** Resolves with those filters the broker refused; `subscribeAll` rejects for them. */
  subscribe(filters: readonly { filter: string; qos: 0 | 1 }[]): Promise<readonly RefusedFilter[]>;
  /** One listener. `acknowledge` does nothing unless acknowledgement is manual. */
  onMessage(listener: (message: IncomingMessage, acknowledge: () => void) => void): void;
  /** Called once, however the connection ends, with the DISCONNECT's reason if one came. One listener. */
  onClose(listener: (why: string, reason?: number) => void): void;
  /** DISCONNECT and end; the will is not sent. */
  close(): Promise<void>;
}

export interface MqttLink {
  /** Tries once. Rejects with a message that says what the broker or the network answered. */
  connect(request: ConnectRequest): Promise<MqttConnection>;
}

/** A filter the broker did not take, and why in its words. */
export interface RefusedFilter {
  filter: string;
  why: string;
}

/** Subscribes to filters of which none can be missing. @throws naming the one that was refused */
export async function subscribeAll(
  connection: MqttConnection,
  filters: readonly string[],
): Promise<void> {
  const [refused] = await connection.subscribe(filters.map((filter) => ({ filter, qos: 1 })));
  if (refused === undefined) return;
  throw new Error(`the broker refused to subscribe to ${refused.filter}: ${refused.why}`);
}
