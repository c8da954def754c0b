/** The collector's acknowledgement of the records it has stored: plain JSON, or signed. */
import type { KeyObject } from "node:crypto";
import { audienceOf } from "./command.ts";
import { acknowledgementSchema } from "./message-schemas.ts";
import { openToken, signToken, TOKEN_ERRORS, type KeyRing } from "./signed-token.ts";

/** Which records the collector holds durably: all through `through`, and the ranges above it. */
export interface Acknowledgement {
  epoch: string;
  through: number;
  ranges: readonly (readonly [from: number, to: number])[];
  /** What the collector lacks and asks for, also where it had it once: it may be a restored copy. */
  again?: readonly (readonly [from: number, to: number])[];
}

/** The highest sequence number it names; 0 when it names none. */
export function highestSeqOf({ through, ranges }: Acknowledgement): number {
  return ranges.reduce((last, [, to]) => Math.max(last, to), through);
}

/** Whose records are acknowledged. */
export interface Acknowledged {
  district: string;
  unitId: string;
}

/** What a collector signs with. */
export interface AcknowledgementKey {
  id: string;
  secret: KeyObject;
}

/** Why an acknowledgement is rejected. */
export const ACKNOWLEDGEMENT_ERRORS = [...TOKEN_ERRORS, "unsigned", "wrong-audience"] as const;
type AcknowledgementError = (typeof ACKNOWLEDGEMENT_ERRORS)[number];

export const ACKNOWLEDGEMENT_TOKEN_TYPE = "sentinel-ack+jwt";

/**
 * The text to publish. A signed one needs neither date nor counter: the epoch is of one database
 * of one unit, and what was stored once stays stored, so an old word repeats what is true.
 */
export function acknowledgementText(
  { epoch, through, ranges, again }: Acknowledgement,
  whose: Acknowledged,
  key?: AcknowledgementKey,
): string {
  const claims = { epoch, through, ranges, ...(again === undefined ? {} : { again }) };
  if (key === undefined) return JSON.stringify(claims);
  const audience = audienceOf(whose.district, whose.unitId);
  return signToken({ aud: audience, ...claims }, ACKNOWLEDGEMENT_TOKEN_TYPE, key.id, key.secret);
}

/**
 * Reads an acknowledgement, or returns why it is rejected.
 *
 * @param keys whose word counts; without them anybody's does, signed or not: a district's collector
 *   begins to sign before its units begin to ask for it
 */
export function readAcknowledgement(
  payload: Uint8Array,
  whose: Acknowledged,
  keys?: KeyRing,
): Acknowledgement | { error: AcknowledgementError } {
  const plain = payload[0] === OPENING_BRACE;
  if (keys === undefined) {
    const claims = plain ? parse(payload) : parse(Buffer.from(bodyOf(payload), "base64url"));
    return read(claims) ?? { error: "malformed" };
  }
  if (plain) return { error: "unsigned" };
  const token = openToken(payload, ACKNOWLEDGEMENT_TOKEN_TYPE, keys);
  if ("error" in token) return token;
  if (token.claims["aud"] !== audienceOf(whose.district, whose.unitId)) {
    return { error: "wrong-audience" };
  }
  return read(token.claims) ?? { error: "malformed" };
}

const OPENING_BRACE = 0x7b;

function bodyOf(token: Uint8Array): string {
  return Buffer.from(token).toString("latin1").split(".")[1] ?? "";
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

function read(value: unknown): Acknowledgement | undefined {
  return acknowledgementSchema.safeParse(value).data;
}
