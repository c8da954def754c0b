/** Disk, broker and resolver of a run in virtual time: the real store, without a file or a socket. */
import { unitTopics } from "../../src/protocol/topics.ts";
import { openStore } from "../../src/store/store.ts";
import { DataPublisher } from "../actors/data-publisher.ts";
import type { SimulatedDistrict } from "../actors/district.ts";
import { Operator } from "../actors/operator.ts";
import { createSimulatedResolver, type SimulatedResolver } from "../actors/resolver.ts";
import type { Random } from "../kernel/random.ts";
import type { Trace } from "../kernel/trace.ts";
import type { UnitClock } from "../kernel/unit-clock.ts";
import type { VirtualClock } from "../kernel/virtual-clock.ts";
import { createSimulatedBroker, type SimulatedBroker } from "./broker.ts";
import { type BrokerMessage } from "./broker-conditions.ts";
import { createDisk, type Disk } from "./disk.ts";
import { MemoryFiles } from "./memory-files.ts";
import type { Backend } from "./simulated-platform.ts";
import { UNIT_FILES } from "./unit-files.ts";

/** What can be done to a broker. */
export interface BrokerFaults {
  setReachable(reachable: boolean): void;
  setSlow(slow: boolean): void;
  setDuplicating(duplicating: boolean): void;
  /** Loses one message or acknowledgement in five, with the connection. */
  setLossy(lossy: boolean): void;
  /** Whether there is a subscriber to the unit's messages; the broker reports when there is none. */
  setHeard(heard: boolean): void;
  /** Restarts without sessions and retained messages. */
  forget(): void;
  /** Restarts; from then on retained messages and wills are refused, or taken. */
  setRetains(retains: boolean): void;
  /** Restarts; from then on the subscription to commands is refused, or taken. */
  setTakesCommands(takes: boolean): void;
}

export interface VirtualBackend extends Backend {
  readonly disk: Disk;
  readonly files: MemoryFiles;
  readonly broker: BrokerFaults;
  readonly resolver: SimulatedResolver;
  /** Gives commands over the broker. */
  readonly operator: Operator;
  /** Publishes data sets over the broker. */
  readonly publisher: DataPublisher;
  /** The newest message the unit retained on a topic of its own, e.g. `settings`. */
  retained(topic: string): string | undefined;
  /** Records that have not reached the broker. */
  pending(): number;
  close(): void;
}

export const DISTRICT = "simulated";
const USUAL_LATENCY_MS = 5;
const SLOW_LATENCY_MS = 2_000;
const LOST = 0.2;

export interface VirtualBackendOptions {
  clock: VirtualClock;
  unitClock: UnitClock;
  random: Random;
  trace: Trace;
  unitId: string;
  district: SimulatedDistrict;
  /** Sees every message the broker takes. */
  onMessage?: ((message: BrokerMessage) => void) | undefined;
}

/** An SQLite store in memory, files in memory, and a simulated broker. */
export function createVirtualBackend(options: VirtualBackendOptions): VirtualBackend {
  const { clock, unitClock, random, trace, unitId, district } = options;
  const bytes = random.fork("store");
  const store = openStore({
    path: ":memory:",
    unitId,
    clock: unitClock,
    random: (length) => Uint8Array.from({ length }, () => bytes.integer(0, 255)),
  });
  const files = new MemoryFiles(() => unitClock.wallMs());
  const disk = createDisk({ clock, trace, store, files });
  const broker = createSimulatedBroker({ clock, random: random.fork("broker") });
  const chance = random.fork("uplink");
  const address = { unitId, district: DISTRICT };
  const send = (topic: string, payload: string): void => broker.send(topic, payload);
  const operator = new Operator(clock, address, send);
  const publisher = new DataPublisher({ clock, broker, ...address });
  const hands = handsOf(broker, address, (message) => {
    options.onMessage?.(message);
    noteArrival(trace, unitId, message);
  });
  files.put(UNIT_FILES.commandKeys, operator.keyFile());
  files.put(UNIT_FILES.dataKeys, publisher.keyFile());
  return {
    disk,
    files,
    link: () => broker.link(),
    resolver: createSimulatedResolver(clock, (token) => district.entryOfToken(token)),
    chance: () => chance.next(),
    operator,
    publisher,
    broker: hands,
    retained: (topic) => broker.retained(topic),
    pending: () => store.outbox.pending(),
    close: () => void store.close(),
  };
}

function handsOf(
  broker: SimulatedBroker,
  { unitId }: { unitId: string },
  onMessage: (message: BrokerMessage) => void,
): BrokerFaults {
  const { commandFilter } = unitTopics(DISTRICT, unitId);
  let stopListening: (() => void) | undefined = broker.subscribe("#", onMessage);
  return {
    setReachable: (reachable) => broker.setUp(reachable),
    setSlow: (slow) =>
      broker.setConditions({ latencyMs: slow ? SLOW_LATENCY_MS : USUAL_LATENCY_MS }),
    setDuplicating: (duplicating) => broker.setConditions({ duplicate: duplicating ? 1 : 0 }),
    setLossy: (lossy) => broker.setConditions({ drop: lossy ? LOST : 0 }),
    setHeard(heard) {
      broker.setConditions({ reportsNoSubscribers: !heard });
      if (heard) stopListening ??= broker.subscribe("#", onMessage);
      else {
        stopListening?.();
        stopListening = undefined;
      }
    },
    forget: () => broker.loseSessions(),
    setRetains(retains) {
      broker.setConditions({ retains });
      broker.loseSessions();
    },
    setTakesCommands(takes) {
      broker.setConditions({ refuses: takes ? undefined : commandFilter });
      broker.loseSessions();
    },
  };
}

/** Notes the arrival of records, by unit and number, of the unit's state and of its answers. */
function noteArrival(trace: Trace, unitId: string, { topic, payload }: BrokerMessage): void {
  const { events, state, commandResult } = unitTopics(DISTRICT, unitId);
  if (topic === state || topic === commandResult)
    trace.note({ what: "broker-took", topic, id: `${unitId}/state` });
  if (topic !== events) return;
  const event = JSON.parse(payload) as { data?: { record?: { seq?: number } } };
  const seq = event.data?.record?.seq;
  if (seq !== undefined) {
    trace.note({ what: "broker-took", topic, id: `${unitId}/${seq}`, seq });
  }
}
