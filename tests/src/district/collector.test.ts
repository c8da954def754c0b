import { expect, it } from "vitest";
import { createSimulatedBroker } from "../../../sim/broker.ts";
import { VirtualClock } from "../../../sim/clock.ts";
import { createRandom } from "../../../sim/random.ts";
import { Archive } from "../../../src/district/archive.ts";
import { createCollector } from "../../../src/district/collector.ts";
import { openStore } from "../../../src/store/store.ts";
import { createUplink } from "../../../src/uplink/uplink.ts";
import { draft, START_MS } from "../../support/records.ts";

/** An archive on a disk that can be full. */
class SmallArchive extends Archive {
  full = false;

  override store(...batch: Parameters<Archive["store"]>): ReturnType<Archive["store"]> {
    if (this.full) throw new Error("database or disk is full");
    return super.store(...batch);
  }
}

it("goes on after a full disk, also when its connection fell meanwhile", async () => {
  const clock = new VirtualClock(START_MS);
  const broker = createSimulatedBroker({ clock, random: createRandom(1) });
  const ends = { clock, chance: () => 0, district: "pudong" };
  const archive = new SmallArchive(":memory:");
  const failures: string[] = [];
  const collector = createCollector({
    ...ends,
    link: broker.link(),
    archive,
    onFailure: ({ message }) => failures.push(message),
  });
  const store = openStore({ path: ":memory:", unitId: "door-1", clock });
  const uplink = createUplink({
    ...ends,
    link: broker.link(),
    outbox: store.outbox,
    unitId: "door-1",
    bootId: "boot-1",
    version: "test",
    acknowledgedBy: "collector",
  });
  collector.start();
  uplink.start();
  await clock.run(1_000);
  archive.full = true;
  for (let number = 1; number <= 20; number++) await store.commit(draft(number));
  await clock.run(500);
  expect(failures).toContain("database or disk is full");
  broker.setUp(false);
  // Longer than the collector pauses after a refusal: what it held is gone by then.
  await clock.run(5_000);
  archive.full = false;
  broker.setUp(true);
  await clock.run(60_000);
  expect(store.outbox.pending()).toBe(0);
  expect(archive.streams()).toMatchObject([{ unit: "door-1", through: 20, gaps: [] }]);
});
