/** The secret Ed25519 key of whoever signs for a district: a JWK in a file, its counter beside it. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { UsageError } from "./usage.ts";

/** A key that can sign. */
export interface SigningKey {
  id: string;
  owner: string;
  /** Raw public key, base64url, as units want it. */
  publicKey: string;
  secret: KeyObject;
}

// RFC 8037: an Ed25519 key pair as a JWK; `owner` is ours.
const signingKeyFile = z.looseObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  kid: z.string().min(1),
  x: z.string(),
  d: z.string(),
  owner: z.string().default(""),
});

/**
 * Makes a key pair and writes it down, readable by its owner only.
 * @throws UsageError when the file is there already: a key that is overwritten is lost
 */
export function makeSigningKey(file: string, id: string, owner: string): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { kty, crv, x = "", d } = privateKey.export({ format: "jwk" });
  const text = `${JSON.stringify({ kty, crv, kid: id, owner, x, d }, null, 2)}\n`;
  try {
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw UsageError.because(error, "--out");
  }
  return { id, owner, publicKey: x, secret: privateKey };
}

/** @throws UsageError when the file is not there or holds no such key */
export function readSigningKey(file: string): SigningKey {
  try {
    const jwk = signingKeyFile.parse(JSON.parse(readFileSync(file, "utf8")));
    const { kty, crv, x, d } = jwk;
    const secret = createPrivateKey({ key: { kty, crv, x, d }, format: "jwk" });
    return { id: jwk.kid, owner: jwk.owner, publicKey: x, secret };
  } catch (error) {
    const missing = !existsSync(file);
    const why = missing
      ? "is not there"
      : `holds no key (${error instanceof Error ? error.name : "damaged"})`;
    throw new UsageError(`${file} ${why}: "sentinel command keygen" makes one`);
  }
}

/**
 * A number above every one this key has used: the time in ms, or one more than the last where the
 * clock stood still or went back. It is written down beside the key before it is used, so that a
 * clock set back does not make a unit refuse everything.
 */
export function nextCounter(keyFile: string, nowMs: number): number {
  const file = `${keyFile}.counter`;
  const last = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  if (!Number.isSafeInteger(last) || last < 0) {
    throw new UsageError(
      `${file} holds no number: delete it if the clock of this machine is right`,
    );
  }
  const next = Math.max(Math.floor(nowMs), last + 1);
  writeFileSync(`${file}.new`, `${next}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return next;
}
