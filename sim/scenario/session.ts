/** Sets a scenario up in virtual time: people, hardware, disk, broker, district, and the unit that was not started yet. */
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import type { VisitTimings } from "../../src/gateway/visit-timings.ts";
import { SimulatedDistrict } from "../actors/district.ts";
import { composeDoorway, type DoorwayOptions } from "../doorway/doorway.ts";
import { createSimulatedHardware, type SimulatedHardware } from "../doorway/hardware.ts";
import { devicesIn, doorwayFile } from "../doorway/wiring.ts";
import { createMortalEngine } from "../faults/failing-engine.ts";
import { createRandom, type Random } from "../kernel/random.ts";
import { createTrace, type Trace } from "../kernel/trace.ts";
import { createUnitClock } from "../kernel/unit-clock.ts";
import { VirtualClock } from "../kernel/virtual-clock.ts";
import type { BrokerMessage } from "../platform/broker-conditions.ts";
import { simulatedUnitConfig } from "../platform/unit-config.ts";
import { createVirtualBackend, DISTRICT } from "../platform/virtual.ts";
import { Cast } from "./fixtures.ts";
import type { LoadedScenario } from "./load.ts";
import type { Stage } from "./stage.ts";
import { createStopwatch, type CpuTimings, type Stopwatch } from "./stopwatch.ts";
import { momentMs } from "./values.ts";

export interface SessionOptions {
  /** Instead of the scenario's own. */
  seed?: number | undefined;
  /** An inline engine whose decoders are loaded already. */
  engine: DecodeEngine;
  /** Real milliseconds; with it each visit's line says what the processor spent. */
  stopwatch?: () => number;
  /** Sees every message the broker takes, as it leaves the unit. */
  onMessage?: (message: BrokerMessage) => void;
  /** With it the unit asks an online resolver for tokens that its directory does not know. */
  resolver?: boolean;
  /** With it the unit announces itself to a Home Assistant. */
  homeAssistant?: boolean;
}

/** What a scenario plays in, and what is measured meanwhile. */
export interface Session {
  readonly stage: Stage;
  readonly seed: number;
  readonly trace: Trace;
  /** By visit. */
  readonly timings: ReadonlyMap<string, VisitTimings>;
  readonly cpu: ReadonlyMap<string, CpuTimings>;
  close(): void;
}

/** Sets everything up. Nothing happens before the doorway is started and the clock runs. */
export async function openSession(
  loaded: LoadedScenario,
  options: SessionOptions,
): Promise<Session> {
  const { fields, startMs } = loaded;
  const seed = options.seed ?? fields.seed;
  const random = createRandom(seed);
  const clock = new VirtualClock(startMs);
  const unitClock = createUnitClock(clock);
  const trace = createTrace(() => clock.monotonicMs());
  const district = districtOf(loaded, random);
  const cast = castOf(loaded, random, district, () => clock.wallMs());
  const hardware = hardwareOf(loaded, random, clock);
  const backend = createVirtualBackend({
    clock,
    unitClock,
    random: random.fork("backend"),
    trace,
    unitId: fields.unit.id,
    district,
    onMessage: options.onMessage,
  });
  district.handOver(backend.files);
  const timings = new Map<string, VisitTimings>();
  const cpu = new Map<string, CpuTimings>();
  const watch = options.stopwatch === undefined ? undefined : createStopwatch(options.stopwatch);
  const decoder = createMortalEngine(options.engine);
  const { store } = backend.disk;
  const disk = { ...backend.disk, store: watch?.store(store) ?? store };
  const doorway = await composeDoorway({
    clock,
    unitClock,
    random: random.fork("doorway"),
    trace,
    config: simulatedUnitConfig({
      unitId: fields.unit.id,
      district: DISTRICT,
      without: fields.unit.without,
      devices: fields.unit.devices,
      ...district.filePaths(),
      mqtt: { homeAssistant: options.homeAssistant ?? false },
      resolver: options.resolver ?? false,
    }),
    policy: loaded.policy,
    engine: watch?.engine(decoder.engine) ?? decoder.engine,
    backend: { ...backend, disk },
    hardware,
    observer: observerOf(timings, cpu, watch),
  });
  const note: Stage["note"] = (entry) => trace.note(entry);
  const stage = { loaded, clock, unitClock, district, cast, doorway, backend, decoder, note };
  return { stage, seed, trace, timings, cpu, close: () => backend.close() };
}

function observerOf(
  timings: Map<string, VisitTimings>,
  cpu: Map<string, CpuTimings>,
  watch: Stopwatch | undefined,
): NonNullable<DoorwayOptions["observer"]> {
  return {
    ...(watch === undefined ? {} : { measured: (verifier) => watch.verifier(verifier) }),
    onTimings(timing) {
      timings.set(timing.visitRef, timing);
      if (watch !== undefined) cpu.set(timing.visitRef, watch.take());
    },
  };
}

function castOf(
  { fields, pictures, startMs }: LoadedScenario,
  random: Random,
  district: SimulatedDistrict,
  nowMs: () => number,
): Cast {
  const { people, passes } = fields;
  const cast = new Cast({ district, random: random.fork("cast"), nowMs, people, passes, pictures });
  for (const entry of fields.directory) cast.know(entry);
  district.revoke(cast.serialsOf(fields.revoked), "revoked", startMs);
  return cast;
}

function hardwareOf(
  { fields }: LoadedScenario,
  random: Random,
  clock: VirtualClock,
): SimulatedHardware {
  const { framesPerSecond, noise, width, height } = fields.unit.camera;
  // Without noise every frame of a scene is the same, and need not be drawn again.
  const noisy = noise > 0 || fields.timeline.some((happening) => happening.noise !== undefined);
  const noiseFrames = noisy ? 3 : 1;
  return createSimulatedHardware({
    clock,
    random: random.fork("bench"),
    ambientC: fields.unit.ambientC,
    devices: devicesIn(doorwayFile(fields.unit.devices)),
    camera: { width, height, framesPerSecond, idleFramesPerSecond: 1, noise, noiseFrames },
  });
}

function districtOf(loaded: LoadedScenario, random: Random): SimulatedDistrict {
  const { fields, startMs } = loaded;
  const district = new SimulatedDistrict({
    random: random.fork("district"),
    startMs,
    trustListAsOfMs: momentMs(fields.trustListAsOf, startMs),
    directoryAsOfMs: momentMs(fields.directoryAsOf, startMs),
    ...(fields.districtKey === undefined
      ? {}
      : { districtKey: new Uint8Array(Buffer.from(fields.districtKey, "hex")) }),
  });
  for (const [name, issuer] of Object.entries(fields.issuers)) {
    const span = {
      notBeforeMs: momentMs(issuer.notBefore, startMs),
      notAfterMs: momentMs(issuer.notAfter, startMs),
    };
    const made = { algorithm: issuer.algorithm, ...span };
    const key = loaded.keys.get(name) ?? district.makeKey(name, made);
    district.addIssuer(name, key, issuer.trusted);
  }
  const { trust, revocationLists, trustAsOfMs } = loaded;
  for (const [name, bytes] of trust) district.addTrustFile(name, bytes, trustAsOfMs);
  for (const [name, bytes] of revocationLists) district.addRevocationFile(name, bytes, trustAsOfMs);
  return district;
}
