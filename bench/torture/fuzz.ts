/** Bytes, texts and messages that nobody should send, made from chance alone. */
import { generateKeyPairSync } from "node:crypto";
import { deflateRawSync, deflateSync, inflateRawSync } from "node:zlib";
import type { Random } from "../../sim/kernel/random.ts";
import { decodeBase45, encodeBase45 } from "../../src/credential/codecs/base45.ts";
import { DATA_SET_KINDS } from "../../src/core/data-set.ts";
import { COMMAND_TOKEN_TYPE } from "../../src/protocol/command.ts";
import { signManifest, type Manifest } from "../../src/protocol/manifest.ts";
import { sha256Of } from "../../src/distribution/data-set-cache.ts";
import { signToken } from "../../src/protocol/signed-token.ts";

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
  if (random.chance(0.4)) return spoil(random, pass);
  if (random.chance(0.4)) return spoilWithin(random, pass);
  if (random.chance(0.4)) return wellWrapped(random);
  return random.pick(PREFIXES) + noise(random, 300).toString("latin1");
}

/** The pass with one byte changed inside its wrapping, which is as it should be. */
function spoilWithin(random: Random, pass: string): string {
  const [prefix, packed] = [pass.slice(0, 4), decodeBase45(pass.slice(4))];
  if (packed === undefined) throw new Error("the pass of the siege is not in base45");
  const message = inflateRawSync(packed);
  const at = random.integer(0, message.length - 1);
  message[at] = (message[at] ?? 0) ^ (1 << random.integer(0, 7));
  return prefix + encodeBase45(deflateRawSync(message));
}

const MEGABYTE = 1_048_576;
const BOMB = Buffer.alloc(20 * MEGABYTE);
/** CBOR (RFC 8949 §3): arrays in arrays, and a text, an array and a map that claim to have no end of content. */
const CBOR = [
  Buffer.alloc(3_000, 0x81),
  Buffer.from("7bffffffffffffffff", "hex"),
  Buffer.from("9b00ffffffffffffff", "hex"),
  Buffer.from("bb7fffffffffffffff01", "hex"),
  Buffer.from("d28440a040", "hex"),
];
const bombs = { raw: deflateRawSync(BOMB), zlib: deflateSync(BOMB) };

/** Nonsense in wrappings that are right for their format, so that it gets as far inside as it can. */
function wellWrapped(random: Random): string {
  const content = random.chance(0.4) ? random.pick(CBOR) : noise(random, 400);
  const bomb = random.chance(0.1);
  switch (random.integer(0, 3)) {
    case 0:
      return `DS1:${encodeBase45(bomb ? bombs.raw : deflateRawSync(content))}`;
    case 1:
      return `HC1:${encodeBase45(bomb ? bombs.zlib : deflateSync(content))}`;
    case 2: {
      const header = Buffer.from('{"alg":"ES256","zip":"DEF","kid":"x"}').toString("base64url");
      const payload = bomb ? bombs.raw : deflateRawSync(content);
      const signature = noise(random, 64).toString("base64url");
      return `shc:/${inDigits(`${header}.${payload.toString("base64url")}.${signature}`)}`;
    }
    default:
      return `NZCP:/1/${inBase32(content)}`;
  }
}

/** As a SMART Health Card is written: each character as two digits, counted from "-". */
const inDigits = (text: string): string =>
  Array.from(text, (each) => String(each.charCodeAt(0) - 45).padStart(2, "0")).join("");

/** RFC 4648 §6, without padding. */
function inBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return groups.map((group) => digits[Number.parseInt(group.padEnd(5, "0"), 2)]).join("");
}

/** What a card reader sends (SDT framing), with a length and a checksum that are right and a content that is not. */
export function hostileFrame(random: Random): Buffer {
  const status = random.pick([
    [0x00, 0x00, 0x90],
    [0x00, 0x00, 0x9f],
    [random.integer(0, 255), random.integer(0, 255), random.integer(0, 255)],
  ]);
  // A card's answer begins with the lengths of its parts: of the text, and of the photograph.
  const lengths = random.pick([
    [0x01, 0x00, 0x04, 0x00],
    [0xff, 0xff, 0xff, 0xff],
    [0x00, 0x00, 0x00, 0x00],
  ]);
  const data = Buffer.concat([Buffer.from(lengths), noise(random, 1_400)]);
  const length = status.length + data.length + 1;
  const body = Buffer.from([length >> 8, length & 0xff, ...status, ...data]);
  const checksum = body.reduce((sum, byte) => sum ^ byte, 0);
  return Buffer.concat([Buffer.from("aaaaaa9669", "hex"), body, Buffer.from([checksum])]);
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
    kind: random.pick(DATA_SET_KINDS),
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
