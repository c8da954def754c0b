/** The simulated doorway in real time, with its pages: what `npm start` shows. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startUiServer } from "../src/ui/server.ts";
import { createFrames } from "./doorway-control.ts";
import { createRandom } from "./random.ts";
import { setStage } from "./stage.ts";

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
  const random = createRandom(options.seed ?? 1);
  const stage = await setStage({ random, folder, unitId: UNIT_ID, venueName: VENUE });
  const { bench, clock, control: doorway, feed } = stage;
  await stage.doorway.start();
  const stopUnit = async (): Promise<void> => {
    await stage.strike();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const server = await startUiServer({
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.port === undefined ? {} : { port: options.port }),
      clock,
      doorway,
      feed: { ...feed, cameraFrame: createFrames(bench) },
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
