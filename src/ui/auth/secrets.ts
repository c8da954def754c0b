/** Compares secrets in constant time: the duration says nothing about how much is right. */
import { createHash, timingSafeEqual } from "node:crypto";

// Digests have one length, so that the duration says nothing about the secret's length.
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
