/** What the page of the virtual doorway can see and do: the gallery, the world's switches, the broker. */
import type { CameraFrame } from "../../src/ui/ports.ts";
import type { DoorwayControl, GalleryVisitor, WorldControls } from "./ports.ts";
import type { SimulatedHardware } from "../doorway/hardware.ts";
import type { SimulatedDistrict, UnitFiles } from "../actors/district.ts";
import type { Unit } from "../../src/unit/unit.ts";
import type { EmbeddedBroker } from "../platform/embedded-broker.ts";
import { GALLERY, type GalleryCase } from "./gallery.ts";
import type { Cast } from "../scenario/fixtures.ts";
import { directoryEntry } from "../scenario/people-schema.ts";
import { visitor } from "../scenario/schema.ts";
import type { UnitClock } from "../kernel/unit-clock.ts";
import type { World } from "../doorway/world.ts";

export interface ControlOptions {
  world: World;
  bench: SimulatedHardware;
  broker: EmbeddedBroker;
  district: SimulatedDistrict;
  /** Of the unit, where the district lays down what it knows. */
  files: UnitFiles;
  unit: () => Pick<Unit, "reload">;
  cast: Cast;
  unitClock: UnitClock;
  /** The true time, epoch ms. */
  nowMs: () => number;
  /** Sends commands of the district; absent: there are none. */
  order?: DoorwayControl["order"];
}

const MESSAGES_KEPT = 50;
/** Age of the unit's data whenever a visitor comes: the district keeps it fresh. */
const DIRECTORY_AGE_MS = 25 * 60_000;
const TRUST_LIST_AGE_MS = 2 * 3_600_000;

/** Makes the control. Faults of the world are switched here, and only here, while the page runs. */
export function createDoorwayControl(options: ControlOptions): DoorwayControl {
  const { world, bench, broker, unitClock, nowMs } = options;
  const listeners = new Set<() => void>();
  const messages: { topic: string; payload: string; atMs: number }[] = [];
  const sockets = createSockets(bench);
  let brokerUp = true;
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  world.watch(changed);
  broker.onMessage((topic, payload) => {
    messages.unshift({ topic, payload, atMs: nowMs() });
    messages.length = Math.min(messages.length, MESSAGES_KEPT);
    changed();
  });
  const switchBroker = (up: boolean): void => {
    brokerUp = up;
    // Where another program has taken the port, the broker stays down, and the page shows it.
    (up ? broker.up() : broker.down()).catch(() => undefined).finally(changed);
  };
  return {
    visitors: () => GALLERY.map((each) => portrait(each)),
    present: (visitorId) => present(options, visitorId),
    dismiss: () => world.dismiss(),
    atDoor: () => world.atDoor(),
    frame: createFrames(bench),
    world(): WorldControls {
      const { light, distanceM, noise } = world.conditions();
      return {
        light: light / 2,
        distanceM,
        noise,
        brokerUp,
        ...sockets.state(),
        clockErrorMs: unitClock.errorMs,
      };
    },
    setWorld(change) {
      const { light, distanceM, noise, clockErrorMs } = change;
      // The camera counts a well lit hall as 1 and bright sun as 2.
      if (light !== undefined) world.setConditions({ light: 2 * light });
      if (distanceM !== undefined) world.setConditions({ distanceM });
      if (noise !== undefined) world.setConditions({ noise });
      if (change.brokerUp !== undefined) switchBroker(change.brokerUp);
      sockets.set(change);
      // A clock that is wrong also counts as not synchronised.
      if (clockErrorMs !== undefined) unitClock.set(clockErrorMs, clockErrorMs === 0);
      changed();
    },
    ...(options.order === undefined ? {} : { order: options.order }),
    broker: () => messages,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Brings a visitor of the gallery to the door, with data of the district that is as fresh as ever. */
async function present(
  { world, district, cast, files, unit, nowMs }: ControlOptions,
  visitorId: string,
): Promise<void> {
  const found = GALLERY.find((each) => each.id === visitorId);
  if (found === undefined) throw new Error(`the gallery has no visitor "${visitorId}"`);
  const now = nowMs();
  district.setDirectoryAsOf(now - DIRECTORY_AGE_MS);
  district.setTrustListAsOf(now - TRUST_LIST_AGE_MS);
  district.revoke([], "revoked", now - TRUST_LIST_AGE_MS);
  if (found.known !== undefined) cast.know(directoryEntry.parse(found.known));
  const plan = cast.plan(visitor.parse(found.visitor), found.id);
  district.handOver(files);
  await unit().reload();
  await world.callForward(plan);
}

type PlugState = Pick<WorldControls, "thermometerPlugged" | "readerPlugged" | "cameraPlugged">;

/** The cables of the devices: which are plugged in, and pulling or plugging them. */
function createSockets(bench: SimulatedHardware): {
  state: () => PlugState;
  set: (change: Partial<PlugState>) => void;
} {
  const plugged = { thermometerPlugged: true, readerPlugged: true, cameraPlugged: true };
  const devices = [
    ["thermometerPlugged", bench.smbus],
    ["readerPlugged", bench.serial],
    ["cameraPlugged", bench.camera],
  ] as const;
  return {
    state: () => ({ ...plugged }),
    set(change) {
      for (const [name, device] of devices) {
        const wanted = change[name];
        if (wanted === undefined) continue;
        plugged[name] = wanted;
        if (wanted) device.plug();
        else device.unplug();
      }
    },
  };
}

function portrait({ visitor: _visitor, known: _known, ...shown }: GalleryCase): GalleryVisitor {
  return shown;
}

/** The camera's present picture, while it gives any; its number grows whenever the picture is another one. */
export function createFrames(bench: SimulatedHardware): () => CameraFrame | undefined {
  let sequence = 0;
  let last: object | undefined;
  return () => {
    if (!bench.camera.gives()) return undefined;
    const picture = bench.camera.picture();
    if (picture !== last) sequence += 1;
    last = picture;
    return { ...picture, sequence };
  };
}
