/** The unit's own pages and their live data, served from the unit itself. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import { doorwayRoutes } from "./doorway-routes.ts";
import { openStream, type Streams } from "./live.ts";
import type { DoorwayControl, UnitFeed } from "./ports.ts";

export interface UiServerOptions {
  feed: UnitFeed;
  /** The simulated doorway; its routes do not exist without it. */
  doorway?: DoorwayControl;
  /** Loopback unless told otherwise: what the pages can do is let people in. */
  host?: string;
  /** 0 takes a free one. */
  port?: number;
  /** Where the built pages are. */
  pagesDir?: string;
}

export interface UiServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

const PAGES = fileURLToPath(new URL("../../dist/pages", import.meta.url));

const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "cache-control": "no-store",
};

const DECISION = z.strictObject({
  verdict: z.enum(["grant", "deny"]),
  visitRef: z.string().max(100).optional(),
  operator: z.string().trim().min(1, "say who decides").max(60),
  why: z.string().trim().min(3, "say why, in a few words").max(300),
});

/** Starts serving; rejects when the address is taken or the pages were not built. */
export async function startUiServer(options: UiServerOptions): Promise<UiServer> {
  const pagesDir = options.pagesDir ?? PAGES;
  if (!existsSync(join(pagesDir, "index.html"))) {
    throw new Error(`the pages are not built: run "npm run build:pages" (nothing in ${pagesDir})`);
  }
  const app = Fastify({ bodyLimit: 16_384, forceCloseConnections: true });
  const streams: Streams = new Set();
  guard(app);
  unitRoutes(app, options, streams);
  if (options.doorway !== undefined) doorwayRoutes(app, options.doorway, streams);
  await app.register(fastifyStatic, { root: pagesDir, cacheControl: false, index: false });
  const home = options.doorway === undefined ? "kiosk" : "doorway";
  app.get("/", (_request, reply) => reply.redirect(`/${home}`));
  for (const page of ["kiosk", "staff", "doorway"]) {
    if (page === "doorway" && options.doorway === undefined) continue;
    app.get(`/${page}`, (_request, reply) => reply.sendFile("index.html"));
  }
  const host = options.host ?? "127.0.0.1";
  await app.listen({ host, port: options.port ?? 0 });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}/`,
    port,
    async close() {
      for (const end of streams) end();
      await app.close();
    },
  };
}

function guard(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (request.method !== "GET" && !sameOrigin(request)) {
      await reply.code(403).send({ error: "this can only be done from the unit's own pages" });
    }
  });
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

// A page of another origin can send a request here from a browser on the same machine, but it
// cannot hide where it comes from. Programs without a browser send no origin at all.
function sameOrigin(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

function unitRoutes(app: FastifyInstance, options: UiServerOptions, streams: Streams): void {
  const { feed } = options;
  app.get("/api/unit", () => ({
    unitId: feed.unitId,
    venueName: feed.venueName,
    simulated: options.doorway !== undefined,
    view: feed.view(),
    visits: feed.visits(),
  }));
  app.get("/api/live", (_request: FastifyRequest, reply: FastifyReply) => {
    openStream(
      reply,
      streams,
      (notify) => feed.subscribe(notify),
      () => ({
        view: feed.view(),
        visits: feed.visits(),
      }),
    );
  });
  app.post("/api/operator/decide", async (request, reply) => {
    const parsed = DECISION.safeParse(request.body);
    if (!parsed.success) {
      const [problem] = parsed.error.issues;
      const where = problem?.path.join(".") ?? "body";
      return reply.code(400).send({ error: `${where}: ${problem?.message}` });
    }
    const { visitRef, ...rest } = parsed.data;
    try {
      await feed.operatorDecide(visitRef === undefined ? rest : { ...rest, visitRef });
    } catch (error) {
      const message = error instanceof Error ? error.message : "refused";
      return reply.code(409).send({ error: message });
    }
    return { done: true };
  });
}
