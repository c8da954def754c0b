/** How many connections the unit's server holds, and which one goes when there are too many. */
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { placeOf } from "./place.ts";

/** A doorway has a screen, a few members of staff, an installer and monitoring. */
const MOST_CONNECTIONS = 256;
/**
 * Requests on one connection that wait for their answer. Browsers and proxies send the next when they
 * have the last answer; whoever sends thousands and reads nothing would fill the memory with answers.
 */
const MOST_UNANSWERED = 8;

interface Held {
  socket: Socket;
  /** Requests whose answer has not gone out. */
  unanswered: number;
  /** Its last request came from the unit's own screen or from staff. */
  known: boolean;
}

/**
 * Bounds a server's connections. A new one is always taken; beyond the bound the oldest connection
 * of the place with the most goes, and never one that the unit's own screen or staff use while there
 * is another. So a flood throws out itself.
 */
export class Connections {
  readonly #most: number;
  /** By place, the oldest first. */
  readonly #places = new Map<string, Map<Socket, Held>>();
  #size = 0;

  constructor(server: Server, most = MOST_CONNECTIONS) {
    this.#most = most;
    server.on("connection", (socket) => this.#take(socket));
  }

  get size(): number {
    return this.#size;
  }

  /** Told with each request, who sent it: somebody known keeps their place. */
  asked(socket: Socket, known: boolean): void {
    const held = this.#heldOf(socket);
    if (held !== undefined) held.known = known;
  }

  /**
   * Told of each request before anything is done for it.
   *
   * @returns false when too many wait on its connection, which is closed then: it needs no answer
   */
  begins(socket: Socket, response: ServerResponse): boolean {
    const held = this.#heldOf(socket);
    if (held === undefined || held.unanswered >= MOST_UNANSWERED) {
      socket.destroy();
      return false;
    }
    held.unanswered += 1;
    response.once("close", () => {
      held.unanswered -= 1;
    });
    return true;
  }

  #heldOf(socket: Socket): Held | undefined {
    return this.#places.get(placeOf(socket.remoteAddress ?? ""))?.get(socket);
  }

  #take(socket: Socket): void {
    const place = placeOf(socket.remoteAddress ?? "");
    const here = this.#places.get(place) ?? new Map<Socket, Held>();
    this.#places.set(place, here);
    here.set(socket, { socket, known: false, unanswered: 0 });
    this.#size += 1;
    socket.once("close", () => this.#drop(place, socket));
    if (this.#size > this.#most) this.#makeRoom(socket);
  }

  #drop(place: string, socket: Socket): void {
    const here = this.#places.get(place);
    if (here?.delete(socket) !== true) return;
    this.#size -= 1;
    if (here.size === 0) this.#places.delete(place);
  }

  #makeRoom(newest: Socket): void {
    let most: Held[] = [];
    for (const here of this.#places.values()) {
      const strangers = [...here.values()].filter(({ known }) => !known);
      if (strangers.length > most.length) most = strangers;
    }
    const [oldest] = most;
    const going = oldest?.socket ?? newest;
    // At once: whether it is gone must not wait for the other side.
    this.#drop(placeOf(going.remoteAddress ?? ""), going);
    going.destroy();
  }
}
