/**
 * Who may ask the unit's server for what. Until staff have accounts, the list of visits and letting
 * people in are for the unit's own screen (loopback) and for whoever holds the configured token.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { FastifyInstance, FastifyRequest } from "fastify";

export interface AccessOptions {
  /** Lets a request from another machine act as staff: `Authorization: Bearer …`. */
  operatorToken?: string;
  /** Names this unit is reached by, beside its addresses, `localhost` and its own host name. */
  allowedHosts?: readonly string[];
}

const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Puts the headers on every answer and turns away what comes from other origins or other names. */
export function guardRequests(app: FastifyInstance, options: AccessOptions): void {
  const names = new Set(
    ["localhost", hostname(), `${hostname()}.local`, ...(options.allowedHosts ?? [])].map((name) =>
      name.toLowerCase(),
    ),
  );
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (!isKnownHost(request.headers.host, names)) {
      await reply.code(403).send({
        error: `this unit does not answer to "${request.headers.host}": use its address, or add the name to its allowed hosts`,
      });
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD" && !isSameOrigin(request)) {
      await reply.code(403).send({ error: "this can only be done from the unit's own pages" });
    }
  });
}

/**
 * Whether the request may see visits and decide. A request that a proxy passed on is not local,
 * whatever address it arrives from.
 */
export function isStaff(request: FastifyRequest, options: AccessOptions): boolean {
  const { headers, socket } = request.raw;
  const passedOn = headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined;
  if (!passedOn && isLoopback(socket.remoteAddress ?? "")) return true;
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  return (
    options.operatorToken !== undefined &&
    options.operatorToken !== "" &&
    given !== undefined &&
    sameSecret(given, options.operatorToken)
  );
}

// A name that somebody else's DNS points at this machine would make its pages same-origin with
// theirs; an address or one of the unit's own names cannot be made to.
function isKnownHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  if (host === undefined) return false;
  const name = host
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  return isIP(name) !== 0 || names.has(name);
}

// A page of another origin can send a request here from a browser on the same machine, but it
// cannot hide where it comes from. Programs without a browser send no origin at all.
function isSameOrigin(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}

const isLoopback = (address: string): boolean =>
  address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");

// Digests have one length, so that the comparison does not tell how long the secret is.
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
