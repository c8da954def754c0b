/** What can be set at the simulated broker, and a message as it took it. */

/** A message as the broker took it. */

export interface BrokerMessage {
  topic: string;
  payload: string;
  retain: boolean;
  atMs: number;
}
export interface BrokerConditions {
  /** One way through the network. */
  latencyMs: number;
  /** Time the broker needs for one message of one client; the next waits. */
  serviceMs: number;
  /** Chance that a message arrives twice. */
  duplicate: number;
  /** Chance that a message or its acknowledgement is lost together with the connection. */
  drop: number;
  /** Answers "no matching subscribers" when there is none; MQTT 5 lets a broker do so. */
  reportsNoSubscribers: boolean;
  receiveMaximum: number;
  /** Takes retained messages and wills to be retained; refuses them with 0x9a otherwise. */
  retains: boolean;
  /** A filter to which every subscription is refused. */
  refuses: string | undefined;
}
export const USUAL_CONDITIONS: BrokerConditions = {
  latencyMs: 5,
  serviceMs: 0,
  duplicate: 0,
  drop: 0,
  reportsNoSubscribers: false,
  receiveMaximum: 100,
  retains: true,
  refuses: undefined,
};
