/** The simulated wire: bytes take their time, and every fault is the one that was asked for. */
import { expect, test } from "vitest";
import { createSimulatedSerial, type SerialPeer } from "../../../sim/bus/serial.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { createRandom } from "../../../sim/kernel/random.ts";

interface Peer extends SerialPeer {
  baudRate: number;
  transmit(bytes: Uint8Array): void;
  received: { byte: number; atMs: number }[];
  powered: boolean[];
}

function createPeer(clock: VirtualClock, baudRate = 115_200): Peer {
  let send: (bytes: Uint8Array) => void = () => {};
  const peer: Peer = {
    baudRate,
    received: [],
    powered: [],
    transmit: (bytes) => send(bytes),
    receive(bytes) {
      for (const byte of bytes) peer.received.push({ byte, atMs: clock.monotonicMs() });
    },
    onSend(transmit) {
      send = transmit;
    },
    power: (on) => peer.powered.push(on),
  };
  return peer;
}

function setUp(seed = 3, baudRate = 115_200) {
  const clock = new VirtualClock(0);
  const wire = createSimulatedSerial({ clock, random: createRandom(seed) });
  const peer = createPeer(clock, baudRate);
  wire.attach(peer);
  return { clock, wire, peer };
}

const bytes = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_none, at) => at & 0xff);

test.each([
  [9_600, 1_041.67],
  [115_200, 86.81],
])(
  "at %i baud a thousand bytes take %f ms, eight bits and two of framing each",
  async (rate, ms) => {
    const { clock, wire, peer } = setUp(1, rate);
    const line = await wire.open({ baudRate: rate });
    let drainedAtMs = 0;
    void line.write(bytes(1_000)).then(() => {
      drainedAtMs = clock.monotonicMs();
    });
    await clock.run(2_000);
    expect(peer.received.map(({ byte }) => byte)).toEqual([...bytes(1_000)]);
    expect(drainedAtMs).toBeCloseTo(ms, 1);
    expect(peer.received.at(-1)?.atMs).toBeCloseTo(ms, 1);
  },
);

test("two writes follow one another on the wire", async () => {
  const { clock, wire, peer } = setUp();
  const line = await wire.open({ baudRate: 115_200 });
  const written = Promise.all([line.write(bytes(100)), line.write(bytes(100))]);
  await clock.run(100);
  await written;
  expect(peer.received.map(({ byte }) => byte)).toEqual([...bytes(100), ...bytes(100)]);
  expect(peer.received.at(-1)?.atMs).toBeCloseTo(17.36, 1);
});

test("chunks have the sizes that were asked for", async () => {
  const { clock, wire, peer } = setUp();
  const line = await wire.open({ baudRate: 115_200 });
  wire.faults.chunk = { min: 2, max: 5 };
  const sizes: number[] = [];
  const all: number[] = [];
  line.onData((chunk) => {
    sizes.push(chunk.length);
    all.push(...chunk);
  });
  peer.transmit(bytes(300));
  await clock.run(100);
  expect(all).toEqual([...bytes(300)]);
  expect(Math.max(...sizes)).toBe(5);
  expect(Math.min(...sizes.slice(0, -1))).toBe(2);
});

test("at another rate the peer receives something else", async () => {
  const { clock, wire, peer } = setUp(1, 9_600);
  const line = await wire.open({ baudRate: 115_200 });
  const frame = Uint8Array.from(Buffer.from("AAAAAA9669000311FFED", "hex"));
  void line.write(frame);
  await clock.run(10);
  expect(peer.received.map(({ byte }) => byte)).not.toEqual([...frame]);
  expect(peer.received.length).toBeGreaterThan(0);
});

test.each([
  ["loss", { loss: 0.1 }, (count: number) => count < 2_000 && count > 1_600],
  ["garbage", { garbage: 0.5 }, (count: number) => count > 2_000],
  ["flip", { flip: 0.1 }, (count: number) => count === 2_000],
] as const)(
  "%s changes what arrives, the same way for the same seed",
  async (_name, faults, counted) => {
    const seen: number[][] = [];
    for (const _run of [1, 2]) {
      const { clock, wire, peer } = setUp(9);
      Object.assign(wire.faults, faults);
      const line = await wire.open({ baudRate: 115_200 });
      const arrived: number[] = [];
      seen.push(arrived);
      line.onData((chunk) => arrived.push(...chunk));
      peer.transmit(bytes(2_000));
      await clock.run(500);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).not.toEqual([...bytes(2_000)]);
    expect(counted(seen[0]?.length ?? 0)).toBe(true);
  },
);

test("what is on its way when the plug is pulled does not arrive, and the peer loses its power", async () => {
  const { clock, wire, peer } = setUp();
  const line = await wire.open({ baudRate: 9_600 });
  peer.baudRate = 9_600;
  const seen: number[] = [];
  line.onData((chunk) => seen.push(...chunk));
  peer.transmit(bytes(100));
  const written = line.write(bytes(100)).then(
    () => "written",
    (error: unknown) => String(error),
  );
  await clock.run(50);
  const before = seen.length;
  wire.unplug();
  await clock.run(1_000);
  expect(seen.length).toBe(before);
  expect(await written).toContain("absent");
  wire.plug();
  expect(peer.powered).toEqual([false, true]);
});

test("a chunk can be tampered with, or swallowed, on its way", async () => {
  const { clock, wire, peer } = setUp();
  const line = await wire.open({ baudRate: 115_200 });
  const seen: number[] = [];
  line.onData((chunk) => seen.push(...chunk));
  wire.faults.tamper = (chunk, direction) =>
    direction === "to-peer" ? new Uint8Array(0) : chunk.map((byte) => byte + 1);
  void line.write(bytes(10));
  peer.transmit(Uint8Array.of(1, 2, 3));
  await clock.run(10);
  expect(peer.received).toEqual([]);
  expect(seen).toEqual([2, 3, 4]);
});

test.each(["busy", "denied", "absent"] as const)("opening can be refused as %s", async (kind) => {
  const { wire } = setUp();
  wire.faults.open = kind;
  await expect(wire.open({ baudRate: 9_600 })).rejects.toMatchObject({ kind });
});
