/** What a unit is given by the machine it runs on: a Raspberry Pi, or a simulation of one. */
import type { Clock } from "../../hal/clock.ts";
import type { Files } from "../base/files.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { ResolverClient } from "../credential/directory/resolver.ts";
import type { StepTrace } from "../gateway/gateway.ts";
import type { CredentialVerifier } from "../gateway/ports.ts";
import type { PersistentClock } from "../gateway/last-trusted-time.ts";
import type { Devices } from "../gateway/sensing.ts";
import type { VisitTimings } from "../gateway/visit-timings.ts";
import type { MqttLink } from "../mqtt/connection.ts";
import type { Replacement } from "../store/open-or-replace.ts";
import type { Store } from "../store/store.ts";
import type { VerifiedCommand } from "../uplink/command-verifier.ts";
import type { UplinkOptions } from "../uplink/uplink-port.ts";
import type { UiServerOptions } from "../ui/server.ts";
import type { Log } from "./log.ts";

/** Everything a unit needs from outside. Each method is called once at a start, unless its comment says otherwise. */
export interface Platform {
  /** One that remembers the time is asked at the start, and kept up to date. */
  clock: Clock | PersistentClock;
  chance: Chance;
  /** New at each start: distinguishes a stale will on the broker from a fresh birth message. */
  bootId: string;
  files: Files;
  log: Log;
  /** Of the venue's own file; asked at the start and at each reload. */
  policy(): Promise<Policy>;
  openStore(): Promise<OpenedStore>;
  /** Makes the drivers; nothing is opened before the gateway starts them. */
  openDevices(): Promise<OpenedDevices>;
  /** @param onProblem called with the problem of a file that the connection needs, or with undefined */
  link(
    mqtt: MqttConfig,
    onProblem: (setting: string, problem: string | undefined) => void,
  ): MqttLink;
  /** @param secret asked at each question for the bearer token, where the service wants one */
  resolver(url: string, secret: (() => Promise<string>) | undefined): ResolverClient;
  machine: Machine;
  /** Serves the unit's pages; absent in virtual time. */
  servePages?(services: PageServices): Promise<ServedPages>;
  observer?: UnitObserver;
  /** Other waits and rates of the uplink than a unit's; for benchmarks. */
  uplinkPace?: UplinkPace;
}

export type UplinkPace = Partial<
  Pick<
    UplinkOptions,
    "acknowledgeWithinMs" | "backlogPerSecond" | "reconnect" | "retryMs" | "unacknowledgedLimit"
  >
>;

export type MqttConfig = NonNullable<UnitConfig["mqtt"]>;

/** Where random numbers come from: the system, or a seed. */
export interface Chance {
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  fraction(): number;
}

/** The unit's store, and what became of the database before it. */
export interface OpenedStore {
  store: Store;
  /** Set when a damaged database was replaced at this start. */
  replaced?: Replacement | undefined;
  /** The oldest quarantined database that still lies in the folder of the store. */
  quarantined?: string | undefined;
}

export interface OpenedDevices {
  devices: Devices;
  /** Ends what the drivers share, after they were stopped. */
  close(): Promise<void>;
}

/** Figures of the machine for the telemetry. */
export interface Machine {
  memoryBytes(): number;
  /** Of the processor, °C; undefined where it cannot be read. */
  temperatureC(): number | undefined;
}

/** What the unit's own server needs. */
export type PageServices = Required<
  Pick<UiServerOptions, "feed" | "clock" | "health" | "onTokenGuessing" | "onProblem">
>;

export interface ServedPages {
  url: string;
  close(): Promise<void>;
}

/** Sees what a unit does, for traces, benchmarks and tests; it changes nothing. */
export interface UnitObserver {
  onStep?(step: StepTrace): void;
  onTimings?(timings: VisitTimings): void;
  /** A command passed every check of its sender. */
  onCommand?(command: VerifiedCommand): void;
  onCommandAnswered?(commandId: string, result: "done" | "refused", detail: string): void;
  /** The far end has these records; may repeat. */
  onDelivered?(fromSeq: number, toSeq: number): void;
  /** Puts a stopwatch around the verifier. */
  measured?(verifier: CredentialVerifier): CredentialVerifier;
}
