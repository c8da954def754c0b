/** What every serial line owes its users, whatever carries the bytes. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BusError } from "../../hal/bus/errors.ts";
import type { SerialConnection, SerialHost } from "../../hal/bus/serial.ts";

/** A line with a far end that the suite can play. */
export interface SerialBench {
  host: SerialHost;
  /** Puts bytes on the wire towards the host. */
  send(bytes: Uint8Array): Promise<void>;
  /** Everything that arrived at the far end so far. */
  received(): number[];
  /** Takes the line away while it is in use. */
  unplug(): Promise<void>;
  /** Brings it back. */
  replug(): Promise<void>;
  /** Resolves once `condition` holds; rejects when it does not for some seconds. */
  until(condition: () => boolean): Promise<void>;
  dispose(): Promise<void>;
}

const kindOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "fulfilled";
  } catch (error) {
    return error instanceof BusError ? error.kind : `not a BusError: ${String(error)}`;
  }
};

/** Runs the suite on the bench that `create` makes for each test. */
export function serialContract(name: string, create: () => Promise<SerialBench>): void {
  describe(`a serial line: ${name}`, () => {
    let bench: SerialBench;
    const open: SerialConnection[] = [];
    const connect = async (baudRate = 115_200): Promise<SerialConnection> => {
      const connection = await bench.host.open({ baudRate });
      open.push(connection);
      return connection;
    };
    beforeEach(async () => {
      bench = await create();
    });
    afterEach(async () => {
      for (const connection of open.splice(0)) await connection.close();
      await bench.dispose();
    });

    test("carries bytes out, all values, in call order", async () => {
      const line = await connect();
      const all = Uint8Array.from({ length: 256 }, (_none, value) => value);
      await Promise.all([line.write(all.subarray(0, 100)), line.write(all.subarray(100))]);
      await bench.until(() => bench.received().length >= 256);
      expect(bench.received()).toEqual([...all]);
    });

    test("keeps a copy of what is written: the caller may overwrite its buffer", async () => {
      const line = await connect();
      const bytes = Uint8Array.of(1, 2, 3);
      const written = line.write(bytes);
      bytes.fill(9);
      await written;
      await bench.until(() => bench.received().length >= 3);
      expect(bench.received()).toEqual([1, 2, 3]);
    });

    test("carries bytes in, whole and in order, in chunks of any size", async () => {
      const line = await connect();
      const seen: number[] = [];
      line.onData((chunk) => {
        seen.push(...chunk);
        chunk.fill(0);
      });
      const frame = Uint8Array.from({ length: 1295 }, (_none, at) => (at * 7) & 0xff);
      await bench.send(frame);
      await bench.until(() => seen.length >= frame.length);
      expect(seen).toEqual([...frame]);
    });

    test("only the last listener hears", async () => {
      const line = await connect();
      const first: number[] = [];
      const second: number[] = [];
      line.onData((chunk) => first.push(...chunk));
      line.onData((chunk) => second.push(...chunk));
      await bench.send(Uint8Array.of(42));
      await bench.until(() => second.length === 1);
      expect(first).toEqual([]);
    });

    test("changes its rate while open", async () => {
      const line = await connect(9_600);
      for (const rate of [19_200, 38_400, 57_600, 115_200]) await line.setBaudRate(rate);
      await line.write(Uint8Array.of(7));
      await bench.until(() => bench.received().length === 1);
      expect(bench.received()).toEqual([7]);
    });

    test("belongs to one user at a time, and to the next after closing", async () => {
      const line = await connect();
      expect(await kindOf(bench.host.open({ baudRate: 9_600 }))).toBe("busy");
      await line.close();
      const next = await connect();
      await next.write(Uint8Array.of(5));
      await bench.until(() => bench.received().length === 1);
    });

    test("closing is told once, without an error, and ends every call with `closed`", async () => {
      const line = await connect();
      const closings: (Error | undefined)[] = [];
      line.onClose((error) => closings.push(error));
      await line.close();
      await line.close();
      expect(closings).toEqual([undefined]);
      expect(await kindOf(line.write(Uint8Array.of(1)))).toBe("closed");
      expect(await kindOf(line.setBaudRate(9_600))).toBe("closed");
    });

    test("losing the line is told once, with a BusError, without anyone writing", async () => {
      const line = await connect();
      const closings: (Error | undefined)[] = [];
      line.onClose((error) => closings.push(error));
      await bench.unplug();
      await bench.until(() => closings.length > 0);
      expect(closings).toHaveLength(1);
      expect(closings[0]).toBeInstanceOf(BusError);
      expect(await kindOf(line.write(Uint8Array.of(1)))).toBe("closed");
      await line.close();
      expect(closings).toHaveLength(1);
    });

    test("an absent line refuses with `absent`, and opens once it is back", async () => {
      const line = await connect();
      let lost = false;
      line.onClose(() => {
        lost = true;
      });
      await bench.unplug();
      await bench.until(() => lost);
      expect(await kindOf(bench.host.open({ baudRate: 9_600 }))).toBe("absent");
      await bench.replug();
      const again = await connect();
      const seen: number[] = [];
      again.onData((chunk) => seen.push(...chunk));
      await bench.send(Uint8Array.of(1, 2, 3));
      await bench.until(() => seen.length === 3);
      expect(seen).toEqual([1, 2, 3]);
    });
  });
}
