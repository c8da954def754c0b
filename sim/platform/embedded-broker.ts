/** A real MQTT 3.1.1 broker inside the simulator, so that `npm start` needs nothing else. */
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";

export interface EmbeddedBroker {
  readonly url: string;
  /** Stops listening and drops everybody; `up` listens again at the same place. */
  down(): Promise<void>;
  up(): Promise<void>;
  isUp(): boolean;
  onMessage(listener: (topic: string, payload: string) => void): void;
  stop(): Promise<void>;
}

/** Listens on a free port of the loopback interface. */
export async function startEmbeddedBroker(): Promise<EmbeddedBroker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  let listener: (topic: string, payload: string) => void = () => {};
  let port = 0;
  let server: Server | undefined;
  aedes.on("publish", (packet, client) => {
    // The broker's own messages have no client.
    if (client !== null) listener(packet.topic, packet.payload.toString());
  });
  const up = async (): Promise<void> => {
    if (server !== undefined) return;
    const starting = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      aedes.handle(socket);
    });
    server = starting;
    await new Promise<void>((resolve, reject) => {
      starting.once("error", reject);
      starting.listen(port, "127.0.0.1", resolve);
    });
    const address = starting.address();
    if (typeof address === "object" && address !== null) port = address.port;
  };
  const down = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    for (const socket of sockets) socket.destroy();
    if (stopping !== undefined) await new Promise((resolve) => stopping.close(resolve));
  };
  await up();
  return {
    url: `mqtt://127.0.0.1:${port}`,
    up,
    down,
    isUp: () => server !== undefined,
    onMessage(given) {
      listener = given;
    },
    async stop() {
      await down();
      await new Promise<void>((resolve) => {
        aedes.close(resolve);
      });
    },
  };
}
