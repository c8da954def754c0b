/**
 * A pipe from a child process that is read into one buffer, over and over. A camera gives 28 MB a
 * second: read as streams do, each piece into memory of its own, they are 20 MB of garbage at any
 * moment.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ZeroCopyReader {
  /** The child's end, to be given to it; this process lets go of it with `handedOver`. */
  readonly writeEnd: number;
  handedOver(): void;
  /** Called with each piece, which is only lent: it is overwritten by the next. False pauses. */
  onData(listener: (chunk: Uint8Array) => boolean): void;
  /** Reads on after a pause. */
  resume(): void;
  close(): void;
}

// What a pipe holds (pipe(7)): no piece is larger.
const PIPE_BYTES = 65_536;

/** @throws Error when no pipe can be made */
export function openZeroCopyReader(): ZeroCopyReader {
  const { readEnd, writeEnd } = makePipe();
  let listener: (chunk: Uint8Array) => boolean = () => true;
  let held = true;
  const release = (): void => {
    if (held) closeSync(writeEnd);
    held = false;
  };
  const socket = new Socket({
    fd: readEnd,
    writable: false,
    onread: {
      buffer: new Uint8Array(PIPE_BYTES),
      callback: (length, buffer) => listener(buffer.subarray(0, length)),
    },
  });
  // Its writer's end tells more: how it ended, and why.
  socket.on("error", () => {});
  return {
    writeEnd,
    handedOver: release,
    onData(next) {
      listener = next;
    },
    resume() {
      socket.resume();
    },
    close() {
      release();
      socket.destroy();
    },
  };
}

/**
 * Node can read into a buffer of ours only from what it opens itself, and cannot open an unnamed
 * pipe: so a named one, whose name is gone when this returns.
 */
function makePipe(): { readEnd: number; writeEnd: number } {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-pipe-"));
  try {
    const path = join(folder, "pipe");
    const { status, stderr, error } = spawnSync("mkfifo", ["--mode=600", path], {
      encoding: "utf8",
    });
    if (status !== 0) throw error ?? new Error(stderr.trim());
    // Without waiting for a writer, which can then be opened without waiting for a reader.
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { readEnd, writeEnd: openSync(path, constants.O_WRONLY) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
