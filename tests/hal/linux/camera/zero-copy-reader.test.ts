/** The pipe of one buffer: everything arrives in order, pauses hold, and nothing is left behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  openZeroCopyReader,
  type ZeroCopyReader,
} from "../../../../hal/linux/camera/zero-copy-reader.ts";

const open: ZeroCopyReader[] = [];
afterEach(() => {
  for (const pipe of open.splice(0)) pipe.close();
});

/** A child that writes the numbers from 0 on, each as 32 bit, so that a lost byte shows. */
function countTo(numbers: number): ZeroCopyReader {
  const pipe = openZeroCopyReader();
  open.push(pipe);
  const text = `process.stdout.write(Buffer.from(Uint32Array.from({length:${numbers}},(_,i)=>i).buffer))`;
  spawn(process.execPath, ["-e", text], { stdio: ["ignore", pipe.writeEnd, "inherit"] });
  pipe.handedOver();
  return pipe;
}

const inOrder = (bytes: Uint8Array): boolean =>
  new Uint32Array(Uint8Array.from(bytes).buffer).every((value, index) => value === index);

describe("a lent pipe", () => {
  test("gives every byte in order, each piece in the same memory", async () => {
    const numbers = 500_000;
    const received = Buffer.alloc(numbers * 4);
    let filled = 0;
    const memory = new Set<ArrayBufferLike>();
    await new Promise<void>((resolve) => {
      countTo(numbers).onData((chunk) => {
        memory.add(chunk.buffer);
        received.set(chunk, filled);
        filled += chunk.length;
        if (filled === received.length) resolve();
        return true;
      });
    });
    expect(inOrder(received)).toBe(true);
    expect(memory.size).toBe(1);
  });

  test("loses nothing over a pause", async () => {
    const numbers = 100_000;
    const pieces: Uint8Array[] = [];
    const pipe = countTo(numbers);
    await new Promise<void>((resolve) => {
      let length = 0;
      pipe.onData((chunk) => {
        pieces.push(Uint8Array.from(chunk));
        length += chunk.length;
        if (length === numbers * 4) resolve();
        else setImmediate(() => pipe.resume());
        return false;
      });
    });
    expect(inOrder(Buffer.concat(pieces))).toBe(true);
  });

  test("leaves no name behind, and lets its writer end when it is closed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pipes-"));
    vi.stubEnv("TMPDIR", folder);
    const pipe = openZeroCopyReader();
    vi.unstubAllEnvs();
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true });
    const writer = spawn("cat", ["/dev/zero"], { stdio: ["ignore", pipe.writeEnd, "ignore"] });
    pipe.handedOver();
    pipe.close();
    const [, signal] = (await once(writer, "exit")) as [number | null, string | null];
    expect([left, signal]).toEqual([[], "SIGPIPE"]);
  });
});
