/** A doorway in real time and all it stands on: people and their credentials, buses, decoders, disk and broker. */
import type { Clock } from "../../hal/clock.ts";
import { createProcessEngine } from "../../hal/drivers/code-reader/engine/process-engine.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { optional } from "../../src/base/optional.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import type { UnitFeed } from "../../src/ui/ports.ts";
import type { Log } from "../../src/unit/log.ts";
import type { MqttConfig, Platform } from "../../src/unit/platform.ts";
import { SimulatedDistrict } from "../actors/district.ts";
import { pharmacyPolicy } from "../actors/policy.ts";
import { composeDoorway, type Doorway, type DoorwayOptions } from "../doorway/doorway.ts";
import { createSimulatedHardware, type SimulatedHardware } from "../doorway/hardware.ts";
import type { Random } from "../kernel/random.ts";
import { createNoTrace, type Trace } from "../kernel/trace.ts";
import { createUnitClock, type UnitClock } from "../kernel/unit-clock.ts";
import { createRealBackend, type RealBackend } from "../platform/real-time.ts";
import { simulatedUnitConfig } from "../platform/unit-config.ts";
import { UNIT_FILES } from "../platform/unit-files.ts";
import { Cast } from "../scenario/fixtures.ts";
import { createDoorwayControl } from "./control.ts";
import { GALLERY_PEOPLE } from "./gallery.ts";
import type { DoorwayControl } from "./ports.ts";
import type { Remote } from "./remote.ts";

export interface DemoSessionOptions {
  random: Random;
  /** Keeps the unit's database. */
  folder: string;
  unitId: string;
  district?: string;
  venueName: UnitFeed["venueName"];
  trace?: Trace;
  log?: Log;
  observer?: DoorwayOptions["observer"];
  /** Files of keys: who may command the unit, and who may give it data. */
  commandKeys?: string;
  dataKeys?: string;
  /** Another broker than the embedded one. */
  mqtt?: Pick<MqttConfig, "url" | "version">;
  /** Records wait for a collector's acknowledgement. */
  collector?: boolean;
  /** Commands the unit over its broker. */
  remote?: Remote;
  /** Serves the unit's pages. */
  servePages?: (
    services: Parameters<NonNullable<Platform["servePages"]>>[0],
    stage: Pick<DemoSession, "bench" | "control">,
  ) => ReturnType<NonNullable<Platform["servePages"]>>;
}

/** What is on the stage; nothing runs before the doorway is started. */
export interface DemoSession {
  readonly clock: Clock;
  readonly unitClock: UnitClock;
  readonly district: SimulatedDistrict;
  readonly bench: SimulatedHardware;
  readonly backend: RealBackend;
  readonly doorway: Doorway;
  readonly control: DoorwayControl;
  /** Ends the unit, its broker and its decoders. */
  dispose(): Promise<void>;
}

const CAMERA = {
  width: 640,
  height: 480,
  framesPerSecond: 15,
  idleFramesPerSecond: 5,
  noise: 2,
  noiseFrames: 4,
};

/** Sets a doorway up with the gallery's visitors before it. */
export async function openDemoSession(options: DemoSessionOptions): Promise<DemoSession> {
  const { random, folder, unitId, remote } = options;
  const clock = createSystemClock();
  const unitClock = createUnitClock(clock);
  const district = new SimulatedDistrict({
    random: random.fork("district"),
    startMs: clock.wallMs(),
  });
  const nowMs = (): number => clock.wallMs();
  const cast = new Cast({
    district,
    random: random.fork("cast"),
    nowMs,
    people: GALLERY_PEOPLE,
    passes: {},
    pictures: new Map(),
  });
  const bench = createSimulatedHardware({
    clock,
    random: random.fork("bench"),
    ambientC: 22,
    camera: CAMERA,
  });
  const { mqtt } = options;
  const backend = await createRealBackend({ clock: unitClock, folder, unitId, district, mqtt });
  const { broker, files } = backend;
  district.handOver(files);
  const { commandKeys, dataKeys } = options;
  if (commandKeys !== undefined) files.put(UNIT_FILES.commandKeys, commandKeys);
  if (dataKeys !== undefined) files.put(UNIT_FILES.dataKeys, dataKeys);
  const served: { control?: DoorwayControl } = {};
  const { doorway, close } = await openDoorway(options, {
    clock,
    unitClock,
    bench,
    backend,
    district,
    served,
  });
  const control = createDoorwayControl({
    world: doorway.world,
    bench,
    broker,
    district,
    files,
    unit: () => doorway.unit(),
    cast,
    unitClock,
    nowMs,
    ...(remote === undefined ? {} : { order: (order) => remote.order(order, broker.url) }),
  });
  served.control = control;
  return { clock, unitClock, district, bench, backend, doorway, control, dispose: close };
}

interface Setting extends Pick<
  DemoSession,
  "backend" | "bench" | "clock" | "district" | "unitClock"
> {
  served: { control?: DoorwayControl };
}

async function openDoorway(
  options: DemoSessionOptions,
  { clock, unitClock, bench, backend, district, served }: Setting,
): Promise<{ doorway: Doorway; close: () => Promise<void> }> {
  const { random, unitId, venueName, trace = createNoTrace(), servePages } = options;
  const engine = createProcessEngine({ clock, wanted: CREDENTIAL_SHAPES });
  await engine.ready();
  const { trust, revoked } = district.filePaths();
  const doorway = await composeDoorway({
    clock,
    unitClock,
    random: random.fork("doorway"),
    trace,
    config: simulatedUnitConfig({
      unitId,
      district: options.district ?? "simulated",
      venue: venueName,
      trust,
      revoked,
      mqtt: { collector: options.collector ?? false },
      keys: { commands: options.commandKeys !== undefined, data: options.dataKeys !== undefined },
    }),
    policy: pharmacyPolicy(clock.wallMs()),
    engine,
    backend,
    hardware: bench,
    ...optional({ observer: options.observer, log: options.log }),
    ...(servePages === undefined
      ? {}
      : {
          servePages: (services) => {
            const { control } = served;
            if (control === undefined) throw new Error("the doorway is not set up yet");
            return servePages(services, { bench, control });
          },
        }),
  });
  return {
    doorway,
    async close() {
      await doorway.stop();
      await engine.close();
      await backend.close();
    },
  };
}
