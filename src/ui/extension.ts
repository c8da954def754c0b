/** What a program may add to the unit's server: further screens, routes and streams. */
import type { FastifyInstance } from "fastify";
import type { StreamParts } from "./sse.ts";

export interface UiExtension {
  /** Where the built pages are: the unit's own screens and the further ones, in one bundle. */
  pagesDir: string;
  /** Names of the further screens; `/` opens the first. */
  screens: readonly string[];
  /**
   * Counts every caller as staff. Only for a program whose people, gate and records are made up: its
   * page could open the gate without signing in anyway.
   */
  everyoneIsStaff: boolean;
  addRoutes(app: FastifyInstance): void;
  /** Further parts of the event stream, by the name that `/api/live?with=` asks for. */
  streams: Readonly<Record<string, ExtraStream>>;
}

export interface ExtraStream {
  parts: StreamParts;
  /** Calls on every change; returns a way to stop. */
  subscribe(notify: () => void): () => void;
}
