/**
 * Who may ask the unit's server for what. Until staff have accounts, the list of visits and letting
 * people in are for the unit's own screen (loopback) and for whoever holds the configured token, or
 * signed in with it.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../hal/clock.ts";
import { StaffSessions } from "./sessions.ts";
import { TokenAttempts } from "./token-attempts.ts";

export interface AccessOptions {
  /** Lets another machine act as staff: by `Authorization: Bearer …`, or signed in on the staff page. */
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

/** Tells staff from strangers, and has whoever guesses tokens wait. */
export class StaffAccess {
  readonly #token: string | undefined;
  readonly #attempts: TokenAttempts;
  readonly #sessions: StaffSessions;
  readonly #staff = new WeakSet<FastifyRequest>();

  /** @param onGuessing told when tokens are being guessed, and when no more */
  constructor(
    { operatorToken }: AccessOptions,
    clock: Clock,
    onGuessing: (guessing: boolean) => void = () => {},
  ) {
    this.#token = operatorToken === "" ? undefined : operatorToken;
    this.#attempts = new TokenAttempts(clock, onGuessing);
    this.#sessions = new StaffSessions(clock);
  }

  /** Whether there is a token to sign in with. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** A hook, for every route on which staff may do more than others. */
  readonly judge = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    // The unit's own screen needs no token and cannot be locked out.
    if (isLocal(request) || this.isSignedIn(request)) {
      this.#staff.add(request);
      return;
    }
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (given === undefined) return;
    if (await this.#tokenIsRight(given, request, reply)) this.#staff.add(request);
  };

  /** Whether the request may see visits and decide; only on routes with the hook. */
  isStaff(request: FastifyRequest): boolean {
    return this.#staff.has(request);
  }

  isSignedIn(request: FastifyRequest): boolean {
    return this.#sessions.holds(request.headers.cookie);
  }

  /** Answers somebody who signs in: with a session, or why there is none. */
  async signIn(given: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (await this.#tokenIsRight(given, request, reply)) {
      await reply.header("set-cookie", this.#sessions.begin()).send({ done: true });
    } else if (!reply.sent) {
      await reply.code(401).send({ error: "that is not the token this unit is configured with" });
    }
  }

  async signOut(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await reply
      .header("set-cookie", this.#sessions.end(request.headers.cookie))
      .send({ done: true });
  }

  stop(): void {
    this.#attempts.stop();
  }

  /** Answers itself where tokens were guessed from there. */
  async #tokenIsRight(
    given: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<boolean> {
    if (this.#token === undefined) return false;
    const address = addressOf(request);
    const waitMs = this.#attempts.waitMs(address);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      await reply
        .code(429)
        .header("retry-after", seconds)
        .send({ error: `too many wrong tokens from here: try again in ${seconds} s` });
      return false;
    }
    const right = sameSecret(given, this.#token);
    if (right) this.#attempts.right(address);
    else this.#attempts.wrong(address);
    return right;
  }
}

// A request that a proxy passed on is not local, whatever address it arrives from.
function isLocal({ raw: { headers, socket } }: FastifyRequest): boolean {
  const passedOn = headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined;
  return !passedOn && isLoopback(socket.remoteAddress ?? "");
}

/** Where it comes from. Only a proxy on this machine is believed, about the one it heard it from. */
function addressOf({ raw: { headers, socket } }: FastifyRequest): string {
  const from = socket.remoteAddress ?? "";
  const passedOn = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",").at(-1)?.trim();
  return isLoopback(from) && passedOn !== undefined && isIP(passedOn) !== 0 ? passedOn : from;
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
