/** Listens on loopback at once, and on the configured address as soon as this machine has it. */
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { createServer, isIP, type Server } from "node:net";
import type { Clock, Timer } from "../../hal/clock.ts";
import { errorText } from "../base/errors.ts";

export interface ListeningOptions {
  /** Its connection limits and deadlines hold for every address. */
  server: HttpServer;
  clock: Clock;
  /** An address or a name. */
  host: string;
  /** 0 takes a free one. */
  port: number;
  /**
   * Called with the reason why an address cannot be listened on, and with `undefined` once all can. With
   * it a missing or occupied address is tried again; without it, that is an error.
   */
  onProblem?: ((problem: string | undefined) => void) | undefined;
}

export interface Listening {
  /** The port of the first address that works. */
  port: number;
  /** The host of a URL that a browser on this machine can open. */
  host: string;
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
/** An address comes with a lease or a cable: minutes after the start, or days. */
const RETRY_MS = 5_000;

/** Resolves when every address was tried once. */
export async function listenOn(options: ListeningOptions): Promise<Listening> {
  const { server, host, port, onProblem } = options;
  if (onProblem === undefined) {
    await listen(server, host, port);
    return { port: portOf(server), host, close: () => closed(server) };
  }
  const hosts = isOnThisMachine(host) ? [host] : [LOOPBACK, host];
  const addresses = hosts.map((each, index) => {
    // Connections of a further address are passed to the one server, so that its limits hold.
    const own = index === 0 ? server : forwardingTo(server);
    return new Address(own, each, port, options.clock, () => report());
  });
  const report = (): void => {
    const problems = addresses.flatMap(({ problem }) => problem ?? []);
    onProblem(problems.length === 0 ? undefined : problems.join("; "));
  };
  for (const address of addresses) await address.attempt();
  return {
    port: portOf(server) === 0 ? port : portOf(server),
    host: addresses.at(-1)?.problem === undefined ? host : LOOPBACK,
    async close() {
      for (const address of addresses) address.stop();
      const ends = addresses.map(({ server: each }) => closed(each));
      await Promise.all(ends);
    },
  };
}

/** One address that is tried until it can be listened on. */
class Address {
  readonly server: Server;
  problem: string | undefined;
  readonly #host: string;
  readonly #port: number;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #again: Timer | undefined;
  #stopped = false;

  constructor(server: Server, host: string, port: number, clock: Clock, onChange: () => void) {
    this.server = server;
    this.#host = host;
    this.#port = port;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  async attempt(): Promise<void> {
    const former = this.problem;
    try {
      await listen(this.server, this.#host, this.#port);
      this.problem = undefined;
    } catch (error) {
      this.problem = problemOf(error, this.#host, this.#port);
      if (!this.#stopped) this.#again = this.#clock.after(RETRY_MS, () => void this.attempt());
    }
    if (this.problem !== former && !this.#stopped) this.#onChange();
  }

  stop(): void {
    this.#stopped = true;
    this.#again?.cancel();
  }
}

function forwardingTo(server: HttpServer): Server {
  const further = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    server.emit("connection", socket);
  });
  further.maxConnections = server.maxConnections;
  return further;
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  // `once` rejects with what the server emits as an error.
  await once(server, "listening");
}

async function closed(server: Server | HttpServer): Promise<void> {
  const over = server.listening
    ? new Promise((resolve) => server.close(resolve))
    : Promise.resolve();
  // Closes the connections of further addresses too.
  if ("closeAllConnections" in server) server.closeAllConnections();
  await over;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Whether a host covers loopback, so that no second address is needed. */
export function isOnThisMachine(host: string): boolean {
  if (host === "localhost" || host === "0.0.0.0" || host === "::") return true;
  return isIP(host) !== 0 && (host.startsWith("127.") || host === "::1");
}

function problemOf(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const where = `http.host ${host}, port ${port}`;
  switch (code) {
    case "EADDRNOTAVAIL":
      return `${where}: this machine does not have the address now (${code})`;
    case "EADDRINUSE":
      return `${where}: another program listens there (${code})`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${where}: the name cannot be resolved now (${code})`;
    default:
      return `${where}: ${errorText(error)}`;
  }
}
