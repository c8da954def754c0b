/** SMART Health Cards as the digits of codes: one card in one code, or in several shown one by one. */
import type { PartCollector } from "../../format.ts";
import { invalid, reason } from "../../verification.ts";

export const PREFIX = "shc:/";

/** A pair of digits is a character's code less 45: every character of a JWS fits into 00 to 77. */
const FIRST_CHARACTER = 45;
const LAST_PAIR = 77;

/** More parts than the largest card needs; the specification has since given parts up. */
const MAX_PARTS = 16;

/** A collector forgets its parts after this pause: a slower visitor starts again. */
const FORGET_AFTER_MS = 60_000;

/** A card in one code, or one part of a card in several. */
type CardText = { jws: string } | { part: number; of: number; jws: string };

/** The JWS, or a part of it, in `shc:/…` or `shc:/2/3/…`; undefined where the digits are damaged. */
export function decodeCardText(text: string): CardText | undefined {
  const match = /^shc:\/(?:([1-9]\d?)\/([1-9]\d?)\/)?((?:\d\d)+)$/.exec(text);
  if (match === null) return undefined;
  const [, part, of, digits = ""] = match;
  let jws = "";
  for (let index = 0; index < digits.length; index += 2) {
    const pair = Number(digits.slice(index, index + 2));
    if (pair > LAST_PAIR) return undefined;
    jws += String.fromCharCode(pair + FIRST_CHARACTER);
  }
  if (part === undefined || of === undefined) return { jws };
  if (Number(part) > Number(of) || Number(of) > MAX_PARTS) return undefined;
  return { part: Number(part), of: Number(of), jws };
}

/**
 * Collects the parts of one card. A new count of parts, another content of a part that is there, or a
 * pause starts a new card: parts of two visitors never mix unnoticed, because the signature covers all
 * of them.
 */
export class CardPartCollector implements PartCollector {
  readonly #parts = new Map<number, string>();
  #of = 0;
  #lastMs = -Infinity;

  add(text: string, atMs: number): ReturnType<PartCollector["add"]> {
    const card = decodeCardText(text);
    if (card === undefined || !("part" in card)) return { text };
    const { part, of, jws } = card;
    const held = this.#parts.get(part);
    const isOther = of !== this.#of || (held !== undefined && held !== jws);
    if (isOther || atMs - this.#lastMs > FORGET_AFTER_MS) {
      this.#parts.clear();
      this.#of = of;
    }
    this.#lastMs = atMs;
    this.#parts.set(part, jws);
    const have = this.#parts.size;
    if (have < of) {
      return { missing: invalid("smart-health-card", reason("parts-missing", { have, of })) };
    }
    const whole = Array.from({ length: of }, (_each, index) => this.#parts.get(index + 1) ?? "");
    this.#parts.clear();
    return { text: whole.join("") };
  }
}
