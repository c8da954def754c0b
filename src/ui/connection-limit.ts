/** Bounds the connections of the unit's server, and the unanswered requests on each. */
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { clientKeyOf } from "./client-key.ts";

/** A doorway has a kiosk, a few members of staff, an installer and monitoring. */
const MAX_CONNECTIONS = 256;
/**
 * Unanswered requests on one connection. Browsers and proxies send the next request after the last
 * answer; a client that sends thousands and reads nothing would fill the memory with answers.
 */
const MAX_UNANSWERED = 8;

interface Connection {
  socket: Socket;
  /** Requests whose answer has not been sent completely. */
  unanswered: number;
  /** Its last request came from the kiosk or from staff. */
  known: boolean;
}

/**
 * A new connection is always accepted. Beyond the limit the oldest connection of the client with the
 * most is closed, and those of the kiosk and of staff only when there are no others. So a flood
 * closes its own connections.
 */
export class ConnectionLimit {
  readonly #max: number;
  /** By client, the oldest first. */
  readonly #clients = new Map<string, Map<Socket, Connection>>();
  #size = 0;

  constructor(server: Server, max = MAX_CONNECTIONS) {
    this.#max = max;
    server.on("connection", (socket) => this.#add(socket));
  }

  get size(): number {
    return this.#size;
  }

  /** Call with each request: whether the kiosk or staff sent it. */
  setKnown(socket: Socket, known: boolean): void {
    const connection = this.#connectionOf(socket);
    if (connection !== undefined) connection.known = known;
  }

  /**
   * Call with each request before anything is done for it.
   *
   * @returns false when too many are unanswered on its connection, which is then closed without answer
   */
  admitRequest(socket: Socket, response: ServerResponse): boolean {
    const connection = this.#connectionOf(socket);
    if (connection === undefined || connection.unanswered >= MAX_UNANSWERED) {
      socket.destroy();
      return false;
    }
    connection.unanswered += 1;
    response.once("close", () => {
      connection.unanswered -= 1;
    });
    return true;
  }

  #connectionOf(socket: Socket): Connection | undefined {
    return this.#clients.get(clientKeyOf(socket.remoteAddress ?? ""))?.get(socket);
  }

  #add(socket: Socket): void {
    const client = clientKeyOf(socket.remoteAddress ?? "");
    const connections = this.#clients.get(client) ?? new Map<Socket, Connection>();
    this.#clients.set(client, connections);
    connections.set(socket, { socket, known: false, unanswered: 0 });
    this.#size += 1;
    socket.once("close", () => this.#remove(client, socket));
    if (this.#size > this.#max) this.#closeOne(socket);
  }

  #remove(client: string, socket: Socket): void {
    const connections = this.#clients.get(client);
    if (connections?.delete(socket) !== true) return;
    this.#size -= 1;
    if (connections.size === 0) this.#clients.delete(client);
  }

  #closeOne(newest: Socket): void {
    let most: Connection[] = [];
    for (const connections of this.#clients.values()) {
      const unknown = [...connections.values()].filter(({ known }) => !known);
      if (unknown.length > most.length) most = unknown;
    }
    const [oldest] = most;
    const closed = oldest?.socket ?? newest;
    // Removed at once: the count must not depend on when the other side lets go.
    this.#remove(clientKeyOf(closed.remoteAddress ?? ""), closed);
    closed.destroy();
  }
}
