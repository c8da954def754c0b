/** Sessions of staff who signed in with the unit's token, each with a random number in a cookie. */
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../../hal/clock.ts";

/** As long as a shift; then staff sign in again. */
export const SESSION_MS = 12 * 3_600_000;
/** Sessions at once; beyond it the oldest is ended. */
export const MAX_SESSIONS = 32;

const COOKIE = "sentinel-staff";
const NUMBER_BYTES = 32;
// `Strict` keeps it from requests that other sites' pages cause. `Secure` only where the request came
// through a proxy that speaks TLS: the unit itself speaks HTTP (docs/operators/security.md).
const ATTRIBUTES = "Path=/api; HttpOnly; SameSite=Strict";

/** Sessions live in memory: a restart ends them all. */
export class StaffSessions {
  readonly #clock: Clock;
  /** When each began, monotonic ms, by the digest of its number, the first one first. */
  readonly #sessions = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param secure the browser uses TLS, and must never send the cookie without it
   * @returns the `Set-Cookie` for the browser
   */
  begin(secure = false): string {
    const number = randomBytes(NUMBER_BYTES).toString("base64url");
    this.#sessions.set(digestOf(number), this.#clock.monotonicMs());
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    const attributes = secure ? `${ATTRIBUTES}; Secure` : ATTRIBUTES;
    return `${COOKIE}=${number}; Max-Age=${SESSION_MS / 1_000}; ${attributes}`;
  }

  /** @param cookies a request's `Cookie` */
  isSignedIn(cookies: string | undefined): boolean {
    const number = numberIn(cookies);
    if (number === undefined) return false;
    const digest = digestOf(number);
    const sinceMs = this.#sessions.get(digest);
    if (sinceMs === undefined) return false;
    if (this.#clock.monotonicMs() - sinceMs < SESSION_MS) return true;
    this.#sessions.delete(digest);
    return false;
  }

  /** @returns the `Set-Cookie` that removes the cookie */
  end(cookies: string | undefined): string {
    const number = numberIn(cookies);
    if (number !== undefined) this.#sessions.delete(digestOf(number));
    return `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;
  }
}

function numberIn(cookies = ""): string | undefined {
  return /(?:^|;\s*)sentinel-staff=([\w-]+)/.exec(cookies)?.[1];
}

// Looked up by digest: how long that takes says nothing about the number.
const digestOf = (number: string): string => createHash("sha256").update(number).digest("hex");
