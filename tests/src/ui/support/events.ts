/** Reads a stream of server-sent events as a page does, without a page. */

export interface EventReader {
  /** The next message the test is looking for, and everything before it dropped. */
  next(wanted: (data: unknown) => boolean): Promise<unknown>;
  /** Messages so far. */
  received(): number;
  close(): Promise<void>;
}

/** Connects; rejects when the answer is no event stream. */
export async function openEvents(url: URL): Promise<EventReader> {
  const abort = new AbortController();
  const response = await fetch(url, { signal: abort.signal });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new Error(`${url.pathname} is no event stream: ${response.status}`);
  }
  if (response.body === null) throw new Error(`${url.pathname} has no body`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let received = 0;
  const queue: unknown[] = [];
  const fill = async (): Promise<void> => {
    const { done, value } = await reader.read();
    if (done) throw new Error("the stream ended");
    const parts = (rest + value).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const data = part
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trim())
        .join("\n");
      if (data === "") continue;
      received += 1;
      queue.push(JSON.parse(data));
    }
  };
  return {
    async next(wanted) {
      for (;;) {
        while (queue.length === 0) await fill();
        const data = queue.shift();
        if (wanted(data)) return data;
      }
    },
    received: () => received,
    async close() {
      abort.abort();
      await reader.cancel().catch(() => undefined);
    },
  };
}
