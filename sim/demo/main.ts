/** The simulated doorway in real time, with its pages: what `npm start` shows. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { optional } from "../../src/base/optional.ts";
import { COMMAND_NAMES } from "../../src/core/command.ts";
import { startUiServer } from "../../src/ui/server.ts";
import { createRandom } from "../kernel/random.ts";
import { startDoorwayCollector } from "./collector.ts";
import { createFrames } from "./control.ts";
import { createRemote, REMOTE_KEY_ID } from "./remote.ts";
import { doorwayExtension } from "./routes.ts";
import { openDemoSession } from "./session.ts";

export interface SimulatedDoorwayOptions {
  /** 0 takes a free one. */
  port?: number;
  /** Loopback by default. */
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
  const remote = createRemote(createSystemClock(), { district: DISTRICT, unitId: UNIT_ID });
  const keys = { ...options.commandKeys, [REMOTE_KEY_ID]: remote.publicKey };
  const stage = await openDemoSession({
    random: createRandom(options.seed ?? 1),
    folder,
    unitId: UNIT_ID,
    district: DISTRICT,
    venueName: VENUE,
    remote,
    // The broker speaks MQTT 3.1.1, which cannot say by itself that a record reached no subscriber.
    collector: true,
    commandKeys: commandKeyFile(keys),
    // Without `onProblem` a port that is taken ends the start: here a person can choose another.
    servePages: ({ feed, clock, health, onTokenGuessing }, { bench, control }) =>
      startUiServer({
        clock,
        health,
        onTokenGuessing,
        ...optional({ host: options.host, port: options.port }),
        extension: doorwayExtension(control, feed),
        feed: { ...feed, cameraFrame: createFrames(bench) },
      }),
  });
  const collector = startDoorwayCollector({
    clock: stage.clock,
    chance: () => stage.backend.chance(),
    brokerUrl: stage.backend.broker.url,
    district: DISTRICT,
    folder,
  });
  const stop = async (): Promise<void> => {
    await collector.stop();
    await stage.dispose();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    await stage.doorway.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: stage.doorway.unit().url() ?? "",
    brokerUrl: stage.backend.broker.url,
    unitId: UNIT_ID,
    district: DISTRICT,
    stop,
  };
}

/** A file of keys that may give every command. */
function commandKeyFile(keys: Readonly<Record<string, string>>): string {
  const entries = Object.entries(keys).map(([id, key]) => ({
    id,
    owner: "simulated district",
    key,
    may: [...COMMAND_NAMES],
  }));
  return JSON.stringify({ keys: entries });
}
