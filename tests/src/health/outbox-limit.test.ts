/** What a unit says of an outbox that nobody empties: an alarm before the limit and at it, and what was lost. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { Gateway } from "../../../src/gateway/gateway.ts";
import { Health } from "../../../src/health/health.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { aCredential, aPolicy } from "../../support/core.ts";
import { draft, START_MS } from "../../support/records.ts";
import { StubGate } from "../../support/stub-devices.ts";

const clock = new VirtualClock(START_MS);
let store: Store;
let gateway: Gateway;

function boot(): Gateway {
  return new Gateway({
    clock,
    references: { next: () => "ref" },
    policy: aPolicy(),
    devices: { gate: new StubGate() },
    store,
    outbox: store.outbox,
    verifier: {
      code: async () => aCredential(),
      card: async () => aCredential(),
      freshness: () => ({}),
    },
  });
}

/** The unit's own figures about its outbox, and whether it counts as ready. */
async function figures(): Promise<Record<string, unknown>> {
  const health = new Health({
    unitId: "door-1",
    version: "t",
    clock,
    gateway: () => gateway,
    store,
  });
  const { text } = await health.metrics();
  const value = (line: string): number | undefined => {
    const found = text.split("\n").find((each) => each.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.split(" ").at(-1));
  };
  return {
    filling: value('sentinel_alarms{kind="outbox-filling"}'),
    full: value('sentinel_alarms{kind="outbox-full"}'),
    lost: value("sentinel_outbox_lost_total"),
  };
}

/** Commits visits until the outbox holds so many records, alarms included. */
async function fill(until: number): Promise<void> {
  for (let number = 1; store.outbox.pending() < until; number++) {
    await store.commit(draft(number + 1_000 * until));
    await clock.run(1);
  }
}

beforeEach(async () => {
  store = openStore({ path: ":memory:", unitId: "door-1", clock, outbox: { limit: 20 } });
  gateway = boot();
  await gateway.start();
  await clock.run(1);
});

afterEach(() => store.close());

it("is silent below four fifths of the limit", async () => {
  await fill(15);
  expect(await figures()).toEqual({ filling: 0, full: 0, lost: 0 });
});

it("raises an alarm from four fifths of the limit on, and another at the limit", async () => {
  await fill(16);
  expect(await figures()).toEqual({ filling: 1, full: 0, lost: 0 });
  await fill(20);
  expect(await figures()).toMatchObject({ full: 1, lost: 0 });
});

it("counts every visit that was not taken, and still takes alarms", async () => {
  await fill(20);
  const before = store.outbox.pending();
  for (const number of [1, 2, 3]) {
    await expect(store.commit(draft(number))).rejects.toThrow("restore the link");
  }
  expect(await figures()).toMatchObject({ full: 1, lost: 3 });
  await store.commit({ ...draft(4), body: { type: "alarm-raised", alarm: "tamper" } });
  expect(store.outbox.pending()).toBe(before + 1);
});

it("says so again after a restart, with what was lost before", async () => {
  await fill(20);
  await expect(store.commit(draft(1))).rejects.toThrow("restore the link");
  gateway = boot();
  await gateway.start();
  await clock.run(1);
  expect(await figures()).toMatchObject({ full: 1, lost: 1 });
});

it("clears the alarms once the far end has the records", async () => {
  await fill(20);
  await store.outbox.markDelivered([[1, store.outbox.head()]]);
  await clock.run(1);
  expect(await figures()).toMatchObject({ filling: 0, full: 0 });
});
