import { describe, expect, it } from "vitest";
import type { SmBus } from "../../../../../hal/bus/smbus.ts";
import {
  countToCelsius,
  packetErrorCode,
  readTemperature,
} from "../../../../../hal/drivers/thermometer/mlx90614/registers.ts";

const bytes = (hex: string): number[] => [...Buffer.from(hex.replaceAll(" ", ""), "hex")];

describe("packet error code", () => {
  it.each([
    ["a read of register 6 (published with the smbus-pec crate)", "b4 06 b5 26 3a", 0x66],
    ["a write of register 6 (published with the smbus-pec crate)", "b4 06 ab cd", 0x5f],
    ["25.0 °C of air", "b4 06 b5 3b 3a", 0xd8],
    ["36.5 °C", "b4 07 b5 7a 3c", 0x92],
    ["37.3 °C", "b4 07 b5 a2 3c", 0x80],
    ["38.0 °C", "b4 07 b5 c5 3c", 0x1e],
    ["sleep", "b4 ff", 0xe8],
    ["erasing the emissivity", "b4 24 00 00", 0x28],
    ["an emissivity of 0.98", "b4 24 e0 fa", 0x83],
    ["nothing", "", 0],
  ])("of %s", (_, wire, code) => {
    expect(packetErrorCode(bytes(wire))).toBe(code);
  });

  it("notices every single flipped bit of a reading", () => {
    const wire = bytes("b4 07 b5 7a 3c");
    for (let bit = 0; bit < 40; bit++) {
      const flipped = wire.map((byte, index) =>
        index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
      );
      expect(packetErrorCode(flipped), `bit ${bit}`).not.toBe(0x92);
    }
  });
});

/** A bus that gives three bytes, whatever it is asked for. */
function busGiving(answer: number[]): SmBus {
  return {
    name: "recorded",
    readBlock: async () => Uint8Array.from(answer),
    writeBlock: async () => undefined,
    readWord: async () => 0,
    readByte: async () => 0,
    writeThenRead: async () => new Uint8Array(),
    close: async () => undefined,
  };
}

describe("a temperature register", () => {
  it.each([
    ["36.5 °C", "7a 3c 92", 0x3c7a],
    ["the largest number", "ff 7f", 0x7fff],
    ["the same with the error flag", "ff ff", undefined],
    ["the error flag alone", "00 80", undefined],
  ])("%s", async (_, answer, count) => {
    const [low = 0, high = 0] = bytes(answer);
    const code = packetErrorCode([0xb4, 0x07, 0xb5, low, high]);
    expect(await readTemperature(busGiving([low, high, code]), 0x5a, 0x07)).toBe(count);
  });

  it("with a wrong code is corrupt, and says which code came", async () => {
    await expect(readTemperature(busGiving(bytes("7a 3c 93")), 0x5a, 0x07)).rejects.toMatchObject({
      kind: "corrupt",
      context: { address: 0x5a, detail: "packet error code 0x93 instead of 0x92" },
    });
  });

  it("depends on the address that was asked", async () => {
    await expect(readTemperature(busGiving(bytes("7a 3c 92")), 0x5b, 0x07)).rejects.toMatchObject({
      kind: "corrupt",
    });
  });

  it("counts fiftieths of a kelvin", () => {
    expect(countToCelsius(0x27ad)).toBeCloseTo(-70.01, 9);
    expect(countToCelsius(0x3c7a)).toBeCloseTo(36.49, 9);
    expect(countToCelsius(0x7fff)).toBeCloseTo(382.19, 9);
  });
});
