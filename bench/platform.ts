/** Composes the unit for benchmarks: on this machine's clock and disk, with what each benchmark brings. */
import { randomBytes, randomUUID } from "node:crypto";
import process from "node:process";
import type { Clock } from "../hal/clock.ts";
import { createGate } from "../hal/drivers/gate/guarded-line/gate.ts";
import { SimulatedDistrict } from "../sim/actors/district.ts";
import { pharmacyPolicy } from "../sim/actors/policy.ts";
import { createSimulatedGpio } from "../sim/bus/gpio.ts";
import { createSimulatedGuard } from "../sim/bus/guard.ts";
import { createRandom } from "../sim/kernel/random.ts";
import { MemoryFiles } from "../sim/platform/memory-files.ts";
import { simulatedUnitConfig } from "../sim/platform/unit-config.ts";
import type { Policy } from "../src/core/policy/policy.ts";
import type { Devices } from "../src/gateway/sensing.ts";
import type { MqttLink } from "../src/mqtt/connection.ts";
import type { Store } from "../src/store/store.ts";
import type { UnitObserver, UplinkPace } from "../src/unit/platform.ts";
import { composeUnit, type Unit } from "../src/unit/unit.ts";

export interface BenchUnitOptions {
  clock: Clock;
  unitId: string;
  district: string;
  store: Store;
  /** Absent: the unit has no broker. */
  broker?: { link: MqttLink; collector: boolean };
  /** Default: a gate alone. */
  devices?: Devices;
  close?: () => Promise<void>;
  policy?: Policy;
  observer?: UnitObserver;
  uplinkPace?: UplinkPace;
  /** Whose keys, lists and directory the unit has; default one without people. */
  authority?: SimulatedDistrict;
  /** Where the authority lays them down. */
  files?: MemoryFiles;
}

const GATE_LINE = 17;
const GATE_MAXIMUM_MS = 1_000;

/** A unit that was not started yet. */
export function composeBenchUnit(options: BenchUnitOptions): Promise<Unit> {
  const { clock, unitId, district, store, broker, observer, uplinkPace } = options;
  const nowMs = clock.wallMs();
  const files = options.files ?? new MemoryFiles(() => clock.wallMs());
  const authority =
    options.authority ??
    new SimulatedDistrict({ random: createRandom(1), startMs: clock.wallMs() });
  authority.handOver(files);
  const config = simulatedUnitConfig({
    unitId,
    district,
    ...authority.filePaths(),
    mqtt: { collector: broker?.collector ?? false },
    keys: { commands: false, data: false },
  });
  return composeUnit(broker === undefined ? { ...config, mqtt: undefined } : config, {
    clock,
    chance: { bytes: (count) => randomBytes(count), fraction: () => Math.random() },
    bootId: randomUUID(),
    files,
    log: () => {},
    policy: async () => options.policy ?? pharmacyPolicy(nowMs),
    openStore: async () => ({ store }),
    openDevices: async () => ({
      devices: options.devices ?? { gate: simulatedGate(clock) },
      close: options.close ?? (async () => {}),
    }),
    link() {
      if (broker === undefined) throw new Error("this unit has no broker");
      return broker.link;
    },
    resolver() {
      throw new Error("this unit has no resolver");
    },
    machine: { memoryBytes: () => process.memoryUsage.rss(), temperatureC: () => undefined },
    ...(observer === undefined ? {} : { observer }),
    ...(uplinkPace === undefined ? {} : { uplinkPace }),
  });
}

function simulatedGate(clock: Clock): Devices["gate"] {
  const gpio = createSimulatedGpio(clock);
  const line = createSimulatedGuard({ gpio, line: GATE_LINE, clock, maximumMs: GATE_MAXIMUM_MS });
  return createGate({ line, clock, maximumMs: GATE_MAXIMUM_MS });
}
