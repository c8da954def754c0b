/** The resident card reader driver against the simulated module, over a wire with real timing. */
import { describe, expect, test } from "vitest";
import { createSdtReader } from "../../../../../hal/drivers/card-reader/sdt/reader.ts";
import { STATUS_CODES, readerStatus } from "../../../../../hal/drivers/card-reader/sdt/status.ts";
import type { CardReadFailure, CardReading, DeviceHealth } from "../../../../../hal/devices.ts";
import { createSimulatedSerial, type SimulatedSerial } from "../../../../../sim/bus/serial.ts";
import { createSamVChip, type SamVChip, type SamVOptions } from "../../../../../sim/chips/sam-v.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";
import { citizenCard, foreigner2017Card, foreigner2023Card, permitCard } from "./cards.ts";

interface Bench {
  clock: VirtualClock;
  wire: SimulatedSerial;
  chip: SamVChip;
  readings: CardReading[];
  failures: CardReadFailure[];
  health: DeviceHealth[];
  stop(): Promise<void>;
}

async function bench(options: Partial<SamVOptions> & { plugged?: boolean } = {}): Promise<Bench> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const wire = createSimulatedSerial({ clock, random: createRandom(7), path: "sim-card" });
  const chip = createSamVChip({ clock, ...options });
  wire.attach(chip);
  if (options.plugged === false) wire.unplug();
  const reader = createSdtReader({ host: wire, clock });
  const readings: CardReading[] = [];
  const failures: CardReadFailure[] = [];
  const health: DeviceHealth[] = [];
  reader.onReading((reading) => readings.push(reading));
  reader.onFailure((failure) => failures.push(failure));
  reader.onHealth((state) => health.push(state));
  await reader.start();
  return { clock, wire, chip, readings, failures, health, stop: () => reader.stop() };
}

const lastHealth = (on: Bench): DeviceHealth | undefined => on.health.at(-1);

describe("a reader at work", () => {
  test.each([
    ["resident-id", citizenCard],
    ["residence-permit", permitCard],
    ["foreign-permanent-resident", foreigner2023Card],
    ["foreign-permanent-resident", foreigner2017Card],
  ] as const)("reads a %s card laid on it, once", async (kind, card) => {
    const on = await bench();
    await on.clock.run(1_000);
    on.chip.place(card);
    await on.clock.run(10_000);
    expect(on.readings.map(({ content }) => content.document)).toEqual([kind]);
    expect(on.readings[0]?.content.number).toBe(card.number);
    expect(on.failures).toEqual([]);
    expect(lastHealth(on)).toEqual({ state: "ok" });
    await on.stop();
  });

  test("dates a reading by the moment the last byte arrived", async () => {
    const on = await bench();
    on.chip.place(citizenCard);
    let reportedAtMs = 0;
    while (on.readings.length === 0) {
      await on.clock.run(1);
      reportedAtMs = on.clock.monotonicMs();
    }
    expect(reportedAtMs - (on.readings[0]?.lastByteAtMs ?? 0)).toBeLessThanOrEqual(1);
    await on.stop();
  });

  test.each([true, false])(
    "reports again after the card left and came back, not before (must leave: %s)",
    async (mustLeaveAfterRead) => {
      const on = await bench({ mustLeaveAfterRead });
      on.chip.place(citizenCard);
      await on.clock.run(20_000);
      expect(on.readings).toHaveLength(1);
      on.chip.remove();
      await on.clock.run(1_000);
      on.chip.place(citizenCard);
      await on.clock.run(5_000);
      expect(on.readings).toHaveLength(2);
      await on.stop();
    },
  );

  test.each([115_200, 57_600, 38_400, 19_200, 9_600])(
    "finds a reader that is set to %i baud",
    async (baudRate) => {
      const on = await bench({ baudRate });
      on.chip.place(citizenCard);
      await on.clock.run(15_000);
      expect(lastHealth(on)).toEqual({ state: "ok" });
      expect(on.readings).toHaveLength(1);
      await on.stop();
    },
  );

  test("a hundred visitors' cards are read a hundred times", async () => {
    const on = await bench();
    for (let visitor = 0; visitor < 100; visitor++) {
      on.chip.place(visitor % 2 === 0 ? citizenCard : permitCard);
      await on.clock.run(1_200);
      on.chip.remove();
      await on.clock.run(400);
    }
    expect(on.readings).toHaveLength(100);
    expect(on.failures).toEqual([]);
    await on.stop();
  });
});

describe("a card that is not read", () => {
  test("says moved-away when the card leaves during the read", async () => {
    const on = await bench();
    await on.clock.run(1_000);
    on.chip.place(citizenCard);
    while ((on.chip.asked.get("read") ?? 0) === 0) await on.clock.run(5);
    on.chip.remove();
    await on.clock.run(3_000);
    expect(on.readings).toEqual([]);
    expect(on.failures.map((failure) => failure.kind)).toEqual(["moved-away"]);
    await on.stop();
  });

  test("one stumble is not reported when the next attempt succeeds", async () => {
    const on = await bench();
    on.chip.misbehave({ status: 0x41 }, { on: "read" });
    on.chip.place(citizenCard);
    await on.clock.run(5_000);
    expect(on.readings).toHaveLength(1);
    expect(on.failures).toEqual([]);
    await on.stop();
  });

  test.each([
    [0x31, "card-rejected"],
    [0x32, "card-rejected"],
    [0x33, "card-rejected"],
    [0x40, "card-rejected"],
    [0x41, "read-failed"],
    [0x47, "read-failed"],
    [0x50, "read-failed"],
    [0x91, "read-failed"],
    [0xee, "read-failed"],
  ] as const)("status %i at every read becomes one %s for the showing", async (status, kind) => {
    const on = await bench();
    on.chip.misbehave({ status }, { on: "read", times: Infinity });
    on.chip.place(citizenCard);
    await on.clock.run(10_000);
    expect(on.readings).toEqual([]);
    expect(on.failures.map((failure) => failure.kind)).toEqual([kind]);
    await on.stop();
  });

  test("a card of another kind is rejected once and may leave", async () => {
    const on = await bench();
    await on.clock.run(1_000);
    on.chip.misbehave({ status: 0x40 }, { on: "find", times: 10 });
    await on.clock.run(10_000);
    expect(on.failures.map((failure) => failure.kind)).toEqual(["card-rejected"]);
    expect(lastHealth(on)).toEqual({ state: "ok" });
    await on.stop();
  });

  test("an invalid content is said at once, with the field and without what the card says", async () => {
    const on = await bench();
    on.chip.place({ ...citizenCard, number: "110105194912310021" });
    await on.clock.run(5_000);
    expect(on.readings).toEqual([]);
    expect(on.failures).toHaveLength(1);
    expect(on.failures[0]?.kind).toBe("content-invalid");
    expect(on.failures[0]?.detail).toContain("number");
    expect(on.failures[0]?.detail).not.toMatch(/[0-9]{4}|[\u4e00-\u9fff]/);
    await on.stop();
  });
});

describe("a line that suffers", () => {
  test.each(["wrong-checksum", "wrong-length", "truncated", "silent", "vendor-timeout"] as const)(
    "an answer spoilt by %s costs time, never a wrong card",
    async (how) => {
      const on = await bench({ mustLeaveAfterRead: false });
      on.chip.place(citizenCard);
      on.chip.misbehave(how, { on: "read" });
      await on.clock.run(15_000);
      expect(on.readings.map((reading) => reading.content.number)).toEqual([citizenCard.number]);
      expect(lastHealth(on)).toEqual({ state: "ok" });
      await on.stop();
    },
  );

  test("a reader that waits for the card to leave reports a spoilt read as failed", async () => {
    const on = await bench();
    on.chip.place(citizenCard);
    on.chip.misbehave("wrong-checksum", { on: "read" });
    await on.clock.run(5_000);
    expect(on.readings).toEqual([]);
    expect(on.failures.map((failure) => failure.kind)).toEqual(["read-failed"]);
    await on.stop();
  });

  test.each(["noise-before", "answered-twice"] as const)(
    "%s around an answer does not matter",
    async (how) => {
      const on = await bench();
      on.chip.misbehave(how, { times: 200 });
      on.chip.place(citizenCard);
      await on.clock.run(5_000);
      expect(on.readings).toHaveLength(1);
      await on.stop();
    },
  );

  test("bytes that arrive one by one are read as well", async () => {
    const on = await bench();
    on.wire.faults.chunk = { min: 1, max: 1 };
    on.chip.place(citizenCard);
    await on.clock.run(5_000);
    expect(on.readings).toHaveLength(1);
    await on.stop();
  });

  test("flipped, lost and extra bytes for a minute never give a card that was not there", async () => {
    const on = await bench({ mustLeaveAfterRead: false });
    Object.assign(on.wire.faults, { flip: 0.002, loss: 0.001, garbage: 0.1 });
    for (let showing = 0; showing < 40; showing++) {
      on.chip.place(citizenCard);
      await on.clock.run(4_000);
      on.chip.remove();
      await on.clock.run(1_000);
    }
    for (const reading of on.readings) expect(reading.content.number).toBe(citizenCard.number);
    Object.assign(on.wire.faults, { flip: 0, loss: 0, garbage: 0 });
    await on.clock.run(20_000);
    const before = on.readings.length;
    on.chip.place(citizenCard);
    await on.clock.run(5_000);
    expect(on.readings).toHaveLength(before + 1);
    expect(lastHealth(on)).toEqual({ state: "ok" });
    await on.stop();
  });
});

describe("a reader that is not well", () => {
  test("is failed while it is absent, and works once it is plugged in", async () => {
    const on = await bench({ plugged: false });
    await on.clock.run(60_000);
    expect(lastHealth(on)).toMatchObject({ state: "failed", kind: "absent" });
    on.wire.plug();
    on.chip.place(citizenCard);
    await on.clock.run(10_000);
    expect(lastHealth(on)).toEqual({ state: "ok" });
    expect(on.readings).toHaveLength(1);
    await on.stop();
  });

  test("is failed as soon as it is unplugged, in the middle of a read too, and recovers", async () => {
    const on = await bench();
    await on.clock.run(1_000);
    on.chip.place(citizenCard);
    while ((on.chip.asked.get("read") ?? 0) === 0) await on.clock.run(5);
    on.wire.unplug();
    await on.clock.run(10);
    expect(lastHealth(on)).toMatchObject({ state: "failed", kind: "absent" });
    await on.clock.run(3_000);
    on.wire.plug();
    await on.clock.run(10_000);
    expect(lastHealth(on)).toEqual({ state: "ok" });
    expect(on.readings).toHaveLength(1);
    await on.stop();
  });

  test("is failed with `timeout` when nobody answers at any rate", async () => {
    const on = await bench();
    on.chip.misbehave("silent", { times: Infinity });
    await on.clock.run(10_000);
    expect(lastHealth(on)).toMatchObject({ state: "failed", kind: "timeout" });
    on.chip.behave();
    await on.clock.run(10_000);
    expect(lastHealth(on)).toEqual({ state: "ok" });
    await on.stop();
  });

  test.each([
    [0x60, "self-test-failed"],
    [0x66, "not-authorised"],
  ] as const)("status %i is a failed device until it ends", async (status, kind) => {
    const on = await bench();
    on.chip.misbehave({ status }, { times: Infinity });
    await on.clock.run(10_000);
    expect(lastHealth(on)).toMatchObject({ state: "failed", kind });
    on.chip.behave();
    await on.clock.run(10_000);
    expect(lastHealth(on)).toEqual({ state: "ok" });
    await on.stop();
  });

  test("is busy when someone else holds the port", async () => {
    const clock = new VirtualClock(0);
    const wire = createSimulatedSerial({ clock });
    wire.faults.open = "busy";
    const reader = createSdtReader({ host: wire, clock });
    const health: DeviceHealth[] = [];
    reader.onHealth((state) => health.push(state));
    await reader.start();
    await clock.run(1_000);
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "busy" });
    await reader.stop();
  });

  test("stops at any moment without time passing, and starts again", async () => {
    for (const afterMs of [0, 1, 100, 333, 700, 900, 1_100]) {
      const on = await bench();
      on.chip.place(citizenCard);
      await on.clock.run(afterMs);
      await on.stop();
      const seen = on.readings.length;
      await on.clock.run(10_000);
      expect(on.readings).toHaveLength(seen);
    }
  });
});

test("every status of the table has its own meaning, and none of the others is a success", () => {
  const meanings = STATUS_CODES.map(readerStatus);
  expect(new Set(meanings).size).toBe(STATUS_CODES.length);
  const others = Array.from({ length: 256 }, (_none, code) => code).filter(
    (code) => !STATUS_CODES.includes(code),
  );
  expect(new Set(others.map(readerStatus))).toEqual(new Set(["unknown"]));
});
