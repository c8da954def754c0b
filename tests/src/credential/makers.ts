/** Makes credentials of the world's formats, signed by keys of these tests, to be broken at will. */
import { createIssuerKey } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import { NOW } from "./constants.ts";

/** One P-256 key for all of them. */
export const KEY = createIssuerKey({
  algorithm: "ES256",
  issuer: "test",
  notBeforeMs: 0,
  notAfterMs: NOW * 2,
  seed: new Uint8Array(32).fill(0x44),
});

export const seconds = (ms: number): number => Math.floor(ms / 1000);

/** JSON as CBOR with maps, as certificates have it. */
export function asMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, asMaps(item)]));
}
