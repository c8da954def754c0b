/** What the engine and its decoder processes say to each other, as bytes on a pipe; pictures go beside it. */
import type { DecodedCode } from "../../devices.ts";

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
      residentBytes: number;
    };

// Jobs and messages alike: the length (32 bit, little-endian), then that many bytes of JSON.
export const LENGTH_BYTES = 4;
const LARGEST_MESSAGE = 1 << 24;

export function encodeJob(job: Job): Uint8Array {
  return framed(JSON.stringify(job));
}

/** @param text what stands behind the length */
export function decodeJob(text: string): Job {
  return JSON.parse(text) as Job;
}

export function encodeMessage(message: DecoderMessage): Uint8Array {
  return framed(
    JSON.stringify(message, (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
    ),
  );
}

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
      if (length > LARGEST_MESSAGE) throw new RangeError(`a decoder's message of ${length} bytes`);
      const end = LENGTH_BYTES + length;
      if (pending.length < end) return;
      const text = pending.toString("utf8", LENGTH_BYTES, end);
      pending = pending.subarray(end);
      take(decodeMessage(text));
    }
  };
}

type Told = { bytes: string } & Omit<DecodedCode, "bytes">;

function decodeMessage(text: string): DecoderMessage {
  const message = JSON.parse(text) as
    | Extract<DecoderMessage, { kind: "ready" }>
    | (Omit<Extract<DecoderMessage, { kind: "answer" }>, "codes"> & { codes: Told[] });
  if (message.kind === "ready") return message;
  const codes = message.codes.map((code) => ({
    ...code,
    bytes: Uint8Array.from(Buffer.from(code.bytes, "base64")),
  }));
  return { ...message, codes };
}

function framed(text: string): Uint8Array {
  const body = Buffer.from(text);
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + body.length);
  bytes.writeUInt32LE(body.length);
  bytes.set(body, LENGTH_BYTES);
  return bytes;
}
