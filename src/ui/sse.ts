/** Server-sent events: changes at most 30 times a second, and a heartbeat, so that silence means a lost unit. */
import type { FastifyReply } from "fastify";
import { every, type Clock, type Timer } from "../../hal/clock.ts";

/** Each part is sent at the start, and again whenever it is another one. */
export type StreamParts = Readonly<Record<string, () => unknown>>;

const SHORTEST_GAP_MS = 33;
const HEARTBEAT_MS = 1_000;

interface StreamOptions {
  clock: Clock;
  parts: StreamParts;
  /** Gets a slot for the stream; the slot's owner may call `end`. Returns a release, or undefined where none is free. */
  acquire: (end: () => void) => (() => void) | undefined;
  subscribe: (notify: () => void) => () => void;
}

/**
 * Turns the reply into a stream of JSON objects that hold the parts that changed. Changes that come
 * faster than the gap are merged. A reader that does not keep up gets the newest state and none of
 * the missed ones, so that nothing piles up here. A heartbeat without a change is an empty object.
 *
 * @returns false, with nothing sent, when no slot is free for it
 */
export function openEventStream(reply: FastifyReply, options: StreamOptions): boolean {
  const { clock, subscribe } = options;
  const { raw } = reply;
  let stop = (): void => {};
  const end = (): void => {
    stop();
    raw.end();
  };
  const release = options.acquire(end);
  if (release === undefined) return false;
  reply.hijack();
  // A hijacked reply sends nothing by itself: its headers are set on the raw response.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  // nginx would keep messages back until it has a few kilobytes of them.
  raw.setHeader("x-accel-buffering", "no");
  raw.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  const changes = createChangeEncoder(options.parts);
  let pending: Timer | undefined;
  let blocked = false;
  const send = (): void => {
    pending = undefined;
    if (blocked) return;
    blocked = !raw.write(`data: ${changes()}\n\n`);
  };
  const notify = (): void => {
    pending ??= clock.after(SHORTEST_GAP_MS, send);
  };
  raw.on("drain", () => {
    blocked = false;
    notify();
  });
  const unsubscribe = subscribe(notify);
  const heartbeat = every(clock, HEARTBEAT_MS, send);
  stop = (): void => {
    heartbeat.cancel();
    pending?.cancel();
    unsubscribe();
    release();
  };
  raw.on("close", end);
  // A client that left while its request was authenticated closes nothing any more.
  if (raw.destroyed) end();
  else send();
  return true;
}

/** Gives, each time it is called, the parts that are not as they were the time before, as JSON. */
export function createChangeEncoder(parts: StreamParts): () => string {
  const known = new Map<string, { value: unknown; json: string }>();
  return () => {
    const changed: string[] = [];
    for (const [name, read] of Object.entries(parts)) {
      const value = read();
      const before = known.get(name);
      if (before !== undefined && before.value === value && isFixed(value)) continue;
      const json = JSON.stringify(value) ?? "null";
      if (before?.json !== json) changed.push(`${JSON.stringify(name)}:${json}`);
      known.set(name, { value, json });
    }
    return `{${changed.join(",")}}`;
  };
}

// An object that is the same one as before may still have been changed inside.
const isFixed = (value: unknown): boolean => typeof value !== "object" || value === null;
