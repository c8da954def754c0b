/** What a district signs about a data set: which bytes, for whom, how new, and until when it may be taken. */
import type { KeyObject } from "node:crypto";
import type { DataSetKind } from "../core/data-set.ts";
import { manifestClaimsSchema } from "./message-schemas.ts";
import { openToken, signToken, type KeyRing, type TokenError } from "./signed-token.ts";

/** A run of bytes, cut into parts of `CHUNK_BYTES`; only the last may be shorter. Hashes are SHA-256, hex. */
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
  kind: DataSetKind;
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
export const CHUNK_BYTES = 65_536;
/** In one manifest: keeps it below what `openToken` looks at. */
export const MAX_CHUNKS = 2_500;
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
): { keyId: string; manifest: Manifest } | { error: TokenError } {
  const token = openToken(bytes, MANIFEST_TOKEN_TYPE, keys);
  if ("error" in token) return token;
  const manifest = readManifest(token.claims);
  return manifest === undefined ? { error: "malformed" } : { keyId: token.keyId, manifest };
}

/** Claims of a manifest, or nothing where they do not make one. */
export function readManifest(claims: Readonly<Record<string, unknown>>): Manifest | undefined {
  const read = manifestClaimsSchema.safeParse(claims);
  if (!read.success) return undefined;
  const { kind, ver, aud, asOf, iat, exp, files, deltas = [] } = read.data;
  const blobs = [...files, ...deltas];
  if (blobs.some(({ size, parts }) => parts.length !== Math.ceil(size / CHUNK_BYTES))) {
    return undefined;
  }
  if (blobs.reduce((sum, { parts }) => sum + parts.length, 0) > MAX_CHUNKS) return undefined;
  return {
    kind,
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
export function chunkLength(blob: Blob, index: number): number {
  return Math.min(CHUNK_BYTES, blob.size - index * CHUNK_BYTES);
}
