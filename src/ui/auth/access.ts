/**
 * Who calls the unit's server. An address proves nothing: behind a proxy or a forwarder on this machine
 * every caller has the unit's own. Staff send the unit's token or signed in with it; the kiosk (the
 * unit's own screen) sends the secret it was started with; every other caller is a stranger.
 */
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../../hal/clock.ts";
import type { ConnectionLimit } from "../connection-limit.ts";
import { KioskSession } from "./kiosk-session.ts";
import { clientKeyOf } from "../client-key.ts";
import { sameSecret } from "./secrets.ts";
import { StaffSessions } from "./staff-sessions.ts";
import { SignInLimit } from "./sign-in-limit.ts";

/**
 * - `kiosk`: the unit's own screen, which visitors see
 * - `staff`: holds the unit's token
 * - `stranger`: every other caller, from whatever address
 */
export type Caller = "kiosk" | "staff" | "stranger";

export interface AccessOptions {
  /** Makes a caller staff: as `Authorization: Bearer …`, or entered on the staff page. */
  operatorToken?: string;
  /** The secret of the kiosk; absent: no caller is the kiosk. */
  screenSecret?: string;
  /** Addresses of proxies whose `X-Forwarded-For` is trusted. It separates clients in limits; it signs nobody in. */
  proxies?: readonly string[];
  /** Further names of this unit, besides its addresses, `localhost` and its own host name. */
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

/** Adds security headers to every answer and refuses requests from other origins or for other host names. */
export function addSecurityHooks(app: FastifyInstance, options: AccessOptions): void {
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

/** Authenticates each request, and blocks clients that guess tokens. */
export class Access {
  readonly #token: string | undefined;
  readonly #kiosk: KioskSession;
  readonly #proxies: ReadonlySet<string>;
  readonly #limit: SignInLimit;
  readonly #sessions: StaffSessions;
  readonly #callers = new WeakMap<FastifyRequest, Caller>();

  /** @param onTokenGuessing called when a brute-force attack on the token begins, and when it is over */
  constructor(
    { operatorToken, screenSecret, proxies = [] }: AccessOptions,
    clock: Clock,
    onTokenGuessing: (guessing: boolean) => void = () => {},
  ) {
    this.#token = operatorToken === "" ? undefined : operatorToken;
    this.#kiosk = new KioskSession(screenSecret);
    this.#proxies = new Set(proxies);
    this.#limit = new SignInLimit(clock, onTokenGuessing);
    this.#sessions = new StaffSessions(clock);
  }

  /** Whether staff can sign in: a token is configured. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** Authenticates every request under `/api` before anything else is done for it. */
  identifyCallers(app: FastifyInstance, connections: ConnectionLimit): void {
    app.addHook("onRequest", async (request, reply) => {
      const caller = request.url.startsWith("/api/")
        ? await this.#authenticate(request, reply)
        : "stranger";
      this.#callers.set(request, caller);
      connections.setKnown(request.raw.socket, caller !== "stranger");
    });
  }

  callerOf(request: FastifyRequest): Caller {
    return this.#callers.get(request) ?? "stranger";
  }

  isSignedIn(request: FastifyRequest): boolean {
    return this.#sessions.isSignedIn(request.headers.cookie);
  }

  /** Answers a sign-in: with a session cookie, or with the reason why there is none. */
  async signIn(given: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (await this.#tokenIsRight(given, request, reply)) {
      const cookie = this.#sessions.begin(this.#isHttps(request));
      await reply.header("set-cookie", cookie).send({ done: true });
    } else if (!reply.sent) {
      const error = this.hasToken
        ? "that is not the token this unit is configured with"
        : "this unit has no token to sign in with";
      await reply.code(401).send({ error });
    }
  }

  async signOut(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await reply
      .header("set-cookie", this.#sessions.end(request.headers.cookie))
      .send({ done: true });
  }

  /** Answers a page that sends the secret of the kiosk. */
  async signInKiosk(secret: string, reply: FastifyReply): Promise<void> {
    const cookie = this.#kiosk.signIn(secret);
    if (cookie === undefined) {
      await reply.code(401).send({ error: "that is not the secret of this unit's own screen" });
    } else {
      await reply.header("set-cookie", cookie).send({ done: true });
    }
  }

  /** The key under which limits count the client of a request. */
  clientKeyOf(request: FastifyRequest): string {
    return clientKeyOf(this.#addressOf(request));
  }

  stop(): void {
    this.#limit.stop();
  }

  async #authenticate(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    if (this.isSignedIn(request)) return "staff";
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (given !== undefined && (await this.#tokenIsRight(given, request, reply))) return "staff";
    return this.#kiosk.isSignedIn(request.headers.cookie) ? "kiosk" : "stranger";
  }

  /** Sends the answer itself (429) where the client is blocked. */
  async #tokenIsRight(
    given: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<boolean> {
    if (this.#token === undefined) return false;
    const address = this.#addressOf(request);
    const blockedMs = this.#limit.blockedMs(address);
    if (blockedMs > 0) {
      const seconds = Math.ceil(blockedMs / 1_000);
      await reply
        .code(429)
        .header("retry-after", seconds)
        .send({ error: `too many wrong tokens from here: try again in ${seconds} s` });
      return false;
    }
    const right = sameSecret(given, this.#token);
    if (right) this.#limit.recordSuccess(address);
    else this.#limit.recordFailure(address);
    return right;
  }

  // A client can send any `X-Forwarded-For`: only a configured proxy is trusted, and only the last
  // address, which the proxy itself has seen. Requests that claim to be forwarded by any other machine
  // share one key of their own, so that they use up no direct client's limit.
  #addressOf({ raw: { headers, socket } }: FastifyRequest): string {
    const from = socket.remoteAddress ?? "";
    const forwardedFor = [headers["x-forwarded-for"] ?? []]
      .flat()
      .join(",")
      .split(",")
      .at(-1)
      ?.trim();
    const trusted = this.#isProxy(from) && forwardedFor !== undefined && isIP(forwardedFor) !== 0;
    if (trusted) return forwardedFor;
    const isForwarded = [headers["x-forwarded-for"], headers.forwarded].some(
      (each) => each !== undefined,
    );
    return isForwarded ? `${from} forwarded` : from;
  }

  #isHttps({ raw: { headers, socket } }: FastifyRequest): boolean {
    return this.#isProxy(socket.remoteAddress ?? "") && headers["x-forwarded-proto"] === "https";
  }

  #isProxy(address: string): boolean {
    return this.#proxies.has(address.replace(/^::ffff:/i, ""));
  }
}

// DNS rebinding: a foreign name that resolves to this machine would make foreign pages same-origin with
// the unit's. That is not possible with an address or one of the unit's own names.
function isKnownHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  if (host === undefined) return false;
  const name = host
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  return isIP(name) !== 0 || names.has(name);
}

// A page of another origin can make a browser send a request here, but the browser names that origin.
// Programs without a browser send no origin at all.
function isSameOrigin(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}
