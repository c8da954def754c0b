/** What the uplink asks of a connection to a broker: packets and their fate, nothing remembered. */

/** Published by the broker when the unit vanishes. */
export interface Will {
  topic: string;
  payload: string;
}

export interface LinkOptions {
  clientId: string;
  will: Will;
}

/** How the broker welcomed the unit. */
export interface Welcome {
  /** The broker still knows what it had not yet acknowledged. */
  sessionPresent: boolean;
  /** Unacknowledged messages the broker is willing to hold. */
  receiveMaximum: number;
}

/** The message reached nobody: the broker took it and threw it away (MQTT 5 §3.4.2.1). */
export const NO_MATCHING_SUBSCRIBERS = 0x10;

/** One connection at a time. After `onDown` everything rejects until the next `connect`. */
export interface MqttLink {
  connect(options: LinkOptions): Promise<Welcome>;
  /** QoS 1. Resolves with the broker's reason code when it acknowledged. */
  publish(topic: string, payload: string, retain: boolean): Promise<{ reasonCode: number }>;
  subscribe(topics: readonly string[]): Promise<void>;
  onMessage(listener: (topic: string, payload: string) => void): void;
  /** The connection was lost, or the broker closed it. Not called after `close`. */
  onDown(listener: () => void): void;
  close(): Promise<void>;
}
