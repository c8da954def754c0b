/** What the rest of a unit sees of its uplink: what it is made from, and what it can be asked. */
import type { Clock } from "../../hal/clock.ts";
import type { CommandVerifier, VerifiedCommand } from "./command-verifier.ts";
import type { Telemetry } from "../protocol/message-schemas.ts";
import type { Restriction } from "./broker-restrictions.ts";
import type { BackoffRange } from "../base/backoff.ts";
import type { IncomingMessage, MqttLink } from "../mqtt/connection.ts";
import type { OutboxPort } from "./outbox-port.ts";
import type { SenderCounters, SenderSettings } from "./outbox-sender.ts";
import type { KeyRing } from "../protocol/signed-token.ts";
import type { UnitTopics } from "../protocol/topics.ts";

export interface UplinkOptions extends Partial<SenderSettings> {
  link: MqttLink;
  outbox: OutboxPort;
  clock: Clock;
  /** Uniform in [0, 1): spreads the reconnects of a district. */
  chance: () => number;
  /** Pauses between tries to connect. */
  reconnect?: BackoffRange;
  unitId: string;
  district: string;
  /** First level of all topics. */
  root?: string;
  /** Random, new at each start: tells a stale will from a fresh birth. */
  bootId: string;
  /** Of the program; part of the birth message. */
  version: string;
  /** What else the birth message says: dates of data sets, the public key. */
  birth?: () => Readonly<Record<string, unknown>>;
  /** Called with records the far end now has; may repeat, and may name records of long ago. */
  onDelivered?: (fromSeq: number, toSeq: number) => void;
  /** Verifies commands; without it every command is refused. */
  commands?: CommandVerifier;
  /** Whose word empties the outbox; without them anybody's does who may publish to its topic. */
  collectorKeys?: KeyRing;
  /** Most records in flight at once, if the broker takes that many. */
  window?: number;
}

/** A topic filter and what to do with its messages. */
export interface Route {
  filter: string;
  /** What it is for: stands in logs and alarms where the broker refuses it. */
  what?: string;
  handle: (message: IncomingMessage) => void;
}

export interface UplinkCounters extends SenderCounters {
  connections: number;
  failedConnections: number;
  /** Commands that did nothing, by why. */
  commandsRefused: Readonly<Record<string, number>>;
  /** Words about stored records that counted for nothing, by why. */
  acknowledgementsRefused: Readonly<Record<string, number>>;
  /** Times that the broker gave this unit's connection to another client of the same name. */
  takenOver: number;
  /** What the broker refuses now, by what. */
  restricted: Readonly<Record<string, number>>;
}

export interface Uplink {
  readonly topics: UnitTopics;
  /** Begins to connect; never rejects for an absent broker. */
  start(): void;
  /** Says goodbye and ends; what was not sent stays in the outbox. */
  stop(): Promise<void>;
  online(): boolean;
  /** Called on every change, the first failure included; returns a way to stop. */
  onLink(listener: (ok: boolean) => void): () => void;
  /** Called with each command that passed every check, once. */
  onCommand(listener: (command: VerifiedCommand) => void): () => void;
  /** Publishes what became of a command; kept until the broker is back. */
  answerCommand(commandId: string, result: "done" | "refused", detail: string): void;
  /** QoS 0: lost when offline, by intent. */
  telemetry(values: Omit<Telemetry, "atMs">): void;
  /** The facts of the birth message changed: publish it again. */
  refreshState(): void;
  /** Publishes at once when online; resolves to whether the broker took it. */
  publish(topic: string, payload: string, options?: { retain?: boolean }): Promise<boolean>;
  /** Subscribes to more, now and after every reconnect. */
  route(route: Route): void;
  counters(): UplinkCounters;
  /** Why the last attempt to connect failed, or the last connection ended; nothing while one stands. */
  lastFailure(): string | undefined;
  /** What the broker does not do for this unit, while its records go on. */
  restrictions(): readonly Restriction[];
  /** Whether another client came under this unit's name lately. */
  nameInUse(): boolean;
  /** Called when failure, restrictions or the use of the name have changed. */
  onTrouble(listener: () => void): () => void;
}
