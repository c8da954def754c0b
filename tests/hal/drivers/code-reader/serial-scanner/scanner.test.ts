/** The serial scanner's driver against the simulated scanner, over a wire with real timing. */
import { describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../../../hal/drivers/code-reader/serial-scanner/opening-command.ts";
import { createSerialScanner } from "../../../../../hal/drivers/code-reader/serial-scanner/scanner.ts";
import type { SerialScannerOptions } from "../../../../../hal/drivers/code-reader/serial-scanner/scanner.ts";
import type { CodeReading, DeviceHealth } from "../../../../../hal/devices.ts";
import { createSimulatedSerial } from "../../../../../sim/bus/serial.ts";
import { createCodeScannerPeer } from "../../../../../sim/chips/code-scanner.ts";
import type { CodeScannerOptions } from "../../../../../sim/chips/code-scanner.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";
import { VirtualClock } from "../../../../../sim/kernel/virtual-clock.ts";

const PASS = "HC1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function doorway(
  driver: Partial<SerialScannerOptions> = {},
  scanner: Partial<CodeScannerOptions> = {},
) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const wire = createSimulatedSerial({ clock, random: createRandom(7), path: "sim-scanner" });
  const peer = createCodeScannerPeer({ clock, ...scanner });
  wire.attach(peer);
  const reader = createSerialScanner({ host: wire, clock, ...driver });
  const readings: CodeReading[] = [];
  const health: DeviceHealth[] = [];
  reader.onReading((reading) => readings.push(reading));
  reader.onHealth((state) => health.push(state));
  await reader.start();
  await clock.run(1_000);
  const hold = async (text: string | Uint8Array, forMs: number): Promise<void> => {
    peer.show(typeof text === "string" ? bytes(text) : text);
    await clock.run(forMs);
    peer.show(undefined);
  };
  return { clock, wire, peer, reader, readings, health, hold };
}

const textsOf = (readings: readonly CodeReading[]): string[] =>
  readings.map(({ code }) => code.text);

describe("a serial code scanner", () => {
  it("reads a code once for each presentation, however often the scanner sends it", async () => {
    const { clock, readings, hold, health, reader } = await doorway();
    await hold(PASS, 10_000);
    expect(textsOf(readings)).toEqual([PASS]);
    await clock.run(2_000);
    await hold(PASS, 1_000);
    expect(textsOf(readings)).toEqual([PASS, PASS]);
    expect(health.at(-1)).toEqual({ state: "ok" });
    await reader.stop();
  });

  it.each([
    [1_400, 1],
    [1_600, 2],
  ])("shown again %i ms after it was last sent, it is read %i times", async (awayMs, times) => {
    const { clock, readings, peer, reader } = await doorway({}, { repeatMs: 0, decodeMs: 0 });
    peer.send(bytes(`${PASS}\r\n`));
    await clock.run(awayMs);
    peer.send(bytes(`${PASS}\r\n`));
    await clock.run(1_000);
    expect(readings).toHaveLength(times);
    await reader.stop();
  });

  it("reads two codes of one sheet once each, in turn", async () => {
    const { clock, readings, peer, reader } = await doorway();
    for (let turn = 0; turn < 8; turn++) {
      peer.send(bytes(turn % 2 === 0 ? "HC1:A\r\n" : "HC1:B\r\n"));
      await clock.run(300);
    }
    expect(textsOf(readings)).toEqual(["HC1:A", "HC1:B"]);
    await reader.stop();
  });

  it("dates a reading by its bytes and marks whether it looks like a credential", async () => {
    const { clock, readings, peer, reader } = await doorway({ wanted: ["^HC1:"] });
    const fromMs = clock.monotonicMs();
    peer.send(bytes(`${PASS}\r\n`));
    await clock.run(1_000);
    peer.send(bytes("https://example.org\r\n"));
    await clock.run(1_000);
    expect(readings.map((reading) => reading.credentialShaped)).toEqual([true, false]);
    const [first] = readings;
    const needsMs = ((PASS.length + 2) * 10_000) / 9_600;
    expect((first?.decodedAtMs ?? 0) - fromMs).toBeCloseTo(needsMs, 1);
    expect(first?.frameAtMs).toBeLessThan(first?.decodedAtMs ?? 0);
    expect(first?.frameAtMs).toBeGreaterThanOrEqual(fromMs);
    await reader.stop();
  });

  it.each([
    ["UTF-8", "auto", new TextEncoder().encode("通行码:张三")],
    ["GB 2312", "auto", Uint8Array.of(0xcd, 0xa8, 0xd0, 0xd0, 0xc2, 0xeb)],
    ["GB 18030 as configured", "gb18030", Uint8Array.of(0xcd, 0xa8, 0xd0, 0xd0, 0xc2, 0xeb)],
    [
      "bytes that are not what is configured",
      "utf-8",
      Uint8Array.of(0xcd, 0xa8, 0xd0, 0xd0, 0xc2, 0xeb),
    ],
  ] as const)("understands %s", async (_what, encoding, content) => {
    const { readings, hold, reader } = await doorway({ encoding });
    await hold(content, 500);
    expect(readings[0]?.code.text).toMatch(/^通行/);
    expect([...(readings[0]?.code.bytes ?? [])]).toEqual([...content]);
    await reader.stop();
  });

  it("reads a message that only silence ends", async () => {
    const { readings, hold, reader } = await doorway(
      { terminator: "silence" },
      { suffix: new Uint8Array() },
    );
    await hold(PASS, 900);
    expect(textsOf(readings)).toEqual([PASS]);
    await reader.stop();
  });

  it("gives nothing that was sent before the line was open", async () => {
    const { clock, readings, peer, reader, wire } = await doorway();
    await reader.stop();
    await clock.run(1_000);
    peer.send(bytes("HC1:"));
    const late = createSerialScanner({ host: wire, clock });
    late.onReading((reading) => readings.push(reading));
    await late.start();
    peer.send(bytes("STALE\r\n"));
    await clock.run(2_000);
    expect(readings).toEqual([]);
    peer.send(bytes("HC1:NOW\r\n"));
    await clock.run(500);
    expect(textsOf(readings)).toEqual(["HC1:NOW"]);
    await late.stop();
  });

  it("fails while it is unplugged, and reads again once it is back", async () => {
    const { clock, readings, hold, wire, health, reader } = await doorway();
    wire.unplug();
    await clock.run(1_000);
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "absent" });
    wire.plug();
    await clock.run(15_000);
    expect(health.at(-1)).toEqual({ state: "ok" });
    await hold(PASS, 1_000);
    expect(textsOf(readings)).toEqual([PASS]);
    await reader.stop();
  });

  it("gives no half of a message that unplugging cut off", async () => {
    const { clock, readings, peer, wire, reader } = await doorway({ terminator: "silence" });
    peer.send(bytes(PASS));
    await clock.run(10);
    wire.unplug();
    await clock.run(500);
    wire.plug();
    await clock.run(20_000);
    expect(readings).toEqual([]);
    await reader.stop();
  });

  it("fails while the module's terminator is another one, until it is right", async () => {
    const { clock, readings, peer, hold, health, reader } = await doorway(
      {},
      { suffix: Uint8Array.of(9) },
    );
    for (let look = 0; look < 3; look++) {
      await hold(PASS, 200);
      await clock.run(2_000);
    }
    expect(readings).toEqual([]);
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "unterminated" });
    peer.send(bytes(`${PASS}\r\n`));
    await clock.run(500);
    expect(health.at(-1)).toEqual({ state: "ok" });
    await reader.stop();
  });

  it("stays within bounds under a flood, and reads again after it", async () => {
    const { clock, readings, peer, reader } = await doorway(
      { baudRate: 115_200 },
      { baudRate: 115_200 },
    );
    for (let turn = 0; turn < 500; turn++) peer.send(bytes(`junk ${turn}\r\n`));
    await clock.run(500);
    expect(readings.length).toBeLessThanOrEqual(10);
    peer.send(new Uint8Array(100_000).fill(0x41));
    await clock.run(20_000);
    const before = readings.length;
    peer.send(bytes("\r\nHC1:AFTER\r\n"));
    await clock.run(1_000);
    expect(textsOf(readings.slice(before))).toEqual(["HC1:AFTER"]);
    await reader.stop();
  });

  it("goes on reading on a wire that loses bytes and brings garbage", async () => {
    const { clock, readings, hold, wire, reader } = await doorway();
    wire.faults.garbage = 0.2;
    wire.faults.loss = 0.01;
    for (let visitor = 0; visitor < 40; visitor++) {
      await hold(`HC1:${visitor}`.padEnd(60, "x"), 1_200);
      await clock.run(2_000);
    }
    const whole = textsOf(readings).filter(
      (text) => /^HC1:\d+x+$/.test(text) && text.length === 60,
    );
    expect(new Set(whole).size).toBeGreaterThan(20);
    await reader.stop();
  });

  it("sends nothing unless a command is configured", async () => {
    const silent = await doorway();
    expect(silent.peer.received).toEqual([]);
    await silent.reader.stop();
    const command = Uint8Array.of(0x7e, 0x00);
    const spoken = await doorway({ openingCommand: command });
    expect(spoken.peer.received).toEqual([...command]);
    spoken.wire.unplug();
    await spoken.clock.run(100);
    spoken.wire.plug();
    await spoken.clock.run(15_000);
    expect(spoken.peer.received).toEqual([...command, ...command]);
    await spoken.reader.stop();
  });

  it.each([
    ["7E 00 08", [0x7e, 0x00, 0x08]],
    ["7e0008", [0x7e, 0x00, 0x08]],
    ["", []],
  ])("takes the command %j as a manual prints it", (printed, expected) => {
    expect([...bytesOfHex(printed)]).toEqual(expected);
  });

  it("fails where the line takes no bytes, and does not wait for it for ever", async () => {
    const { clock, wire, health, reader } = await doorway({ openingCommand: Uint8Array.of(1) });
    wire.unplug();
    wire.faults.hung = true;
    wire.plug();
    await clock.run(5_000);
    expect(health.at(-1)).toMatchObject({ state: "failed", kind: "timeout" });
    await reader.stop();
  });

  it("reports nothing after it was stopped, and starts again", async () => {
    const { clock, readings, peer, hold, reader } = await doorway();
    await reader.stop();
    peer.send(bytes("HC1:LATE\r\n"));
    await clock.run(1_000);
    expect(readings).toEqual([]);
    await reader.start();
    await clock.run(2_000);
    await hold(PASS, 1_000);
    expect(textsOf(readings)).toEqual([PASS]);
    await reader.stop();
  });
});
