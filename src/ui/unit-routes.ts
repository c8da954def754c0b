/** The routes of a unit: signing in, what each caller may see, and what staff may do. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "../../hal/clock.ts";
import type { Access, Caller } from "./auth/access.ts";
import { answerDecision, DecisionRequests } from "./decide.ts";
import type { UiExtension } from "./extension.ts";
import type { HealthPort } from "./health.ts";
import { sendPicture } from "./picture.ts";
import type { UnitFeed } from "./ports.ts";
import { publicView } from "./public-view.ts";
import { describeProblem } from "./request-problem.ts";
import { openEventStream, type StreamParts } from "./sse.ts";
import type { StreamSlots } from "./stream-slots.ts";

/** The aim hint shows where something is held, not who holds it. */
const AIM_WIDTH = 96;

const OPEN_SCREEN = z.strictObject({ secret: z.string().min(1).max(200) });

const SIGN_IN = z.strictObject({ token: z.string().min(1).max(1_000) });

/** What the routes serve, and how they know who calls. */
export interface RouteContext {
  feed: UnitFeed;
  clock: Clock;
  extension?: UiExtension;
  health?: HealthPort;
  access: Access;
  streams: StreamSlots;
}

const callerOf = ({ extension, access }: RouteContext, request: FastifyRequest): Caller =>
  extension?.everyoneIsStaff === true ? "staff" : access.callerOf(request);

/** Adds signing in and out for staff, and for the kiosk. */
export function signInRoutes(app: FastifyInstance, { access }: RouteContext): void {
  app.post("/api/staff/sign-in", async (request, reply) => {
    const parsed = SIGN_IN.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: describeProblem(parsed.error) });
    await access.signIn(parsed.data.token, request, reply);
    return reply;
  });
  app.post("/api/staff/sign-out", async (request, reply) => {
    await access.signOut(request, reply);
    return reply;
  });
  app.post("/api/screen/open", async (request, reply) => {
    const parsed = OPEN_SCREEN.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: describeProblem(parsed.error) });
    await access.signInKiosk(parsed.data.secret, reply);
    return reply;
  });
}

/** Adds the facts about the unit, the aim picture and the decisions of staff. */
export function unitRoutes(app: FastifyInstance, context: RouteContext): void {
  const { feed, extension, access } = context;
  app.get("/api/unit", () => ({
    unitId: feed.unitId,
    venueName: feed.venueName,
    utcOffsetMinutes: feed.utcOffsetMinutes,
    simulated: extension?.everyoneIsStaff === true,
    aims: feed.cameraFrame !== undefined,
    staffToken: access.hasToken,
  }));
  app.get("/api/aim", async (request, reply) => {
    // The picture shows a visitor: only the kiosk and staff get it.
    if (callerOf(context, request) === "stranger") {
      return reply.code(403).send({ error: "the camera's picture stays on the unit" });
    }
    return sendPicture(request, reply, feed.cameraFrame?.(), AIM_WIDTH);
  });
  const decisions = new DecisionRequests(feed);
  app.post("/api/operator/decide", async (request, reply) => {
    if (callerOf(context, request) !== "staff") {
      return reply.code(403).send({ error: "only staff decide: sign in with the unit's token" });
    }
    return answerDecision(request.body, reply, decisions);
  });
}

/** What a caller may follow. A page may stay open longer than the session of the staff who opened it. */
function unitParts(
  request: FastifyRequest,
  visitsWanted: boolean,
  context: RouteContext,
): StreamParts {
  const { feed, extension, access } = context;
  const caller = callerOf(context, request);
  if (caller === "stranger") return { view: () => publicView(feed.view()) };
  if (caller === "kiosk") return { view: () => feed.view() };
  const hasSession = extension?.everyoneIsStaff !== true && access.isSignedIn(request);
  const isStaff = (): boolean => !hasSession || access.isSignedIn(request);
  return {
    view: () => (isStaff() ? feed.view() : publicView(feed.view())),
    ...(hasSession ? { signedIn: isStaff } : {}),
    ...(visitsWanted
      ? {
          visits: () => (isStaff() ? feed.visits() : []),
          openings: () => (isStaff() ? feed.openings() : []),
        }
      : {}),
  };
}

/** Adds the event stream of what changes. */
export function eventStreamRoute(app: FastifyInstance, context: RouteContext): void {
  const { feed, extension, clock, access, streams } = context;
  app.get<{ Querystring: { with?: string | string[] } }>("/api/live", (request, reply) => {
    const wanted = new Set([request.query.with ?? []].flat().join(",").split(","));
    const extra = Object.entries(extension?.streams ?? {})
      .filter(([name]) => wanted.has(name))
      .map(([, stream]) => stream);
    const opened = openEventStream(reply, {
      clock,
      parts: Object.assign(
        {},
        unitParts(request, wanted.has("visits"), context),
        ...extra.map(({ parts }) => parts),
      ),
      acquire: (end) =>
        streams.acquire(callerOf(context, request), access.clientKeyOf(request), end),
      subscribe: (notify) => {
        const stops = [feed, ...extra].map((source) => source.subscribe(notify));
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
