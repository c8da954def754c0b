/** Compares secrets without saying by the time it takes how much of them is right. */
import { createHash, timingSafeEqual } from "node:crypto";

// Digests have one length, so that the comparison does not tell how long the secret is.
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
