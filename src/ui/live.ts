/** Server-sent events: the newest state, at most every 40 ms, and a heartbeat so that silence means something. */
import type { FastifyReply } from "fastify";

/** Ways to end the streams that are open. */
export type Streams = Set<() => void>;

const SHORTEST_GAP_MS = 40;
const HEARTBEAT_MS = 1_000;

/**
 * Turns the reply into a stream of JSON snapshots. Changes that come faster than the gap are
 * merged; a reader that does not keep up gets the newest snapshot and none of the missed ones.
 */
export function openStream(
  reply: FastifyReply,
  streams: Streams,
  subscribe: (notify: () => void) => () => void,
  snapshot: () => unknown,
): void {
  reply.hijack();
  const { raw } = reply;
  // A hijacked reply sends nothing by itself: its headers are set on the raw response.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  let timer: NodeJS.Timeout | undefined;
  let blocked = false;
  const send = (): void => {
    timer = undefined;
    if (!blocked) blocked = !raw.write(`data: ${JSON.stringify(snapshot())}\n\n`);
  };
  const notify = (): void => {
    timer ??= setTimeout(send, SHORTEST_GAP_MS);
  };
  raw.on("drain", () => {
    blocked = false;
    notify();
  });
  const unsubscribe = subscribe(notify);
  const heartbeat = setInterval(send, HEARTBEAT_MS);
  const end = (): void => {
    clearInterval(heartbeat);
    clearTimeout(timer);
    unsubscribe();
    streams.delete(end);
    raw.end();
  };
  raw.on("close", end);
  streams.add(end);
  send();
}
