/** The monitoring endpoints: liveness, readiness and metrics. */
import type { FastifyInstance } from "fastify";

/** The result of one check. */
export interface HealthPart {
  name: string;
  ok: boolean;
  /** Holds no personal data. */
  detail?: string;
}

/** The results of all checks. */
export interface HealthReport {
  ok: boolean;
  parts: readonly HealthPart[];
}

/** What the server needs for monitoring. */
export interface HealthPort {
  /** The decision loop and a database commit both made progress. */
  alive(): Promise<HealthReport>;
  /** Whether a visitor could be let in now, with each device and link. */
  ready(): Promise<HealthReport>;
  /** Prometheus text format 0.0.4. */
  metrics(): Promise<{ contentType: string; text: string }>;
}

/** Adds `/healthz`, `/readyz` and `/metrics`. */
export function healthRoutes(app: FastifyInstance, port: HealthPort): void {
  const answer = (path: string, check: () => Promise<HealthReport>): void => {
    app.get(path, async (_request, reply) => {
      const report = await check();
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
