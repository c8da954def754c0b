/** Collects the parts of a health card shown one after the other; holds one card, and not for long. */
import { MAX_PARTS } from "./smart-health-card.ts";

/** Somebody who needs longer starts again. */
const FORGET_AFTER_MS = 60_000;

/** What is there after a part was added. */
export type Collected = { complete: true; jws: string } | { complete: false; have: number };

/**
 * A new count of parts, another content of a part that is there, or a pause starts a new card: parts of
 * two visitors never mix unnoticed, because the signature covers all of them.
 */
export class CardPartCollector {
  #parts = new Map<number, string>();
  #of = 0;
  #lastMs = -Infinity;

  /** Adds a part. @param atMs monotonic */
  add(part: number, of: number, jws: string, atMs: number): Collected {
    const held = this.#parts.get(part);
    const isOther = of !== this.#of || (held !== undefined && held !== jws);
    if (isOther || atMs - this.#lastMs > FORGET_AFTER_MS || of > MAX_PARTS) {
      this.#parts.clear();
      this.#of = of;
    }
    this.#lastMs = atMs;
    this.#parts.set(part, jws);
    if (this.#parts.size < of) return { complete: false, have: this.#parts.size };
    const whole = Array.from({ length: of }, (_each, index) => this.#parts.get(index + 1) ?? "");
    this.#parts.clear();
    return { complete: true, jws: whole.join("") };
  }
}
