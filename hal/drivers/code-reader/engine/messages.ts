/** The messages between the engine and its decoder processes, as bytes on a pipe; pictures go through shared memory. */
import type { DecodedCode } from "../../../devices.ts";

/** A picture and the attempts to make on it, as places in their list, until one of them reads something. */
export interface DecodeJob {
  width: number;
  height: number;
  tier: "cheap" | "further";
  attempts: number[];
  /** The picture's number in its stream; absent for a single picture. */
  frame?: number;
}

/** Ready once, then one answer for each job; resident memory comes with every one of them. */
export type DecoderMessage =
  | { kind: "ready"; residentBytes: number }
  | {
      kind: "answer";
      codes: DecodedCode[];
      attempt: number | undefined;
      outlined: boolean;
      /** CPU of each cheap attempt, ms, in their order; of further attempts, of all together. */
      cpuMs: number[];
      residentBytes: number;
    };

// All but the codes are numbers in fixed places, little-endian: nearly every frame has no code, so the
// cost of such a message is the cost of an empty doorway.

// Width, height and frame (32 bit each), tier, number of attempts, then a byte for each of them.
export const JOB_BYTES = 80;
const ATTEMPTS_AT = 14;
const MOST_ATTEMPTS = JOB_BYTES - ATTEMPTS_AT;
const NO_FRAME = 0xffffffff;

/** @param into `JOB_BYTES` long */
export function encodeJob(job: DecodeJob, into: Buffer): void {
  const { width, height, tier, attempts, frame = NO_FRAME } = job;
  if (attempts.length > MOST_ATTEMPTS) throw new RangeError(`a job of ${attempts.length} attempts`);
  into.writeUInt32LE(width, 0);
  into.writeUInt32LE(height, 4);
  into.writeUInt32LE(frame, 8);
  into[12] = tier === "cheap" ? 0 : 1;
  into[13] = attempts.length;
  into.set(attempts, ATTEMPTS_AT);
}

/** @param bytes `JOB_BYTES` long */
export function decodeJob(bytes: Buffer): DecodeJob {
  const frame = bytes.readUInt32LE(8);
  return {
    width: bytes.readUInt32LE(0),
    height: bytes.readUInt32LE(4),
    tier: bytes[12] === 0 ? "cheap" : "further",
    attempts: [...bytes.subarray(ATTEMPTS_AT, ATTEMPTS_AT + (bytes[13] ?? 0))],
    ...(frame === NO_FRAME ? {} : { frame }),
  };
}

// Length of all (32 bit), kind, attempt, outlined, number of CPU times; resident memory (64 bit float),
// room for the CPU times (32 bit floats); then the codes in JSON, where there are any.
const LENGTH_BYTES = 4;
const RESIDENT_AT = 8;
const TIMES_AT = 16;
const MOST_TIMES = 4;
const CODES_AT = TIMES_AT + 4 * MOST_TIMES;
const READY = 0;
const ANSWER = 1;
const NO_ATTEMPT = 0xff;
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
  bytes[5] = message.attempt ?? NO_ATTEMPT;
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
 * Splits a stream of bytes into messages.
 * @throws RangeError from the returned function when a length cannot be: the stream is lost then
 */
export function createMessageSplitter(
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
    attempt: bytes[5] === NO_ATTEMPT ? undefined : bytes[5],
    outlined: bytes[6] === 1,
    cpuMs,
    residentBytes,
  };
}

function decodeCodes(text: string): DecodedCode[] {
  const parsed = JSON.parse(text) as ({ bytes: string } & Omit<DecodedCode, "bytes">)[];
  return parsed.map((code) => ({
    ...code,
    bytes: Uint8Array.from(Buffer.from(code.bytes, "base64")),
  }));
}
