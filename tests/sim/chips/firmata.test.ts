import { describe, expect, it } from "vitest";
import { createFirmataChip } from "../../../sim/chips/firmata.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";

async function setUp() {
  const clock = new VirtualClock(0);
  const chip = createFirmataChip({ clock });
  const sent: number[] = [];
  chip.onSend((bytes) => sent.push(...bytes));
  await clock.run(2000);
  const boot = Buffer.from(sent).toString("hex");
  sent.length = 0;
  const say = (hex: string): string => {
    chip.receive(Buffer.from(hex, "hex"));
    const answer = Buffer.from(sent).toString("hex");
    sent.length = 0;
    return answer;
  };
  return { clock, chip, boot, say };
}

describe("the simulated Firmata board", () => {
  it("introduces itself when it has started", async () => {
    const { boot } = await setUp();
    expect(boot).toMatch(/^f90205f0790205(?:[0-7][0-9a-f]0[01])+f7$/);
  });

  it("tells version, pins and channels when asked", async () => {
    const { say } = await setUp();
    expect(say("f9")).toBe("f90205");
    expect(say("f06bf7").match(/7f/g)).toHaveLength(20);
    expect(say("f069f7")).toBe(`f06a${"7f".repeat(14)}000102030405f7`);
  });

  it("closes and opens a relay on pin 7, as traced", async () => {
    const { chip, say } = await setUp();
    say("f40701");
    say("900001");
    expect(chip.output(7)).toBe(255);
    say("900000");
    expect(chip.output(7)).toBe(0);
  });

  it("dims pins 9, 10 and 11 to #ff8000, as traced", async () => {
    const { chip, say } = await setUp();
    say("f40903f40a03f40b03e97f01ea0001eb0000");
    expect([9, 10, 11].map((pin) => chip.output(pin))).toEqual([255, 128, 0]);
  });

  it("drives nothing on a pin that was not made an output", async () => {
    const { chip, say } = await setUp();
    say("907f01");
    expect(Array.from({ length: 20 }, (_, pin) => chip.output(pin))).toEqual(Array(20).fill(0));
  });

  it("takes a message byte by byte, after garbage, and instead of a broken one", async () => {
    const { chip, say } = await setUp();
    for (const byte of ["00", "55", "f4", "07", "01", "90", "00", "01"]) say(byte);
    expect(chip.output(7)).toBe(255);
    expect(say("f06b90f9")).toBe("f90205");
  });

  it("forgets its pins when it is reset, and starts again", async () => {
    const { clock, chip, say } = await setUp();
    say("f40701900001");
    chip.reset();
    expect([chip.mode(7), chip.output(7)]).toEqual([0, 0]);
    expect(say("f9")).toBe("");
    await clock.run(2000);
    expect(say("f9")).toMatch(/f90205$/);
  });
});
