/** Store, outbox and broker of a run in virtual time: the real ones, without a file or a socket. */
import { openStore } from "../src/store/store.ts";
import { createSimulatedBroker, type BrokerMessage } from "./broker.ts";
import type { VirtualClock } from "./clock.ts";
import { createDisk, type Disk } from "./disk.ts";
import type { Backend } from "./doorway.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";
import type { UnitClock } from "./unit-clock.ts";
import { createUplinkSocket } from "./uplink-socket.ts";

/** What can be done to a broker. */
export interface BrokerHands {
  setReachable(reachable: boolean): void;
  setSlow(slow: boolean): void;
  setDuplicating(duplicating: boolean): void;
}

export interface VirtualBackend extends Backend {
  readonly disk: Disk;
  readonly broker: BrokerHands;
  /** Records that have not reached the broker. */
  pending(): number;
  close(): void;
}

const USUAL_LATENCY_MS = 5;
const SLOW_LATENCY_MS = 2_000;

/** An SQLite store in memory, and a simulated broker. */
export function createVirtualBackend(options: {
  clock: VirtualClock;
  unitClock: UnitClock;
  random: Random;
  trace: Trace;
  unitId: string;
}): VirtualBackend {
  const { clock, unitClock, random, trace, unitId } = options;
  const bytes = random.fork("store");
  const store = openStore({
    path: ":memory:",
    unitId,
    clock: unitClock,
    random: (length) => Uint8Array.from({ length }, () => bytes.integer(0, 255)),
  });
  const disk = createDisk(clock, trace, store);
  const broker = createSimulatedBroker({ clock, random: random.fork("broker") });
  const chance = random.fork("uplink");
  broker.onMessage((message) => noteArrival(trace, unitId, message));
  return {
    ...createUplinkSocket((boot) => ({
      link: broker.link(),
      outbox: store.outbox,
      clock: unitClock,
      unitId,
      district: "simulated",
      bootId: `boot-${boot}`,
      version: "0.1.0",
      chance: () => chance.next(),
    })),
    store: disk,
    settings: disk.settings,
    outbox: store.outbox,
    disk,
    broker: {
      setReachable: (reachable) => broker.setUp(reachable),
      setSlow: (slow) =>
        broker.setConditions({ latencyMs: slow ? SLOW_LATENCY_MS : USUAL_LATENCY_MS }),
      setDuplicating: (duplicating) => broker.setConditions({ duplicate: duplicating ? 1 : 0 }),
    },
    pending: () => store.outbox.pending(),
    close: () => void store.close(),
  };
}

/** Notes a record's arrival by unit and number. */
function noteArrival(trace: Trace, unitId: string, { topic, payload }: BrokerMessage): void {
  const event = JSON.parse(payload) as { data?: { record?: { seq?: number } } };
  const seq = event.data?.record?.seq;
  if (seq === undefined) {
    trace.note({ what: "broker-took", topic, id: `${unitId}/state` });
    return;
  }
  trace.note({ what: "broker-took", topic, id: `${unitId}/${seq}`, seq });
}
