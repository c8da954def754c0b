/** Server-sent events: what changed, at most 30 times a second, and a beat so that silence means something. */
import type { FastifyReply } from "fastify";
import { every, type Clock, type Timer } from "../../hal/clock.ts";

/** One way to end each stream that is open. */
export type Streams = Set<() => void>;

/** Each part is sent at the start, and again whenever it is another one. */
export type Parts = Readonly<Record<string, () => unknown>>;

/** Pages that can watch at once; a doorway has a screen, a few members of staff, and an installer. */
export const MAX_STREAMS = 32;

const SHORTEST_GAP_MS = 33;
const BEAT_MS = 1_000;

interface StreamOptions {
  clock: Clock;
  streams: Streams;
  parts: Parts;
  subscribe: (notify: () => void) => () => void;
}

/**
 * Turns the reply into a stream of JSON objects that hold the parts that changed. Changes that come
 * faster than the gap are merged. A reader that does not keep up gets the newest state and none of
 * the missed ones, so that nothing piles up here. A beat without a change is an empty object.
 */
export function openStream(reply: FastifyReply, options: StreamOptions): void {
  const { clock, streams, subscribe } = options;
  reply.hijack();
  const { raw } = reply;
  // A hijacked reply sends nothing by itself: its headers are set on the raw response.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  const changes = createChanges(options.parts);
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
  const beat = every(clock, BEAT_MS, send);
  const end = (): void => {
    beat.cancel();
    pending?.cancel();
    unsubscribe();
    streams.delete(end);
    raw.end();
  };
  raw.on("close", end);
  streams.add(end);
  send();
}

/** Gives, each time it is called, the parts that are not as they were the time before, as JSON. */
export function createChanges(parts: Parts): () => string {
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
