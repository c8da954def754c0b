/** A doorway in real time and all it stands on: people and their credentials, buses, decoders, store and broker. */
import { createProcessEngine } from "../../hal/drivers/code-reader/engine/process-engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import type { Clock } from "../../hal/clock.ts";
import type { VisitTimings } from "../../src/gateway/visit-timings.ts";
import type { UnitFeed } from "../../src/ui/ports.ts";
import type { DoorwayControl } from "./ports.ts";
import { createSimulatedHardware, type SimulatedHardware } from "../doorway/hardware.ts";
import { District } from "../actors/issuer.ts";
import { createDoorwayControl } from "./control.ts";
import { composeDoorway, type Doorway } from "../doorway/doorway.ts";
import { GALLERY_PEOPLE } from "./gallery.ts";
import { pharmacyPolicy } from "../actors/policy.ts";
import type { Random } from "../kernel/random.ts";
import {
  createRealBackend,
  type RealBackend,
  type RealBackendOptions,
} from "../platform/real-time.ts";
import type { Remote } from "./remote.ts";
import { Cast } from "../scenario/fixtures.ts";
import { createNoTrace, type Trace } from "../kernel/trace.ts";
import { createUnitClock, type UnitClock } from "../kernel/unit-clock.ts";

export interface StageOptions extends Omit<RealBackendOptions, "clock"> {
  random: Random;
  venueName: UnitFeed["venueName"];
  trace?: Trace;
  onTimings?(timings: VisitTimings): void;
  /** Commands the unit over its broker. */
  remote?: Remote;
}

/** What is on the stage; nothing runs before the doorway is started. */
export interface Stage {
  readonly clock: Clock;
  readonly unitClock: UnitClock;
  readonly district: District;
  readonly bench: SimulatedHardware;
  readonly backend: RealBackend;
  readonly doorway: Doorway;
  readonly control: DoorwayControl;
  /** What the unit shows on its pages. */
  readonly feed: UnitFeed;
  /** Ends the unit, its broker and its decoders. */
  strike(): Promise<void>;
}

/** Sets a doorway up with the gallery's visitors before it. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { random, folder, unitId, venueName, trace = createNoTrace(), uplink, remote } = options;
  const clock = createSystemClock();
  const unitClock = createUnitClock(clock);
  const startMs = clock.wallMs();
  const district = new District({ random: random.fork("district"), startMs });
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
    camera: {
      width: 640,
      height: 480,
      framesPerSecond: 15,
      idleFramesPerSecond: 5,
      noise: 2,
      noiseFrames: 4,
    },
  });
  const engine = createProcessEngine({ clock, wanted: CREDENTIAL_SHAPES });
  await engine.ready();
  const backend = await createRealBackend({
    clock: unitClock,
    folder,
    unitId,
    ...(uplink === undefined ? {} : { uplink }),
  });
  const doorway = composeDoorway({
    clock,
    unitClock,
    random: random.fork("doorway"),
    trace,
    policy: pharmacyPolicy(startMs),
    engine,
    verifier: district.verifier,
    backend,
    bench,
    onTimings: (timings) => options.onTimings?.(timings),
  });
  const { world } = doorway;
  const { broker } = backend;
  return {
    clock,
    unitClock,
    district,
    bench,
    backend,
    doorway,
    control: createDoorwayControl({
      world,
      bench,
      broker,
      district,
      cast,
      unitClock,
      nowMs,
      ...(remote === undefined ? {} : { order: (order) => remote.order(order, broker.url) }),
    }),
    feed: {
      unitId,
      venueName,
      view: () => doorway.view(),
      visits: () => doorway.gateway().visits(),
      openings: () => doorway.gateway().openings(),
      subscribe: (listener) => doorway.subscribe(listener),
      operatorDecide: (request) => doorway.gateway().operatorDecide(request),
    },
    async strike() {
      await doorway.stop();
      await engine.close();
      await backend.close();
    },
  };
}
