/**
 * Who asks the unit's server. Nobody is known by their address: a proxy or a forwarder on this
 * machine gives everybody the unit's own. Staff show the unit's token, or signed in with it; the
 * unit's own screen shows the secret it was started with; everybody else is a stranger.
 */
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../../hal/clock.ts";
import type { Connections } from "../connections.ts";
import { OwnScreen } from "./own-screen.ts";
import { placeOf } from "../place.ts";
import { sameSecret } from "./secrets.ts";
import { StaffSessions } from "./sessions.ts";
import { TokenAttempts } from "./sign-in-limit.ts";

/**
 * - `screen`: the unit's own screen, which visitors stand before
 * - `staff`: holds the unit's token
 * - `stranger`: everybody else, wherever they are
 */
export type Asker = "screen" | "staff" | "stranger";

export interface AccessOptions {
  /** Makes somebody staff: by `Authorization: Bearer …`, or signed in on the staff page. */
  operatorToken?: string;
  /** What the unit's own screen shows; absent: no screen is the unit's own. */
  screenSecret?: string;
  /** Addresses of proxies that name who asks in `X-Forwarded-For`. It tells askers apart, and lets nobody in. */
  proxies?: readonly string[];
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

/** Says of each request who asks, and has whoever guesses tokens wait. */
export class Access {
  readonly #token: string | undefined;
  readonly #screen: OwnScreen;
  readonly #proxies: ReadonlySet<string>;
  readonly #attempts: TokenAttempts;
  readonly #sessions: StaffSessions;
  readonly #askers = new WeakMap<FastifyRequest, Asker>();

  /** @param onGuessing told when tokens are being guessed, and when no more */
  constructor(
    { operatorToken, screenSecret, proxies = [] }: AccessOptions,
    clock: Clock,
    onGuessing: (guessing: boolean) => void = () => {},
  ) {
    this.#token = operatorToken === "" ? undefined : operatorToken;
    this.#screen = new OwnScreen(screenSecret);
    this.#proxies = new Set(proxies);
    this.#attempts = new TokenAttempts(clock, onGuessing);
    this.#sessions = new StaffSessions(clock);
  }

  /** Whether there is a token to sign in with. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** Has every request under `/api` judged before anything else is done for it. */
  judgeAll(app: FastifyInstance, connections: Connections): void {
    app.addHook("onRequest", async (request, reply) => {
      const asker = request.url.startsWith("/api/")
        ? await this.#judge(request, reply)
        : "stranger";
      this.#askers.set(request, asker);
      connections.asked(request.raw.socket, asker !== "stranger");
    });
  }

  askerOf(request: FastifyRequest): Asker {
    return this.#askers.get(request) ?? "stranger";
  }

  isSignedIn(request: FastifyRequest): boolean {
    return this.#sessions.holds(request.headers.cookie);
  }

  /** Answers somebody who signs in: with a session, or why there is none. */
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

  /** Answers a page that shows the secret of the unit's own screen. */
  async openScreen(secret: string, reply: FastifyReply): Promise<void> {
    const cookie = this.#screen.open(secret);
    if (cookie === undefined) {
      await reply.code(401).send({ error: "that is not the secret of this unit's own screen" });
    } else {
      await reply.header("set-cookie", cookie).send({ done: true });
    }
  }

  /** Where a request comes from, as its limits count it. */
  placeOf(request: FastifyRequest): string {
    return placeOf(this.#addressOf(request));
  }

  stop(): void {
    this.#attempts.stop();
  }

  async #judge(request: FastifyRequest, reply: FastifyReply): Promise<Asker> {
    if (this.isSignedIn(request)) return "staff";
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (given !== undefined && (await this.#tokenIsRight(given, request, reply))) return "staff";
    return this.#screen.isMeant(request.headers.cookie) ? "screen" : "stranger";
  }

  /** Answers itself where tokens were guessed from there. */
  async #tokenIsRight(
    given: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<boolean> {
    if (this.#token === undefined) return false;
    const address = this.#addressOf(request);
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

  // A forwarder passes on what it is given: only a proxy that is configured is believed, and of what
  // it says only the last address, the one it saw itself. Whoever says to be passed on by another is
  // counted apart, all together: they take nobody's share who came without.
  #addressOf({ raw: { headers, socket } }: FastifyRequest): string {
    const from = socket.remoteAddress ?? "";
    const passedOn = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",").at(-1)?.trim();
    const believed = this.#isProxy(from) && passedOn !== undefined && isIP(passedOn) !== 0;
    if (believed) return passedOn;
    const isPassedOn = [headers["x-forwarded-for"], headers.forwarded].some(
      (each) => each !== undefined,
    );
    return isPassedOn ? `${from} forwarded` : from;
  }

  #isHttps({ raw: { headers, socket } }: FastifyRequest): boolean {
    return this.#isProxy(socket.remoteAddress ?? "") && headers["x-forwarded-proto"] === "https";
  }

  #isProxy(address: string): boolean {
    return this.#proxies.has(address.replace(/^::ffff:/i, ""));
  }
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
