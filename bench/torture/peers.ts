/** The same storm of kills for this project's outbox and for what one might pick instead: a mosquitto bridge on the unit. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { delay, withDeadline } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { createRandom, type Random } from "../../sim/kernel/random.ts";
import { startMosquitto, type Mosquitto } from "../../tests/support/mosquitto.ts";
import { printTable } from "../figures.ts";
import {
  bridgeContestant,
  outboxContestant,
  type Arrivals,
  type Contestant,
  type Ground,
} from "./contestants.ts";

/** A way to carry records away, by the name it has in the table. */
export interface Peer {
  name: string;
  enter: (ground: Ground) => Contestant | Promise<Contestant>;
}

export const OUTBOX: Peer = { name: "outbox and collector", enter: outboxContestant };

const bridge = (name: string, settings: readonly string[]): Peer => ({
  name: `mosquitto bridge, ${name}`,
  enter: (ground) => bridgeContestant(ground, settings),
});

/** From what a user gets to the best the settings give. */
export const BRIDGES = {
  defaults: bridge("persistence", []),
  saving: bridge("no queue limit, saves every second", [
    "max_queued_messages 0",
    "autosave_interval 1",
  ]),
  alwaysSaving: bridge("no queue limit, saves at every change", [
    "max_queued_messages 0",
    "autosave_interval 1",
    "autosave_on_changes true",
  ]),
};

export interface PeerStormOptions {
  kills: number;
  records: number;
  seed: number;
  /** Called after each kill of the unit. */
  onKill?: (done: number) => void;
}

/** What became of the records whose safety the unit's side was told. */
export interface Tally {
  acknowledged: number;
  delivered: number;
  duplicates: number;
  lost: number;
}

/** Counts; what arrived without having been acknowledged was never promised, and is not counted. */
export function tally(told: ReadonlySet<number>, { numbers, duplicates }: Arrivals): Tally {
  const delivered = [...told].filter((number) => numbers.has(number)).length;
  return { acknowledged: told.size, delivered, duplicates, lost: told.size - delivered };
}

const PER_SECOND = 1_000;
/** The far broker is the same for all, and as careful as mosquitto is by itself. */
const FAR = [
  "allow_anonymous true",
  "max_queued_messages 0",
  "persistence true",
  "persistence_location {folder}/",
  "autosave_interval 1",
];
/** The far broker has written down who listens. */
const SAVED_MS = 1_500;
const SETTLE_MS = 120_000;

const clock = createSystemClock();

/** Kills the unit's side again and again, the far broker and the collector now and then. */
export async function peerStorm(peer: Peer, options: PeerStormOptions): Promise<Tally> {
  const { kills, records, seed, onKill } = options;
  // The same draws for every peer: the same storm.
  const random = createRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "sentinel-peers-"));
  const far = await startMosquitto(FAR);
  const told = new Set<number>();
  const onTold = (number: number): void => void told.add(number);
  const contestant = await peer.enter({ folder, far, perSecond: PER_SECOND, onTold });
  try {
    await contestant.startCollector();
    await delay(clock, SAVED_MS);
    for (let killed = 0; killed < kills; killed++) {
      const to = Math.ceil((records * (killed + 1)) / (kills + 1));
      await contestant.startUnit(firstUntold(told), to);
      await life({ contestant, far, random, lengthMs: (records / kills / PER_SECOND) * 1_000 });
      onKill?.(killed + 1);
    }
    await contestant.startUnit(firstUntold(told), records);
    const late = (): Error =>
      new Error(`${peer.name}: not settled ${SETTLE_MS} ms after the storm`);
    await withDeadline(clock, SETTLE_MS, contestant.settled(), late);
    await contestant.killUnit();
    await contestant.killCollector();
    return tally(told, await contestant.arrivals());
  } finally {
    await contestant.dispose();
    await far.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Life {
  contestant: Contestant;
  far: Mosquitto;
  random: Random;
  /** As long as its records take. */
  lengthMs: number;
}

/** One life of the unit, and its end; the far side may die in its course and be back only after it. */
async function life({ contestant, far, random, lengthMs }: Life): Promise<void> {
  const part = (share: number): number => random.integer(0, Math.round(lengthMs * share));
  const endMs = part(0.3) + lengthMs * 0.5;
  const outage = { happens: random.chance(0.6), fromMs: part(0.3), forMs: part(1) + 200 };
  const collectorDies = { happens: random.chance(0.25), fromMs: part(0.5) };
  const fallen = outage.happens ? fall(far, outage) : Promise.resolve();
  const restarted = collectorDies.happens
    ? restart(contestant, collectorDies.fromMs)
    : Promise.resolve();
  await delay(clock, endMs);
  await contestant.killUnit();
  await Promise.all([fallen, restarted]);
}

async function fall(far: Mosquitto, outage: { fromMs: number; forMs: number }): Promise<void> {
  await delay(clock, outage.fromMs);
  await far.kill();
  await delay(clock, outage.forMs);
  await far.start();
}

async function restart(contestant: Contestant, afterMs: number): Promise<void> {
  await delay(clock, afterMs);
  await contestant.killCollector();
  await contestant.startCollector();
}

function firstUntold(told: ReadonlySet<number>): number {
  let number = 1;
  while (told.has(number)) number += 1;
  return number;
}

const SHORT = { kills: 5, records: 5_000 };
const LONG = { kills: 100, records: 100_000 };

export async function run(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      long: { type: "boolean", default: false },
      kills: { type: "string" },
      records: { type: "string" },
      seed: { type: "string", default: "1" },
    },
  });
  const usual = values.long ? LONG : SHORT;
  const kills = Number(values.kills ?? usual.kills);
  const records = Number(values.records ?? usual.records);
  const seed = Number(values.seed);
  console.log(
    `peers: the unit's side killed ${kills} times with SIGKILL over ${records} records at ${PER_SECOND}/s, the far broker\n` +
      `(it saves every second) in six of ten lives and the collector in one of four, seed ${seed}\n`,
  );
  const { defaults, saving, alwaysSaving } = BRIDGES;
  const peers = [OUTBOX, defaults, saving, ...(values.long ? [alwaysSaving] : [])];
  const rows: string[][] = [];
  let held = true;
  for (const peer of peers) {
    const onKill = (done: number): void => {
      if (done % 10 === 0) console.error(`${peer.name}: ${done} of ${kills} kills`);
    };
    const beganMs = clock.monotonicMs();
    const result = await peerStorm(peer, { kills, records, seed, onKill });
    const seconds = (clock.monotonicMs() - beganMs) / 1_000;
    const { acknowledged, delivered, duplicates, lost } = result;
    rows.push([
      peer.name,
      ...[acknowledged, delivered, duplicates, lost].map(String),
      seconds.toFixed(0),
    ]);
    if (peer === OUTBOX) held = lost === 0 && acknowledged === records;
  }
  printTable(["", "acknowledged", "delivered", "duplicates", "lost", "seconds"], rows);
  console.log(
    "\nacknowledged: the unit's side was told that the record is safe; duplicates: dropped at the far end",
  );
  if (!held) console.log(`\nNOT HELD. Again: npm run torture -- peers ${args.join(" ")}`);
  return held;
}
