/** Routes of the simulated doorway: its gallery, its world, and what its camera sees. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Parts } from "./sse.ts";
import { sendPicture } from "./picture.ts";
import { keepMoments } from "./moment.ts";
import { DISTRICT_ORDERS, type DoorwayControl, type UnitFeed } from "./ports.ts";
import { sayProblem } from "./problem.ts";
import { errorText } from "../base/errors.ts";

const WORLD = z.strictObject({
  light: z.number().min(0).max(1).optional(),
  distanceM: z.number().min(0.05).max(1).optional(),
  noise: z.number().min(0).max(60).optional(),
  brokerUp: z.boolean().optional(),
  thermometerPlugged: z.boolean().optional(),
  readerPlugged: z.boolean().optional(),
  cameraPlugged: z.boolean().optional(),
  clockErrorMs: z.number().min(-31_536_000_000).max(31_536_000_000).optional(),
});

const ORDER = z.strictObject({ order: z.enum(DISTRICT_ORDERS) });

/** Wide enough to recognise a code by eye, small enough to send ten times a second. */
const PICTURE_WIDTH = 640;

/** What the page of the doorway follows live, beside the unit itself. */
export function doorwayParts(doorway: DoorwayControl): Parts {
  return {
    atDoor: () => doorway.atDoor() ?? null,
    world: () => doorway.world(),
    broker: () => doorway.broker(),
  };
}

/** Adds the routes; they stop following the unit when the server closes. */
export function doorwayRoutes(app: FastifyInstance, doorway: DoorwayControl, feed: UnitFeed): void {
  const moments = keepMoments(feed, doorway);
  app.addHook("onClose", async () => moments.stop());
  app.get("/api/doorway/moment", (request, reply) =>
    sendPicture(request, reply, moments.frame(), PICTURE_WIDTH),
  );
  app.get("/api/doorway", () => ({ visitors: doorway.visitors() }));
  app.get("/api/doorway/frame", (request, reply) =>
    sendPicture(request, reply, doorway.frame(), PICTURE_WIDTH),
  );
  app.post<{ Params: { visitor: string } }>(
    "/api/doorway/present/:visitor",
    async (request, reply) => {
      const { visitor } = request.params;
      if (!doorway.visitors().some((each) => each.id === visitor)) {
        return reply.code(404).send({ error: `nobody in the gallery is called "${visitor}"` });
      }
      await doorway.present(visitor);
      return { atDoor: visitor };
    },
  );
  app.post("/api/doorway/dismiss", () => {
    doorway.dismiss();
    return { atDoor: null };
  });
  app.post("/api/doorway/order", async (request, reply) => {
    const parsed = ORDER.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: sayProblem(parsed.error) });
    if (doorway.order === undefined) return reply.code(404).send({ error: "nobody orders here" });
    try {
      return await doorway.order(parsed.data.order);
    } catch (error) {
      const why = errorText(error);
      return reply.code(503).send({ error: why });
    }
  });
  app.post("/api/doorway/world", async (request, reply) => {
    const parsed = WORLD.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: sayProblem(parsed.error) });
    const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
    doorway.setWorld(Object.fromEntries(given));
    return doorway.world();
  });
}
