/** Store, outbox and broker of a run in virtual time: the real ones, without a file or a socket. */
import { openStore } from "../../src/store/store.ts";
import { createSimulatedBroker, type BrokerMessage } from "./broker.ts";
import type { VirtualClock } from "../kernel/virtual-clock.ts";
import { createDisk, type Disk } from "./disk.ts";
import type { Backend } from "../doorway/doorway.ts";
import type { Random } from "../kernel/random.ts";
import type { Trace } from "../kernel/trace.ts";
import type { UnitClock } from "../kernel/unit-clock.ts";
import { Operator } from "../actors/operator.ts";
import { createCommandDesk } from "../../src/uplink/command-verifier.ts";
import { topicMatches, unitTopics } from "../../src/protocol/topics.ts";
import { createUplinkSocket } from "./power.ts";

/** What can be done to a broker. */
export interface BrokerHands {
  setReachable(reachable: boolean): void;
  setSlow(slow: boolean): void;
  setDuplicating(duplicating: boolean): void;
  /** Loses one message or acknowledgement in five, with the connection. */
  setLossy(lossy: boolean): void;
  /** Whether anybody is subscribed to what the unit says; the broker tells it when nobody is. */
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
  readonly broker: BrokerHands;
  /** Gives commands over the broker. */
  readonly operator: Operator;
  /** Records that have not reached the broker. */
  pending(): number;
  close(): void;
}

const DISTRICT = "simulated";
const USUAL_LATENCY_MS = 5;
const SLOW_LATENCY_MS = 2_000;
const LOST = 0.2;

/** An SQLite store in memory, and a simulated broker. */
export function createVirtualBackend(options: {
  clock: VirtualClock;
  unitClock: UnitClock;
  random: Random;
  trace: Trace;
  unitId: string;
  /** Sees every message the broker takes. */
  onMessage?: ((message: BrokerMessage) => void) | undefined;
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
  const address = { unitId, district: DISTRICT };
  const { commandFilter } = unitTopics(DISTRICT, unitId);
  const hear = (message: BrokerMessage): void => {
    options.onMessage?.(message);
    if (!topicMatches(commandFilter, message.topic)) noteArrival(trace, unitId, message);
  };
  let deafen: (() => void) | undefined = broker.subscribe("#", hear);
  const setHeard = (heard: boolean): void => {
    broker.setConditions({ reportsNoSubscribers: !heard });
    if (heard) deafen ??= broker.subscribe("#", hear);
    else {
      deafen?.();
      deafen = undefined;
    }
  };
  const operator = new Operator(clock, address, (topic, payload) => broker.send(topic, payload));
  return {
    ...createUplinkSocket((boot) => ({
      link: broker.link(),
      outbox: store.outbox,
      clock: unitClock,
      ...address,
      commands: createCommandDesk({
        ...address,
        clock: unitClock,
        keys: operator.keys,
        memory: disk.settings,
      }),
      bootId: `boot-${boot}`,
      version: "0.1.0",
      chance: () => chance.next(),
    })),
    store: disk,
    settings: disk.settings,
    losePower: () => disk.losePower(),
    outbox: store.outbox,
    disk,
    operator,
    broker: {
      setReachable: (reachable) => broker.setUp(reachable),
      setSlow: (slow) =>
        broker.setConditions({ latencyMs: slow ? SLOW_LATENCY_MS : USUAL_LATENCY_MS }),
      setDuplicating: (duplicating) => broker.setConditions({ duplicate: duplicating ? 1 : 0 }),
      setLossy: (lossy) => broker.setConditions({ drop: lossy ? LOST : 0 }),
      setHeard,
      forget: () => broker.loseSessions(),
      setRetains: (retains) => {
        broker.setConditions({ retains });
        broker.loseSessions();
      },
      setTakesCommands: (takes) => {
        broker.setConditions({ refuses: takes ? undefined : commandFilter });
        broker.loseSessions();
      },
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
