/** How the unit's own screen proves that it is: by a secret that only its owner's files hold. */
import { createHmac } from "node:crypto";
import { sameSecret } from "./secrets.ts";

const COOKIE = "sentinel-screen";
// For as long as the browser runs: it gets the secret again when it starts.
const ATTRIBUTES = "Path=/api; HttpOnly; SameSite=Strict";

/**
 * Knows the unit's own screen. The browser shows the secret once and a cookie made from it from then
 * on; the cookie outlives a restart of the unit, so the screen stays the unit's own.
 */
export class OwnScreen {
  readonly #secret: string | undefined;
  readonly #proof: string;

  /** @param secret at least 128 random bits; absent: no screen is the unit's own */
  constructor(secret: string | undefined) {
    this.#secret = secret === "" ? undefined : secret;
    this.#proof = createHmac("sha256", secret ?? "")
      .update("the unit's own screen")
      .digest("base64url");
  }

  /** @returns the `Set-Cookie` that the browser shows from now on; undefined when the secret is wrong */
  open(secret: string): string | undefined {
    if (this.#secret === undefined || !sameSecret(secret, this.#secret)) return undefined;
    return `${COOKIE}=${this.#proof}; ${ATTRIBUTES}`;
  }

  /** @param cookies a request's `Cookie` */
  isMeant(cookies = ""): boolean {
    const proof = /(?:^|;\s*)sentinel-screen=([\w-]+)/.exec(cookies)?.[1];
    return this.#secret !== undefined && proof !== undefined && sameSecret(proof, this.#proof);
  }
}
