/** A TCP proxy that makes a path longer: every byte arrives later by half the round trip, in order. */
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

export interface DelayProxy {
  port: number;
  /** Until then every connection is dropped: the far side is away. */
  open(): void;
  close(): Promise<void>;
}

/** Listens on a free port and forwards to another one. */
export async function startDelayProxy(toPort: number, roundTripMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  let isOpen = false;
  const server = createServer((near) => {
    if (!isOpen) {
      near.destroy();
      return;
    }
    const far = connect(toPort, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => {});
      from.on("data", (bytes) => {
        setTimeout(() => {
          if (!to.destroyed) to.write(bytes);
        }, roundTripMs / 2);
      });
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return {
    port: address.port,
    open() {
      isOpen = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
