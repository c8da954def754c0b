/** What the engine and its decoder processes say to each other, as bytes on a pipe; pictures go beside it. */
import type { DecodedCode } from "../../../devices.ts";

/** A picture and the places in the ladder to try on it, until one of them reads something. */
export interface Job {
  width: number;
  height: number;
  ladder: "cheap" | "further";
  steps: number[];
  /** The picture's number in its stream; without one it is looked at by itself. */
  frame?: number;
}

/** Ready once, then one answer for each job; resident memory comes with every one of them. */
export type DecoderMessage =
  | { kind: "ready"; residentBytes: number }
  | {
      kind: "answer";
      codes: DecodedCode[];
      step: number | undefined;
      outlined: boolean;
      /** CPU of each cheap step that was tried, ms, in their order; of further ones, of all together. */
      cpuMs: number[];
      residentBytes: number;
    };

// All but the codes is numbers in fixed places, little-endian: nearly every frame has no code, and
// what it then costs is what an empty doorway costs.

// Width, height and frame (32 bit each), ladder, number of steps, then a byte for each of them.
export const JOB_BYTES = 80;
const STEPS_AT = 14;
const MOST_STEPS = JOB_BYTES - STEPS_AT;
const NO_FRAME = 0xffffffff;

/** @param into `JOB_BYTES` long */
export function encodeJob(job: Job, into: Buffer): void {
  const { width, height, ladder, steps, frame = NO_FRAME } = job;
  if (steps.length > MOST_STEPS) throw new RangeError(`a job of ${steps.length} steps`);
  into.writeUInt32LE(width, 0);
  into.writeUInt32LE(height, 4);
  into.writeUInt32LE(frame, 8);
  into[12] = ladder === "cheap" ? 0 : 1;
  into[13] = steps.length;
  into.set(steps, STEPS_AT);
}

/** @param bytes `JOB_BYTES` long */
export function decodeJob(bytes: Buffer): Job {
  const frame = bytes.readUInt32LE(8);
  return {
    width: bytes.readUInt32LE(0),
    height: bytes.readUInt32LE(4),
    ladder: bytes[12] === 0 ? "cheap" : "further",
    steps: [...bytes.subarray(STEPS_AT, STEPS_AT + (bytes[13] ?? 0))],
    ...(frame === NO_FRAME ? {} : { frame }),
  };
}

// Length of all (32 bit), kind, step, outlined, number of CPU times; resident memory (64 bit float),
// room for the CPU times (32 bit floats); then the codes in JSON, where there are any.
const LENGTH_BYTES = 4;
const RESIDENT_AT = 8;
const TIMES_AT = 16;
const MOST_TIMES = 4;
const CODES_AT = TIMES_AT + 4 * MOST_TIMES;
const READY = 0;
const ANSWER = 1;
const NO_STEP = 0xff;
const LARGEST_MESSAGE = 1 << 24;

export function encodeMessage(message: DecoderMessage): Uint8Array {
  const codes = message.kind === "answer" && message.codes.length > 0 ? message.codes : undefined;
  const json = codes && Buffer.from(JSON.stringify(codes, bytesToText));
  const bytes = Buffer.alloc(CODES_AT + (json?.length ?? 0));
  bytes.writeUInt32LE(bytes.length);
  bytes.writeDoubleLE(message.residentBytes, RESIDENT_AT);
  if (message.kind === "ready") {
    bytes[4] = READY;
    return bytes;
  }
  bytes[4] = ANSWER;
  bytes[5] = message.step ?? NO_STEP;
  bytes[6] = message.outlined ? 1 : 0;
  const times = message.cpuMs.slice(0, MOST_TIMES);
  bytes[7] = times.length;
  times.forEach((ms, index) => bytes.writeFloatLE(ms, TIMES_AT + 4 * index));
  if (json !== undefined) bytes.set(json, CODES_AT);
  return bytes;
}

const bytesToText = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;

/**
 * Cuts a stream of messages into single ones.
 * @throws RangeError from the returned function when a length cannot be: the stream is lost then
 */
export function createMessageCutter(
  take: (message: DecoderMessage) => void,
): (chunk: Uint8Array) => void {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    while (pending.length >= LENGTH_BYTES) {
      const length = pending.readUInt32LE();
      if (length > LARGEST_MESSAGE || length < CODES_AT) {
        throw new RangeError(`a decoder's message of ${length} bytes`);
      }
      if (pending.length < length) return;
      const whole = pending.subarray(0, length);
      pending = pending.subarray(length);
      take(decodeMessage(whole));
    }
  };
}

function decodeMessage(bytes: Buffer): DecoderMessage {
  const residentBytes = bytes.readDoubleLE(RESIDENT_AT);
  if (bytes[4] === READY) return { kind: "ready", residentBytes };
  const cpuMs: number[] = [];
  for (let index = 0; index < (bytes[7] ?? 0); index++) {
    cpuMs.push(bytes.readFloatLE(TIMES_AT + 4 * index));
  }
  return {
    kind: "answer",
    codes: bytes.length === CODES_AT ? [] : decodeCodes(bytes.toString("utf8", CODES_AT)),
    step: bytes[5] === NO_STEP ? undefined : bytes[5],
    outlined: bytes[6] === 1,
    cpuMs,
    residentBytes,
  };
}

function decodeCodes(text: string): DecodedCode[] {
  const told = JSON.parse(text) as ({ bytes: string } & Omit<DecodedCode, "bytes">)[];
  return told.map((code) => ({
    ...code,
    bytes: Uint8Array.from(Buffer.from(code.bytes, "base64")),
  }));
}
