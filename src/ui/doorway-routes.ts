/** Routes of the simulated doorway: its gallery, its world, and what its camera sees. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { openStream, type Streams } from "./live.ts";
import { greyPng, shrink } from "./png.ts";
import type { DoorwayControl } from "./ports.ts";

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

/** Wide enough to recognise a code by eye, small enough to send ten times a second. */
const PICTURE_WIDTH = 640;

export function doorwayRoutes(
  app: FastifyInstance,
  doorway: DoorwayControl,
  streams: Streams,
): void {
  app.get("/api/doorway", () => ({ visitors: doorway.visitors() }));
  app.get("/api/doorway/live", (_request, reply) => {
    openStream(
      reply,
      streams,
      (notify) => doorway.subscribe(notify),
      () => ({
        atDoor: doorway.atDoor() ?? null,
        world: doorway.world(),
        broker: doorway.broker(),
        frame: doorway.frame()?.sequence ?? 0,
      }),
    );
  });
  app.get("/api/doorway/frame", async (_request, reply) => {
    const frame = doorway.frame();
    if (frame === undefined) return reply.code(204).send();
    const { width, height, luminance } = shrink(frame, PICTURE_WIDTH);
    return reply
      .type("image/png")
      .header("x-frame", String(frame.sequence))
      .send(greyPng(width, height, luminance));
  });
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
  app.post("/api/doorway/world", async (request, reply) => {
    const parsed = WORLD.safeParse(request.body);
    if (!parsed.success) {
      const [problem] = parsed.error.issues;
      return reply.code(400).send({ error: `${problem?.path.join(".")}: ${problem?.message}` });
    }
    const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
    doorway.setWorld(Object.fromEntries(given));
    return doorway.world();
  });
}
