/** What a district signs about a data set: which bytes, for whom, how new, and until when it may be taken. */
import type { KeyObject } from "node:crypto";
import { SET_KINDS, type SetKind } from "../core/data-set.ts";
import { openToken, signToken, type KeyRing, type TokenFault } from "./token.ts";

/** A run of bytes, cut into parts of `PART_BYTES`; only the last may be shorter. Hashes are SHA-256, hex. */
export interface Blob {
  sha256: string;
  size: number;
  parts: readonly string[];
}

/** The way from one earlier version to this one. */
export interface DeltaBlob extends Blob {
  base: number;
}

export interface Manifest {
  kind: SetKind;
  /** Counts up over all manifests of a kind in a district, whoever they are for. */
  version: number;
  /** `district/all` or `district/unit`. */
  audience: string;
  /** When the content was true (epoch ms). */
  asOfMs: number;
  issuedAtMs: number;
  /** From this moment on no unit takes it any more (epoch ms); what is in force stays. */
  expiresMs: number;
  /** The whole set. */
  files: readonly Blob[];
  /** Ways to the first file from versions before; a unit that has none of them takes the whole. */
  deltas: readonly DeltaBlob[];
}

export const MANIFEST_TOKEN_TYPE = "sentinel-manifest+jwt";
/** Below every usual broker's limit, and short enough not to hold up a record on a thin line. */
export const PART_BYTES = 65_536;
/** In one manifest: keeps it below what `openToken` looks at. */
const MOST_PARTS = 2_500;
const MOST_FILES = 32;
const MOST_DELTAS = 8;
const SHA256 = /^[0-9a-f]{64}$/;
const SECOND_MS = 1_000;

/** Signs a manifest. */
export function signManifest(manifest: Manifest, keyId: string, key: KeyObject): string {
  const { kind, version, audience, asOfMs, issuedAtMs, expiresMs, files, deltas } = manifest;
  const claims = {
    kind,
    ver: version,
    aud: audience,
    asOf: Math.floor(asOfMs / SECOND_MS),
    iat: Math.floor(issuedAtMs / SECOND_MS),
    exp: Math.floor(expiresMs / SECOND_MS),
    files,
    ...(deltas.length === 0 ? {} : { deltas }),
  };
  return signToken(claims, MANIFEST_TOKEN_TYPE, keyId, key);
}

/** A manifest under a signature that holds, or why it is none. Never throws, whatever the bytes are. */
export function openManifest(
  bytes: Uint8Array,
  keys: KeyRing,
): { keyId: string; manifest: Manifest } | { fault: TokenFault } {
  const token = openToken(bytes, MANIFEST_TOKEN_TYPE, keys);
  if ("fault" in token) return token;
  const manifest = readManifest(token.claims);
  return manifest === undefined ? { fault: "malformed" } : { keyId: token.keyId, manifest };
}

/** Claims of a manifest, or nothing where they do not make one. */
export function readManifest(claims: Readonly<Record<string, unknown>>): Manifest | undefined {
  const { kind, ver, aud, asOf, iat, exp } = claims;
  const known = SET_KINDS.find((each) => each === kind);
  if (known === undefined || typeof aud !== "string") return undefined;
  if (!isCount(ver, 1) || !isCount(asOf, 0) || !isCount(iat, 0) || !isCount(exp, 1)) {
    return undefined;
  }
  const files = readList(claims["files"], MOST_FILES, readBlob);
  const deltas = readList(claims["deltas"] ?? [], MOST_DELTAS, readDelta);
  if (files === undefined || files.length === 0 || deltas === undefined) return undefined;
  const parts = [...files, ...deltas].reduce((sum, blob) => sum + blob.parts.length, 0);
  if (parts > MOST_PARTS) return undefined;
  return {
    kind: known,
    version: ver,
    audience: aud,
    asOfMs: asOf * SECOND_MS,
    issuedAtMs: iat * SECOND_MS,
    expiresMs: exp * SECOND_MS,
    files,
    deltas,
  };
}

/** Bytes of all files together. */
export function totalBytes(blobs: readonly Blob[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

/** How long a part of a blob must be. */
export function partLength(blob: Blob, index: number): number {
  return Math.min(PART_BYTES, blob.size - index * PART_BYTES);
}

function readList<T>(
  value: unknown,
  most: number,
  read: (item: Record<string, unknown>) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items: T[] = [];
  for (const item of value as unknown[]) {
    if (typeof item !== "object" || item === null) return undefined;
    const one = read(item as Record<string, unknown>);
    if (one === undefined) return undefined;
    items.push(one);
  }
  return items;
}

function readBlob({ sha256, size, parts }: Record<string, unknown>): Blob | undefined {
  if (!isHash(sha256) || !isCount(size, 1) || !Array.isArray(parts)) return undefined;
  if (parts.length !== Math.ceil(size / PART_BYTES) || parts.length > MOST_PARTS) return undefined;
  return parts.every(isHash) ? { sha256, size, parts } : undefined;
}

function readDelta(item: Record<string, unknown>): DeltaBlob | undefined {
  const { base } = item;
  const blob = readBlob(item);
  return blob === undefined || !isCount(base, 1) ? undefined : { ...blob, base };
}

/** Whether something is a SHA-256 in lower-case hexadecimal. */
export function isHash(value: unknown): value is string {
  return typeof value === "string" && SHA256.test(value);
}

function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least;
}
