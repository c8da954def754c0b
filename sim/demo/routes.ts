/** What the simulator adds to the unit's server: its page, its gallery, its world, and its camera. */
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { errorText } from "../../src/base/errors.ts";
import type { UiExtension } from "../../src/ui/extension.ts";
import { sendPicture } from "../../src/ui/picture.ts";
import type { UnitFeed } from "../../src/ui/ports.ts";
import { describeProblem } from "../../src/ui/request-problem.ts";
import { DISTRICT_ORDERS, type DoorwayControl } from "./ports.ts";
import { DEMO_SCREENS } from "./screens.ts";
import { keepSnapshots } from "./snapshot.ts";

const PAGES = fileURLToPath(new URL("../../dist/demo-pages", import.meta.url));

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

/** The simulated doorway as an extension of the unit's server. Its people have no secrets. */
export function doorwayExtension(doorway: DoorwayControl, feed: UnitFeed): UiExtension {
  return {
    pagesDir: PAGES,
    screens: DEMO_SCREENS,
    everyoneIsStaff: true,
    addRoutes: (app) => addRoutes(app, doorway, feed),
    streams: {
      doorway: {
        parts: {
          atDoor: () => doorway.atDoor() ?? null,
          world: () => doorway.world(),
          broker: () => doorway.broker(),
        },
        subscribe: (notify) => doorway.subscribe(notify),
      },
    },
  };
}

function addRoutes(app: FastifyInstance, doorway: DoorwayControl, feed: UnitFeed): void {
  const snapshots = keepSnapshots(feed, doorway);
  app.addHook("onClose", async () => snapshots.stop());
  app.get("/api/doorway/moment", (request, reply) =>
    sendPicture(request, reply, snapshots.frame(), PICTURE_WIDTH),
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
        return reply.code(404).send({ error: `the gallery has no visitor "${visitor}"` });
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
    if (!parsed.success) return reply.code(400).send({ error: describeProblem(parsed.error) });
    if (doorway.order === undefined)
      return reply.code(404).send({ error: "this doorway takes no orders" });
    try {
      return await doorway.order(parsed.data.order);
    } catch (error) {
      return reply.code(503).send({ error: errorText(error) });
    }
  });
  app.post("/api/doorway/world", async (request, reply) => {
    const parsed = WORLD.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: describeProblem(parsed.error) });
    const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
    doorway.setWorld(Object.fromEntries(given));
    return doorway.world();
  });
}
