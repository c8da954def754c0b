/** What monitoring asks a unit: is it alive, can it do its work, and its figures. */
import type { FastifyInstance } from "fastify";

/** One thing that was looked at. */
export interface HealthPart {
  name: string;
  ok: boolean;
  /** Never anything about a person. */
  detail?: string;
}

/** What was found. */
export interface HealthReport {
  ok: boolean;
  parts: readonly HealthPart[];
}

/** How a unit is, as its server asks. */
export interface HealthPort {
  /** The decision loop and a database commit both made progress. */
  alive(): Promise<HealthReport>;
  /** Whether somebody could be let in now, with each device and link. */
  ready(): Promise<HealthReport>;
  /** Prometheus text format 0.0.4. */
  metrics(): Promise<{ contentType: string; text: string }>;
}

/** Adds `/healthz`, `/readyz` and `/metrics`. */
export function healthRoutes(app: FastifyInstance, port: HealthPort): void {
  const answer = (path: string, look: () => Promise<HealthReport>): void => {
    app.get(path, async (_request, reply) => {
      const report = await look();
      return reply.code(report.ok ? 200 : 503).send(report);
    });
  };
  answer("/healthz", () => port.alive());
  answer("/readyz", () => port.ready());
  app.get("/metrics", async (_request, reply) => {
    const { contentType, text } = await port.metrics();
    return reply.type(contentType).send(text);
  });
}
