/** How the kiosk (the unit's own screen) signs in: with a secret that only files of its owner hold. */
import { createHmac } from "node:crypto";
import { sameSecret } from "./secrets.ts";

const COOKIE = "sentinel-screen";
// A session cookie: the browser gets the secret again when it starts.
const ATTRIBUTES = "Path=/api; HttpOnly; SameSite=Strict";

/**
 * Recognises the kiosk. Its browser sends the secret once and afterwards a cookie that is derived from
 * it; so the kiosk stays signed in when the unit restarts.
 */
export class KioskSession {
  readonly #secret: string | undefined;
  readonly #proof: string;

  /** @param secret at least 128 random bits; absent: no browser is the kiosk */
  constructor(secret: string | undefined) {
    this.#secret = secret === "" ? undefined : secret;
    this.#proof = createHmac("sha256", secret ?? "")
      .update("the unit's own screen")
      .digest("base64url");
  }

  /** @returns the `Set-Cookie` for the browser; undefined when the secret is wrong */
  signIn(secret: string): string | undefined {
    if (this.#secret === undefined || !sameSecret(secret, this.#secret)) return undefined;
    return `${COOKIE}=${this.#proof}; ${ATTRIBUTES}`;
  }

  /** @param cookies a request's `Cookie` */
  isSignedIn(cookies = ""): boolean {
    const proof = /(?:^|;\s*)sentinel-screen=([\w-]+)/.exec(cookies)?.[1];
    return this.#secret !== undefined && proof !== undefined && sameSecret(proof, this.#proof);
  }
}
