/** The simulated doorway in real time, with its pages: what `npm start` shows. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { Health } from "../../src/health/health.ts";
import { createCommandDesk } from "../../src/uplink/command-verifier.ts";
import { KeyRing } from "../../src/protocol/signed-token.ts";
import { startUiServer } from "../../src/ui/server.ts";
import { createFrames } from "./control.ts";
import { doorwayExtension } from "./routes.ts";
import { createRandom } from "../kernel/random.ts";
import { createRemote, REMOTE_KEY_ID } from "./remote.ts";
import { setStage, type Stage } from "./session.ts";
import type { Trace } from "../kernel/trace.ts";

export interface SimulatedDoorwayOptions {
  /** 0 takes a free one. */
  port?: number;
  /** Loopback unless told otherwise. */
  host?: string;
  /** Keeps the records; a temporary folder that goes away at the end where none is given. */
  folder?: string;
  seed?: number;
  /** Who may command the unit: raw Ed25519 public keys, base64url, by key id. */
  commandKeys?: Readonly<Record<string, string>>;
}

export interface RunningDoorway {
  url: string;
  /** Where the unit can be commanded. */
  brokerUrl: string;
  unitId: string;
  district: string;
  stop(): Promise<void>;
}

const UNIT_ID = "unit-sim";
const DISTRICT = "simulated";
const VENUE = { zh: "望园路社区药房", en: "Wangyuan Road Community Pharmacy" };

/** Starts the doorway, its broker and its pages; resolves when the pages can be opened. */
export async function startSimulatedDoorway(
  options: SimulatedDoorwayOptions = {},
): Promise<RunningDoorway> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "sentinel-sim-")));
  const random = createRandom(options.seed ?? 1);
  const clock = createSystemClock();
  const remote = createRemote(clock, { district: DISTRICT, unitId: UNIT_ID });
  const keys = new KeyRing({ ...options.commandKeys, [REMOTE_KEY_ID]: remote.publicKey });
  const seen: { health?: Health } = {};
  const stage = await setStage({
    random,
    folder,
    unitId: UNIT_ID,
    venueName: VENUE,
    remote,
    trace: traceFor(seen),
    onTimings: (timings) => seen.health?.sawVisit(timings),
    uplink: ({ settings: memory }, unitClock) => ({
      district: DISTRICT,
      commands: createCommandDesk({
        unitId: UNIT_ID,
        district: DISTRICT,
        clock: unitClock,
        keys,
        memory,
      }),
    }),
  });
  const health = healthOf(stage);
  seen.health = health;
  const { bench, control, feed, backend } = stage;
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
      extension: doorwayExtension(control, feed),
      health,
      feed: { ...feed, cameraFrame: createFrames(bench) },
    });
    return {
      url: server.url,
      brokerUrl: backend.broker.url,
      unitId: UNIT_ID,
      district: DISTRICT,
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

function healthOf({ unitClock, doorway, backend }: Stage): Health {
  return new Health({
    unitId: UNIT_ID,
    version: "0.1.0",
    clock: unitClock,
    gateway: () => doorway.gateway(),
    store: backend.memory,
    uplink: () => backend.uplink()?.counters(),
  });
}

/** Keeps nothing, and counts what the unit's figures are made of. */
function traceFor(seen: { readonly health?: Health }): Trace {
  return {
    entries: [],
    note(entry) {
      if (entry.what === "turn") seen.health?.sawTurn(entry);
    },
  };
}
