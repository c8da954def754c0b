import { describe, expect, it } from "vitest";
import { createSimulatedSmBus } from "../../../sim/bus/smbus.ts";
import type { TwoWireChip } from "../../../sim/bus/smbus.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";

/** Answers at one address with one byte for ever, and keeps what happened on the wire. */
function chatterer(address: number, says: number): TwoWireChip & { heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    start(addressByte) {
      if (addressByte >> 1 !== address) return false;
      heard.push(`start ${addressByte.toString(16)}`);
      return true;
    },
    write(byte) {
      heard.push(`write ${byte.toString(16)}`);
      return true;
    },
    read() {
      heard.push("read");
      return says;
    },
    stop() {
      heard.push("stop");
    },
  };
}

async function setUp() {
  const clock = new VirtualClock(0);
  const wire = createSimulatedSmBus({ clock });
  const bus = await wire.open();
  return { clock, wire, bus };
}

describe("the simulated two-wire bus", () => {
  it("clocks a read as start, command, repeated start, bytes, stop", async () => {
    const { clock, wire, bus } = await setUp();
    const chip = chatterer(0x5a, 0x11);
    wire.attach(chip);
    const reading = bus.readBlock(0x5a, 0x07, 2);
    await clock.run(10);
    expect([...(await reading)]).toEqual([0x11, 0x11]);
    expect(chip.heard).toEqual(["start b4", "write 7", "start b5", "read", "read", "stop"]);
  });

  it("takes the time the bits take at 100 kHz", async () => {
    const { clock, wire, bus } = await setUp();
    wire.attach(chatterer(0x5a, 0));
    let doneAtMs = Number.NaN;
    const reading = bus.readBlock(0x5a, 0x07, 3).then(() => {
      doneAtMs = clock.monotonicMs();
    });
    await clock.run(10);
    await reading;
    expect(doneAtMs).toBeCloseTo(0.54, 9); // address, command, address, three bytes: 6 × 9 bits
  });

  it("lets a zero win when two chips share an address", async () => {
    const { clock, wire, bus } = await setUp();
    wire.attach(chatterer(0x5a, 0b1100));
    wire.attach(chatterer(0x5a, 0b1010));
    const reading = bus.readByte(0x5a, 0);
    await clock.run(10);
    expect(await reading).toBe(0b1000);
  });

  it("leaves chips at other addresses alone", async () => {
    const { clock, wire, bus } = await setUp();
    const other = chatterer(0x33, 0);
    wire.attach(chatterer(0x5a, 1));
    wire.attach(other);
    const reading = bus.readByte(0x5a, 0);
    await clock.run(10);
    await reading;
    expect(other.heard).toEqual(["stop"]);
  });

  it("loses buses that were open when the adapter was pulled", async () => {
    const { clock, wire, bus } = await setUp();
    wire.attach(chatterer(0x5a, 1));
    wire.unplug();
    wire.plug();
    await expect(bus.readByte(0x5a, 0)).rejects.toMatchObject({ kind: "absent" });
    const reading = (await wire.open()).readByte(0x5a, 0);
    await clock.run(10);
    expect(await reading).toBe(1);
  });

  it("loses a transaction under way when the adapter is pulled", async () => {
    const { clock, wire, bus } = await setUp();
    wire.attach(chatterer(0x5a, 1));
    const outcome = bus.readByte(0x5a, 0).catch((error: unknown) => error);
    wire.unplug();
    await clock.run(10);
    expect(await outcome).toMatchObject({ kind: "absent" });
  });

  it("flips one bit of one answer", async () => {
    const { clock, wire, bus } = await setUp();
    wire.attach(chatterer(0x5a, 0));
    wire.faults.flipBit(9);
    const readings = Promise.all([bus.readBlock(0x5a, 0, 2), bus.readBlock(0x5a, 0, 2)]);
    await clock.run(10);
    expect((await readings).map((bytes) => [...bytes])).toEqual([
      [0, 0b0100_0000],
      [0, 0],
    ]);
  });
});
