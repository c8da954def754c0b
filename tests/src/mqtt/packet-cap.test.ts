import { expect, it } from "vitest";
import { PacketCap } from "../../../src/mqtt/packet-cap.ts";

/** A PUBLISH with a body of so many bytes (MQTT 5 §2.1). */
function packet(bodyBytes: number): Buffer {
  const length: number[] = [];
  for (let rest = bodyBytes; ; rest = Math.floor(rest / 128)) {
    const more = rest >= 128;
    length.push((rest % 128) | (more ? 0x80 : 0));
    if (!more) break;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(bodyBytes, 0x80)]);
}

it.each([
  [98, undefined],
  [97, undefined],
  [99, 101],
  [200, 203],
])("of 100 bytes judges a body of %i by the whole packet", (body, expected) => {
  expect(new PacketCap(100).tooLarge(packet(body))).toBe(expected);
});

it("finds it in any pieces, after packets of every length", () => {
  const stream = Buffer.concat([0, 1, 127, 128, 129, 16_383, 16_384, 0].map(packet));
  for (const pieces of [1, 2, 3, 7, 1_000, stream.length]) {
    const cap = new PacketCap(20_000);
    for (let at = 0; at < stream.length; at += pieces) {
      expect(cap.tooLarge(stream.subarray(at, at + pieces))).toBeUndefined();
    }
    const late = packet(20_000).subarray(0, 4);
    const found = [...late].map((byte) => cap.tooLarge(Buffer.of(byte)));
    expect(found).toEqual([undefined, undefined, undefined, 20_004]);
  }
});

it("says it from the header alone", () => {
  expect(new PacketCap(524_288).tooLarge(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))).toBe(
    268_435_460,
  );
});
