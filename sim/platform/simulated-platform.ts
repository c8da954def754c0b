/** What a simulation gives the unit, for one run of it between power-on and power-off. */
import type { MqttLink } from "../../src/mqtt/connection.ts";
import type { ResolverClient } from "../../src/credential/directory/resolver.ts";
import type { Store } from "../../src/store/store.ts";
import type { Machine, Platform } from "../../src/unit/platform.ts";
import { bytes } from "../actors/district.ts";
import type { Random } from "../kernel/random.ts";
import type { Disk } from "./disk.ts";

/** What outlives a restart of the unit: its disk, and whom it reaches over the network. */
export interface Backend {
  readonly disk: Pick<Disk, "files" | "losePower"> & { readonly store: Store };
  link(): MqttLink;
  /** The online resolver of the district. */
  readonly resolver: ResolverClient;
  /** Uniform in [0, 1): spreads reconnects. */
  chance(): number;
}

/** Of one run: what a unit without power still computes reaches nothing. */
export interface Power {
  on: boolean;
}

export interface SimulatedPlatformOptions extends Pick<
  Platform,
  "bootId" | "clock" | "log" | "observer" | "openDevices" | "policy" | "servePages"
> {
  backend: Backend;
  /** References of events. */
  references: Random;
  power: Power;
}

/** The same in every run. */
const MACHINE: Machine = { memoryBytes: () => 100_000_000, temperatureC: () => 45 };

export function simulatedPlatform(options: SimulatedPlatformOptions): Platform {
  const { backend, references, power, ...given } = options;
  return {
    ...given,
    chance: { bytes: (count) => bytes(references, count), fraction: () => backend.chance() },
    files: poweredFiles(backend, power),
    openStore: async () => ({ store: poweredStore(backend, power) }),
    link: () => backend.link(),
    resolver: () => backend.resolver,
    machine: MACHINE,
  };
}

function poweredStore({ disk: { store } }: Backend, power: Power): Store {
  return {
    ...store,
    settings: {
      get: (name) => store.settings.get(name),
      async set(name, value) {
        if (!power.on) throw new Error("there is no power");
        await store.settings.set(name, value);
      },
    },
    commit: (draft) => (power.on ? store.commit(draft) : new Promise(() => {})),
    // The database outlives the unit: the next run opens the same one.
    close: async () => {},
  };
}

function poweredFiles({ disk: { files } }: Backend, power: Power): Platform["files"] {
  return {
    ...files,
    async replace(path, content, how) {
      if (!power.on) throw new Error("there is no power");
      await files.replace(path, content, how);
    },
  };
}
