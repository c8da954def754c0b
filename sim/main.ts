/** The simulated doorway in real time, with its pages: what `npm start` shows. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWorkerEngine } from "../hal/drivers/code-reader/engine.ts";
import { createSystemClock } from "../hal/linux/clock.ts";
import { startUiServer } from "../src/ui/server.ts";
import { createBench } from "./bench.ts";
import { District } from "./district.ts";
import { composeDoorway } from "./doorway.ts";
import { createDoorwayControl, createFrames } from "./doorway-control.ts";
import { GALLERY_PEOPLE } from "./gallery.ts";
import { pharmacyPolicy } from "./policy.ts";
import { createRandom } from "./random.ts";
import { createRealBackend } from "./real-backend.ts";
import { Cast } from "./scenario/cast.ts";
import { createNoTrace } from "./trace.ts";
import { createUnitClock } from "./unit-clock.ts";

export interface SimulatedDoorwayOptions {
  /** 0 takes a free one. */
  port?: number;
  /** Loopback unless told otherwise. */
  host?: string;
  /** Keeps the records; a temporary folder that goes away at the end where none is given. */
  folder?: string;
  seed?: number;
}

export interface RunningDoorway {
  url: string;
  stop(): Promise<void>;
}

const UNIT_ID = "unit-sim";
const VENUE = { zh: "望园路社区药房", en: "Wangyuan Road Community Pharmacy" };

/** Starts the doorway, its broker and its pages; resolves when the pages can be opened. */
export async function startSimulatedDoorway(
  options: SimulatedDoorwayOptions = {},
): Promise<RunningDoorway> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "sentinel-sim-")));
  const clock = createSystemClock();
  const unitClock = createUnitClock(clock);
  const random = createRandom(options.seed ?? 1);
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
  const bench = createBench({
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
  const engine = createWorkerEngine();
  await engine.ready();
  const backend = await createRealBackend({ clock: unitClock, folder, unitId: UNIT_ID });
  const doorway = composeDoorway({
    clock,
    unitClock,
    random: random.fork("doorway"),
    trace: createNoTrace(),
    policy: pharmacyPolicy(startMs),
    engine,
    verifier: district.verifier,
    backend,
    bench,
  });
  const { world } = doorway;
  const control = createDoorwayControl({
    world,
    bench,
    broker: backend.broker,
    district,
    cast,
    unitClock,
    nowMs,
  });
  await doorway.start();
  const stopUnit = async (): Promise<void> => {
    await doorway.stop();
    await engine.close();
    await backend.close();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const server = await startUiServer({
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.port === undefined ? {} : { port: options.port }),
      clock,
      doorway: control,
      feed: {
        unitId: UNIT_ID,
        venueName: VENUE,
        view: () => doorway.view(),
        visits: () => doorway.gateway().visits(),
        subscribe: (listener) => doorway.subscribe(listener),
        operatorDecide: (request) => doorway.gateway().operatorDecide(request),
        cameraFrame: createFrames(bench),
      },
    });
    return {
      url: server.url,
      async stop() {
        await server.close();
        await stopUnit();
      },
    };
  } catch (error) {
    await stopUnit();
    throw error;
  }
}
