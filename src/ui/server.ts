/** Serves the unit's own pages and the data they follow. */
import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import Fastify, { type FastifyInstance } from "fastify";
import type { Clock } from "../../hal/clock.ts";
import { Access, addSecurityHooks, type AccessOptions } from "./auth/access.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import type { UiExtension } from "./extension.ts";
import { healthRoutes, type HealthPort } from "./health.ts";
import { isOnThisMachine, listenOn } from "./listening.ts";
import { SCREENS } from "./screens.ts";
import { StreamSlots } from "./stream-slots.ts";
import type { UnitFeed } from "./ports.ts";
import { eventStreamRoute, signInRoutes, unitRoutes, type RouteContext } from "./unit-routes.ts";

export interface UiServerOptions extends AccessOptions {
  feed: UnitFeed;
  clock: Clock;
  /** Further screens, routes and streams, e.g. those of the simulated doorway. */
  extension?: UiExtension;
  /** What monitoring may ask; without it the routes do not exist. */
  health?: HealthPort;
  /** Called when a brute-force attack on the staff token begins, and when it is over. */
  onTokenGuessing?: (guessing: boolean) => void;
  /** Loopback by default: the pages can open the gate. */
  host?: string;
  /** 0 takes a free one. */
  port?: number;
  /** Where the built pages are. */
  pagesDir?: string;
  /**
   * Called with the reason why the pages cannot be served or an address cannot be listened on, by
   * setting, and with `undefined` once it works. With it the server always starts, and retries.
   */
  onProblem?: (setting: "http.host" | "pages", problem: string | undefined) => void;
  /** Left out: the limits of a unit. */
  limits?: Partial<Limits>;
}

/** How long a request may take to arrive, and how many connections there may be. */
interface Limits {
  /** The header of a request; and the whole of it with its body. */
  headersMs: number;
  requestMs: number;
  /** How often these two are checked. */
  checkMs: number;
  /** Closes a connection without traffic, also a stream that its client does not read. */
  idleMs: number;
  connections?: number;
}

const LIMITS: Limits = {
  headersMs: 10_000,
  requestMs: 15_000,
  checkMs: 2_000,
  idleMs: 30_000,
};

export interface UiServer {
  url: string;
  /** For a browser on this machine, where it does not depend on the network. */
  ownUrl: string;
  port: number;
  /** Every route with its method, as `GET /api/live`. */
  routes: readonly string[];
  close(): Promise<void>;
}

const PAGES = fileURLToPath(new URL("../../dist/pages", import.meta.url));
const MAX_BODY_BYTES = 16_384;

/**
 * Starts serving. Without `onProblem` it rejects when the address is taken or the pages were not built.
 */
export async function startUiServer(options: UiServerOptions): Promise<UiServer> {
  const { onProblem, extension } = options;
  const pagesDir = options.pagesDir ?? extension?.pagesDir ?? PAGES;
  const hasPages = existsSync(join(pagesDir, "index.html"));
  if (!hasPages) {
    const problem = `the pages are not built: run "npm run build:pages" (nothing in ${pagesDir})`;
    if (onProblem === undefined) throw new Error(problem);
    onProblem("pages", `${problem}; then restart the unit`);
  }
  const app = createApp({ ...LIMITS, ...options.limits });
  const routes = routesOf(app);
  const access = new Access(options, options.clock, options.onTokenGuessing);
  const streams = new StreamSlots();
  const connections = new ConnectionLimit(app.server, options.limits?.connections);
  app.addHook("onRequest", async (request, reply) => {
    if (!connections.admitRequest(request.raw.socket, reply.raw)) reply.hijack();
  });
  addSecurityHooks(app, options);
  access.identifyCallers(app, connections);
  answerErrors(app);
  addRoutes(app, { ...options, access, streams });
  if (hasPages) {
    await app.register(fastifyStatic, { root: pagesDir, cacheControl: false, index: false });
    pageRoutes(app, [...(extension?.screens ?? []), ...SCREENS]);
  }
  await app.ready();
  const listening = await listenOn({
    server: app.server,
    clock: options.clock,
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    onProblem: onProblem && ((problem) => onProblem("http.host", problem)),
  });
  const { host, port } = listening;
  const url = `http://${reachable(host)}:${port}/`;
  return {
    url,
    ownUrl: isOnThisMachine(host) ? url : `http://127.0.0.1:${port}/`,
    port,
    routes,
    async close() {
      streams.endAll();
      access.stop();
      await listening.close();
      await app.close();
    },
  };
}

/** Fills as routes are added: every one with its method. */
function routesOf(app: FastifyInstance): string[] {
  const routes: string[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    routes.push(...[method].flat().map((each) => `${each} ${url}`));
  });
  return routes;
}

function addRoutes(app: FastifyInstance, context: RouteContext): void {
  signInRoutes(app, context);
  unitRoutes(app, context);
  eventStreamRoute(app, context);
  context.extension?.addRoutes(app);
  if (context.health !== undefined) healthRoutes(app, context.health);
}

/** A server with deadlines: a request that arrives slowly or not at all is closed. */
function createApp({ headersMs, requestMs, checkMs, idleMs }: Limits): FastifyInstance {
  return Fastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    requestTimeout: requestMs,
    connectionTimeout: idleMs,
    keepAliveTimeout: Math.min(idleMs, 10_000),
    http: { headersTimeout: headersMs, connectionsCheckingInterval: checkMs },
  });
}

/** An address a browser on this machine can open. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return isIPv6(host) ? `[${host}]` : host;
}

function pageRoutes(app: FastifyInstance, screens: readonly string[]): void {
  app.get("/", (_request, reply) => reply.redirect(`/${screens[0]}`));
  for (const screen of screens) {
    app.get(`/${screen}`, (_request, reply) => reply.sendFile("index.html"));
  }
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error, _request, reply) => {
    const status = statusOf(error);
    const message = error instanceof Error ? error.message : "failed";
    await reply
      .code(status)
      .send({ error: status >= 500 ? "the unit could not do that" : message });
  });
  app.setNotFoundHandler(async (request, reply) => {
    await reply.code(404).send({ error: `there is nothing at ${request.url.split("?")[0]}` });
  });
}

const statusOf = (error: unknown): number =>
  typeof error === "object" && error !== null && "statusCode" in error
    ? Number(error.statusCode)
    : 500;
