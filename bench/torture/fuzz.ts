/** Bytes, texts and messages that nobody should send, made from chance alone. */
import { generateKeyPairSync } from "node:crypto";
import type { Random } from "../../sim/random.ts";
import { SET_KINDS } from "../../src/core/data-set.ts";
import { COMMAND_TOKEN_TYPE } from "../../src/uplink/commands.ts";
import { signManifest, type Manifest } from "../../src/uplink/distribution-manifest.ts";
import { sha256Of } from "../../src/uplink/distribution-shelf.ts";
import { signToken } from "../../src/uplink/token.ts";

const strangers = generateKeyPairSync("ed25519");

export function noise(random: Random, longest: number): Buffer {
  return Buffer.from(
    Array.from({ length: random.integer(0, longest) }, () => random.integer(0, 255)),
  );
}

/** A good text with a few of its characters changed, cut off, doubled or moved. */
export function spoil(random: Random, text: string): string {
  const at = random.integer(0, Math.max(0, text.length - 1));
  switch (random.integer(0, 3)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at).repeat(2);
    case 2:
      return text.slice(at) + text.slice(0, at);
    default:
      return text.slice(0, at) + String.fromCharCode(random.integer(32, 126)) + text.slice(at + 2);
  }
}

const PREFIXES = ["HC1:", "shc:/", "NZCP:/1/", "DC03", "http://", "{", "%PDF", "\u0000", ""];

/** What somebody could hold up instead of a pass. */
export function hostileCode(random: Random, pass: string): string {
  if (random.chance(0.6)) return spoil(random, pass);
  return random.pick(PREFIXES) + noise(random, 300).toString("latin1");
}

const VALUES = [null, true, -1, 0, 2 ** 53, 1e308, "", "x".repeat(5_000), [], {}, [[1, 1e9]]];
const NAMES = ["epoch", "through", "ranges", "cmd", "aud", "cnt", "__proto__", "name", "verdict"];

export function hostileJson(random: Random): string {
  const entries = Array.from({ length: random.integer(0, 6) }, () => [
    random.pick(NAMES),
    random.pick<unknown>(VALUES),
  ]);
  const text = JSON.stringify(Object.fromEntries(entries));
  return random.chance(0.3) ? spoil(random, text) : text;
}

/** A manifest with everything right about it but the key. */
export function forgedManifest(random: Random, audience: string, nowMs: number): string {
  const part = sha256Of(String(random.integer(0, 3)));
  const manifest: Manifest = {
    kind: random.pick(SET_KINDS),
    version: random.integer(1, 1e9),
    audience,
    asOfMs: nowMs,
    issuedAtMs: nowMs,
    expiresMs: nowMs + 60_000,
    files: [{ sha256: part, size: random.integer(1, 65_536), parts: [part] }],
    deltas: [],
  };
  const keyId = random.pick(["district", "nobody", ""]);
  const token = signManifest(manifest, keyId, strangers.privateKey);
  return random.chance(0.5) ? token : spoil(random, token);
}

/** A command with everything right about it but the key. */
export function forgedCommand(random: Random, audience: string, nowMs: number): string {
  const claims = {
    aud: audience,
    jti: `forged-${random.integer(0, 1e9)}`,
    nbf: Math.floor(nowMs / 1_000) - 1,
    exp: Math.floor(nowMs / 1_000) + 60,
    cnt: random.integer(1, 1e9),
    why: "I am the district",
    cmd: { name: "release" },
  };
  const keyId = random.pick(["district", "nobody", ""]);
  const token = signToken(claims, COMMAND_TOKEN_TYPE, keyId, strangers.privateKey);
  return random.chance(0.5) ? token : spoil(random, token);
}
