import { afterEach, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../sim/kernel/random.ts";
import { ConnectionManager } from "../../../src/mqtt/reconnect.ts";
import type { MqttConnection } from "../../../src/mqtt/connection.ts";
import { START_MS } from "../../support/records.ts";

const UNITS = 500;
const SECOND_MS = 1_000;
const keepers: ConnectionManager[] = [];

/** A district whose units all had a connection for a minute; then their broker dies for a while. */
async function districtWithoutBroker(seed: number): Promise<number[]> {
  const clock = new VirtualClock(START_MS);
  const random = createRandom(seed);
  const tries: number[] = [];
  const drop: (() => void)[] = [];
  let up = true;
  for (let unit = 0; unit < UNITS; unit++) {
    const chance = random.fork(`unit-${unit}`);
    const keeper = new ConnectionManager({
      clock,
      chance: () => chance.next(),
      async connect() {
        if (!up) {
          tries.push(clock.monotonicMs());
          throw new Error("nobody answers");
        }
        return { close: () => Promise.resolve() } as MqttConnection;
      },
      serve: () => new Promise((resolve) => drop.push(() => resolve("gone"))),
      onEnd: () => {},
    });
    keepers.push(keeper);
    keeper.start();
  }
  await clock.run(60 * SECOND_MS);
  up = false;
  const fellAtMs = clock.monotonicMs();
  for (const each of drop) each();
  await clock.run(120 * SECOND_MS);
  return tries.map((atMs) => atMs - fellAtMs);
}

afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.stop();
});

const within = (tries: readonly number[], fromMs: number, toMs: number): number =>
  tries.filter((atMs) => atMs >= fromMs && atMs < toMs).length;

it("brings the units of a district back one by one when their broker falls", async () => {
  const seed = 3;
  const tries = await districtWithoutBroker(seed);
  // Each tries first after 0.5 to 1 s: none at once, and no tenth of that half second is crowded.
  expect(within(tries, 0, 499), `seed ${seed}`).toBe(0);
  for (let fromMs = 500; fromMs < 1_000; fromMs += 50) {
    const crowd = within(tries, fromMs, fromMs + 50);
    expect(crowd, `${fromMs} ms, seed ${seed}`).toBeGreaterThan(UNITS / 20);
    expect(crowd, `${fromMs} ms, seed ${seed}`).toBeLessThan(UNITS / 5);
  }
});

it("leaves a broker that stays away in peace: a try of each unit in 7.5 to 15 s, spread evenly", async () => {
  const seed = 4;
  const tries = await districtWithoutBroker(seed);
  for (let second = 60; second < 120; second++) {
    const crowd = within(tries, second * SECOND_MS, (second + 1) * SECOND_MS);
    expect(crowd, `second ${second}, seed ${seed}`).toBeGreaterThan(UNITS / 40);
    expect(crowd, `second ${second}, seed ${seed}`).toBeLessThan(UNITS / 6);
  }
});

it("leaves no timer when it is stopped between two tries, and gives a try under way up", async () => {
  const clock = new VirtualClock(START_MS);
  const cancelled: number[] = [];
  const watched = {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    wallTrusted: () => true,
    after(delayMs: number, callback: () => void) {
      const timer = clock.after(delayMs, callback);
      return {
        cancel() {
          cancelled.push(delayMs);
          timer.cancel();
        },
      };
    },
  };
  let hangs = false;
  const keeper = new ConnectionManager({
    clock: watched,
    chance: () => 0,
    async connect(wanted) {
      if (!hangs) throw new Error("nobody answers");
      return await new Promise((_resolve, reject) => {
        wanted.addEventListener("abort", () => reject(new Error("given up")));
      });
    },
    serve: () => Promise.resolve("gone"),
    onEnd: () => {},
  });
  keeper.start();
  await clock.run(0);
  keeper.stop();
  await keeper.ended();
  expect(cancelled).toHaveLength(1);

  hangs = true;
  keeper.start();
  await clock.run(0);
  keeper.stop();
  await keeper.ended();
});
