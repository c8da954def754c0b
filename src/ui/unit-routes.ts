/** The routes of a unit: how somebody stops being a stranger, what they may see, and what staff may do. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "../../hal/clock.ts";
import type { Access, Asker } from "./auth/access.ts";
import { answerDecision, Decisions } from "./decide.ts";
import { doorwayParts } from "./doorway-routes.ts";
import type { HealthPort } from "./health.ts";
import { openStream, type Parts } from "./sse.ts";
import type { LivePlaces } from "./live-places.ts";
import { sendPicture } from "./picture.ts";
import type { DoorwayControl, UnitFeed } from "./ports.ts";
import { sayProblem } from "./problem.ts";
import { publicView } from "./public-view.ts";

/** The aim hint shows where something is held, not who holds it. */
const AIM_WIDTH = 96;

const OPEN_SCREEN = z.strictObject({ secret: z.string().min(1).max(200) });

const SIGN_IN = z.strictObject({ token: z.string().min(1).max(1_000) });

/** What the routes serve, and who knows to whom. */
export interface Served {
  feed: UnitFeed;
  clock: Clock;
  doorway?: DoorwayControl;
  health?: HealthPort;
  access: Access;
  streams: LivePlaces;
}

/** Who asks. At the simulated doorway everybody is staff: its people have no secrets. */
const askerOf = ({ doorway, access }: Served, request: FastifyRequest): Asker =>
  doorway === undefined ? access.askerOf(request) : "staff";

/** Adds how somebody stops being a stranger. */
export function signingRoutes(app: FastifyInstance, { access }: Served): void {
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
  app.post("/api/screen/open", async (request, reply) => {
    const parsed = OPEN_SCREEN.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: sayProblem(parsed.error) });
    await access.openScreen(parsed.data.secret, reply);
    return reply;
  });
}

/** Adds what the unit says and what staff decide. */
export function unitRoutes(app: FastifyInstance, served: Served): void {
  const { feed, doorway, access } = served;
  app.get("/api/unit", () => ({
    unitId: feed.unitId,
    venueName: feed.venueName,
    utcOffsetMinutes: feed.utcOffsetMinutes,
    simulated: doorway !== undefined,
    aims: feed.cameraFrame !== undefined,
    staffToken: access.hasToken,
  }));
  app.get("/api/aim", async (request, reply) => {
    // The picture is for the unit's own screen: nobody else has to see who stands there.
    if (askerOf(served, request) === "stranger") {
      return reply.code(403).send({ error: "the camera's picture stays on the unit" });
    }
    return sendPicture(request, reply, feed.cameraFrame?.(), AIM_WIDTH);
  });
  const decisions = new Decisions(feed);
  app.post("/api/operator/decide", async (request, reply) => {
    if (askerOf(served, request) !== "staff") {
      return reply.code(403).send({ error: "only staff decide: sign in with the unit's token" });
    }
    return answerDecision(request.body, reply, decisions);
  });
}

/** What an asker may follow; staff who signed in only while their session lasts, for a page may stand open longer. */
function unitParts(request: FastifyRequest, visitsWanted: boolean, served: Served): Parts {
  const { feed, doorway, access } = served;
  const asker = askerOf(served, request);
  if (asker === "stranger") return { view: () => publicView(feed.view()) };
  if (asker === "screen") return { view: () => feed.view() };
  const session = doorway === undefined && access.isSignedIn(request);
  const may = (): boolean => !session || access.isSignedIn(request);
  return {
    view: () => (may() ? feed.view() : publicView(feed.view())),
    ...(session ? { signedIn: may } : {}),
    ...(visitsWanted
      ? {
          visits: () => (may() ? feed.visits() : []),
          openings: () => (may() ? feed.openings() : []),
        }
      : {}),
  };
}

/** Adds the stream of what changes. */
export function liveRoute(app: FastifyInstance, served: Served): void {
  const { feed, doorway, clock, access, streams } = served;
  app.get<{ Querystring: { with?: string | string[] } }>("/api/live", (request, reply) => {
    const wanted = new Set([request.query.with ?? []].flat().join(",").split(","));
    const opened = openStream(reply, {
      clock,
      parts: {
        ...unitParts(request, wanted.has("visits"), served),
        ...(wanted.has("doorway") && doorway !== undefined ? doorwayParts(doorway) : {}),
      },
      take: (end) => streams.take(askerOf(served, request), access.placeOf(request), end),
      subscribe: (notify) => {
        const stops = [feed.subscribe(notify)];
        if (wanted.has("doorway") && doorway !== undefined) stops.push(doorway.subscribe(notify));
        return () => {
          for (const stop of stops) stop();
        };
      },
    });
    if (opened) return reply;
    return reply
      .code(503)
      .header("retry-after", 10)
      .send({ error: "too many pages are watching already from where you are: try again later" });
  });
}
