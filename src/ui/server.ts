/** The unit's own pages and their live data, served from the unit itself. */
import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "../../hal/clock.ts";
import { guardRequests, StaffAccess, type AccessOptions } from "./access.ts";
import { doorwayParts, doorwayRoutes } from "./doorway-routes.ts";
import { healthRoutes, type HealthPort } from "./health.ts";
import { listenOn } from "./listening.ts";
import { MAX_STREAMS, openStream, type Parts, type Streams } from "./live.ts";
import { sendPicture } from "./picture.ts";
import type { DoorwayControl, UnitFeed } from "./ports.ts";
import { sayProblem } from "./problem.ts";

export interface UiServerOptions extends AccessOptions {
  feed: UnitFeed;
  clock: Clock;
  /** The simulated doorway; its routes do not exist without it. */
  doorway?: DoorwayControl;
  /** What monitoring may ask; without it the routes do not exist. */
  health?: HealthPort;
  /** Told when somebody guesses the staff's token from another machine, and when no more. */
  onGuessing?: (guessing: boolean) => void;
  /** Loopback unless told otherwise: what the pages can do is let people in. */
  host?: string;
  /** 0 takes a free one. */
  port?: number;
  /** Where the built pages are. */
  pagesDir?: string;
  /**
   * Told what keeps the pages from being served or an address from being listened on, by setting;
   * `undefined` once nothing does. With it the server always starts, and tries again.
   */
  onProblem?: (setting: "http.host" | "pages", problem: string | undefined) => void;
}

export interface UiServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

const PAGES = fileURLToPath(new URL("../../dist/pages", import.meta.url));
const MAX_BODY_BYTES = 16_384;
/** The aim hint shows where something is held, not who holds it. */
const AIM_WIDTH = 96;

const DECISION = z.strictObject({
  verdict: z.enum(["grant", "deny"]),
  visitRef: z.string().max(100).optional(),
  operator: z.string().trim().min(1, "say who decides").max(60),
  why: z.string().trim().min(2, "say why, in a few words").max(300),
});

const SIGN_IN = z.strictObject({ token: z.string().min(1).max(1_000) });

/**
 * Starts serving. Without `onProblem` it rejects when the address is taken or the pages were not built.
 */
export async function startUiServer(options: UiServerOptions): Promise<UiServer> {
  const pagesDir = options.pagesDir ?? PAGES;
  const { onProblem } = options;
  const hasPages = existsSync(join(pagesDir, "index.html"));
  if (!hasPages) {
    const problem = `the pages are not built: run "npm run build:pages" (nothing in ${pagesDir})`;
    if (onProblem === undefined) throw new Error(problem);
    onProblem("pages", `${problem}; then restart the unit`);
  }
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  const streams: Streams = new Set();
  const access = new StaffAccess(options, options.clock, options.onGuessing);
  guardRequests(app, options);
  answerErrors(app);
  unitRoutes(app, options, access);
  liveRoute(app, options, access, streams);
  if (options.doorway !== undefined) doorwayRoutes(app, options.doorway, options.feed);
  if (options.health !== undefined) healthRoutes(app, options.health);
  if (hasPages) {
    await app.register(fastifyStatic, { root: pagesDir, cacheControl: false, index: false });
    pageRoutes(app, options.doorway !== undefined);
  }
  await app.ready();
  const { host, port, close } = await listenOn({
    server: app.server,
    clock: options.clock,
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    onProblem: onProblem && ((problem) => onProblem("http.host", problem)),
  });
  return {
    url: `http://${reachable(host)}:${port}/`,
    port,
    async close() {
      for (const end of streams) end();
      access.stop();
      await close();
      await app.close();
    },
  };
}

/** An address a browser on this machine can open. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return isIPv6(host) ? `[${host}]` : host;
}

function pageRoutes(app: FastifyInstance, simulated: boolean): void {
  app.get("/", (_request, reply) => reply.redirect(simulated ? "/doorway" : "/kiosk"));
  for (const page of simulated ? ["kiosk", "staff", "doorway"] : ["kiosk", "staff"]) {
    app.get(`/${page}`, (_request, reply) => reply.sendFile("index.html"));
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

function unitRoutes(app: FastifyInstance, options: UiServerOptions, access: StaffAccess): void {
  const { feed } = options;
  const judged = { onRequest: access.judge };
  app.get("/api/unit", () => ({
    unitId: feed.unitId,
    venueName: feed.venueName,
    utcOffsetMinutes: feed.utcOffsetMinutes,
    simulated: options.doorway !== undefined,
    aims: feed.cameraFrame !== undefined,
    staffToken: access.hasToken,
  }));
  app.post("/api/staff/sign-in", async (request, reply) => {
    const parsed = SIGN_IN.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: sayProblem(parsed.error) });
    await access.signIn(parsed.data.token, request, reply);
    return reply;
  });
  app.post("/api/staff/sign-out", async (request, reply) => {
    await access.signOut(request, reply);
    return reply;
  });
  app.get("/api/aim", judged, async (request, reply) => {
    // The picture is for the unit's own screen: nobody else has to see who stands there.
    if (options.doorway === undefined && !access.isStaff(request)) {
      return reply.code(403).send({ error: "the camera's picture stays on the unit" });
    }
    return sendPicture(request, reply, feed.cameraFrame?.(), AIM_WIDTH);
  });
  app.post("/api/operator/decide", judged, async (request, reply) => {
    if (!access.isStaff(request)) {
      return reply.code(403).send({
        error: "staff decide at the unit itself, or with the token this unit is configured with",
      });
    }
    const parsed = DECISION.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: sayProblem(parsed.error) });
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

/** Who came, for those who may see it; while their session lasts, for a page may stand open longer. */
function visitParts(
  request: FastifyRequest,
  { feed, doorway }: UiServerOptions,
  access: StaffAccess,
): Parts {
  if (!access.isSignedIn(request)) {
    // Simulated people have no secrets.
    const all = doorway !== undefined || access.isStaff(request);
    return all ? { visits: () => feed.visits() } : {};
  }
  return {
    signedIn: () => access.isSignedIn(request),
    visits: () => (access.isSignedIn(request) ? feed.visits() : []),
  };
}

function liveRoute(
  app: FastifyInstance,
  options: UiServerOptions,
  access: StaffAccess,
  streams: Streams,
): void {
  const { feed, doorway, clock } = options;
  const judged = { onRequest: access.judge };
  app.get<{ Querystring: { with?: string | string[] } }>("/api/live", judged, (request, reply) => {
    if (streams.size >= MAX_STREAMS) {
      return reply.code(503).send({ error: `${MAX_STREAMS} pages are watching already` });
    }
    const wanted = new Set([request.query.with ?? []].flat().join(",").split(","));
    const parts: Parts = {
      view: () => feed.view(),
      ...(wanted.has("visits") ? visitParts(request, options, access) : {}),
      ...(wanted.has("doorway") && doorway !== undefined ? doorwayParts(doorway) : {}),
    };
    openStream(reply, {
      clock,
      streams,
      parts,
      subscribe: (notify) => {
        const stops = [feed.subscribe(notify)];
        if (wanted.has("doorway") && doorway !== undefined) stops.push(doorway.subscribe(notify));
        return () => {
          for (const stop of stops) stop();
        };
      },
    });
    return reply;
  });
}
