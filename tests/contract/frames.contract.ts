/** What every camera owes its users, whatever makes the frames. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BusError } from "../../hal/bus/errors.ts";
import { frameBytes } from "../../hal/bus/frames.ts";
import type { CameraConnection, CameraHost, FrameGeometry } from "../../hal/bus/frames.ts";
import { patternLevel } from "./pattern.ts";

/** A camera that looks at the test pattern, and the hands that plug it. */
export interface FramesBench {
  host: CameraHost;
  /** Takes the camera away while it is in use. */
  unplug(): Promise<void>;
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

const joined = (chunks: readonly Uint8Array[]): Uint8Array => Buffer.concat(chunks);

/** The first pixel of a frame that is not the pattern's, or nothing. */
function firstDifference(frame: Uint8Array, { width, height, stride }: FrameGeometry): string {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = frame[y * stride + x] ?? -1;
      if (level !== patternLevel(x, y)) return `(${x}, ${y}) is ${level}`;
    }
  }
  return "none";
}

/** Runs the suite on the bench that `create` makes for each test. */
export function framesContract(name: string, create: () => Promise<FramesBench>): void {
  describe(`a camera: ${name}`, () => {
    let bench: FramesBench;
    const open: CameraConnection[] = [];
    const connect = async (): Promise<CameraConnection> => {
      const connection = await bench.host.open();
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

    test("tells a geometry that can be", async () => {
      const { geometry } = await connect();
      expect(geometry.width).toBeGreaterThan(0);
      expect(geometry.height).toBeGreaterThan(0);
      expect(geometry.stride).toBeGreaterThanOrEqual(geometry.width);
    });

    test("gives frame after frame, from the first byte of the first one, with padded rows", async () => {
      const camera = await connect();
      const chunks: Uint8Array[] = [];
      let total = 0;
      camera.onData((chunk) => {
        chunks.push(Uint8Array.from(chunk));
        total += chunk.length;
      });
      const size = frameBytes(camera.geometry);
      await bench.until(() => total >= 3 * size);
      const bytes = joined(chunks);
      for (const frame of [0, 1, 2]) {
        const one = bytes.subarray(frame * size, (frame + 1) * size);
        expect(firstDifference(one, camera.geometry), `frame ${frame}`).toBe("none");
      }
    });

    test("loses nothing while its user is slow to listen", async () => {
      const camera = await connect();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      const chunks: Uint8Array[] = [];
      camera.onData((chunk) => chunks.push(Uint8Array.from(chunk)));
      const size = frameBytes(camera.geometry);
      await bench.until(() => joined(chunks).length >= size);
      expect(firstDifference(joined(chunks), camera.geometry)).toBe("none");
    });

    test("ends without an error when it is closed, once, and gives no frames after it", async () => {
      const camera = await connect();
      const ends: unknown[] = [];
      let after = 0;
      let closed = false;
      camera.onData(() => {
        if (closed) after += 1;
      });
      camera.onClose((error) => ends.push(error));
      await camera.close();
      closed = true;
      await camera.close();
      expect(ends).toEqual([undefined]);
      expect(after).toBe(0);
    });

    test("opens again after it was closed", async () => {
      await (await connect()).close();
      const camera = await connect();
      let total = 0;
      camera.onData((chunk) => {
        total += chunk.length;
      });
      await bench.until(() => total >= frameBytes(camera.geometry));
    });

    test("is busy while it is open", async () => {
      await connect();
      expect(await kindOf(bench.host.open())).toBe("busy");
    });

    test("tells when it is unplugged, is absent then, and comes back", async () => {
      const camera = await connect();
      const ends: unknown[] = [];
      camera.onData(() => {});
      camera.onClose((error) => ends.push(error));
      await bench.unplug();
      await bench.until(() => ends.length > 0);
      expect(ends).toHaveLength(1);
      expect(ends[0]).toBeInstanceOf(BusError);
      expect(await kindOf(bench.host.open())).toBe("absent");
      await bench.replug();
      const again = await connect();
      let total = 0;
      again.onData((chunk) => {
        total += chunk.length;
      });
      await bench.until(() => total >= frameBytes(again.geometry));
    });
  });
}
