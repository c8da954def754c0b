import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import {
  createCommandVerifier,
  type CommandVerifier,
} from "../../../src/uplink/command-verifier.ts";
import { audienceOf } from "../../../src/protocol/command.ts";
import { LONGEST_VALIDITY_MS } from "../../../src/protocol/command.ts";
import { COMMAND_TOKEN_TYPE } from "../../../src/protocol/command.ts";
import { KeyRing, signToken } from "../../../src/protocol/signed-token.ts";
import { START_MS } from "../../support/records.ts";

const operator = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ed25519");
const publicOf = (key: KeyObject): string => key.export({ format: "jwk" }).x ?? "";
const keys = new KeyRing({ "ops-1": publicOf(operator.publicKey) });

function memory(): {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
} {
  const values = new Map<string, string>();
  return {
    get: async (name) => values.get(name),
    set: async (name, value) => void values.set(name, value),
  };
}

const UNIT = { unitId: "door-1", district: "pudong" };

interface Rig {
  clock: VirtualClock;
  desk: CommandVerifier;
}

function rig(kept = memory()): Rig {
  const clock = new VirtualClock(START_MS);
  const desk = createCommandVerifier({
    ...UNIT,
    clock,
    keys,
    memory: kept,
  });
  return { clock, desk };
}

const seconds = START_MS / 1_000;
const claims = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  aud: audienceOf("pudong", "door-1"),
  jti: "c-1",
  nbf: seconds,
  exp: seconds + 10,
  cnt: 1,
  why: "delivery at the back door",
  cmd: { name: "release" },
  ...change,
});

const signed = (
  change: Record<string, unknown> = {},
  key: KeyObject = operator.privateKey,
  keyId = "ops-1",
  type = COMMAND_TOKEN_TYPE,
): Uint8Array => Buffer.from(signToken(claims(change), type, keyId, key));

const refusal = async (
  desk: CommandVerifier,
  bytes: Uint8Array,
  name = "release",
): Promise<string> => {
  const verdict = await desk.verify(name, bytes);
  return "refused" in verdict ? verdict.refused : "taken";
};

/** What a token's three parts say, whatever their spelling. */
const meaningOf = (token: Uint8Array): string =>
  Buffer.from(token)
    .toString("latin1")
    .split(".")
    .map((part) => Buffer.from(part, "base64url").toString("hex"))
    .join(".");

describe("a command", () => {
  it("that passes every check is handed on with who and why", async () => {
    expect(await rig().desk.verify("release", signed())).toEqual({
      commandId: "c-1",
      command: { name: "release" },
      authority: { by: "ops-1", why: "delivery at the back door" },
    });
  });

  it("for the whole district counts for each of its units", async () => {
    expect(await refusal(rig().desk, signed({ aud: audienceOf("pudong") }))).toBe("taken");
  });

  it.each([
    ["the last millisecond before it expires", 9_999, "taken"],
    ["the moment it expires", 10_000, "expired"],
  ])("%s: %s", async (_name, afterMs, verdict) => {
    const { clock, desk } = rig();
    await clock.run(afterMs);
    expect(await refusal(desk, signed())).toBe(verdict);
  });

  it.each([
    ["within the skew of two clocks", 5, "taken"],
    ["beyond it", 6, "not-yet-valid"],
  ])("dated ahead %s", async (_name, ahead, verdict) => {
    const bytes = signed({ nbf: seconds + ahead, exp: seconds + ahead + 10 });
    expect(await refusal(rig().desk, bytes)).toBe(verdict);
  });

  it.each([
    ["the longest validity", LONGEST_VALIDITY_MS / 1_000, "taken"],
    ["a second more", LONGEST_VALIDITY_MS / 1_000 + 1, "valid-too-long"],
  ])("valid for %s", async (_name, forSeconds, verdict) => {
    expect(await refusal(rig().desk, signed({ exp: seconds + forSeconds }))).toBe(verdict);
  });

  it.each([
    [
      "signed by a stranger under a known name",
      signed({}, stranger.privateKey),
      "signature-invalid",
    ],
    ["signed under an unknown name", signed({}, stranger.privateKey, "ops-9"), "key-unknown"],
    [
      "that is a manifest",
      signed({}, operator.privateKey, "ops-1", "sentinel-manifest+jwt"),
      "malformed",
    ],
    ["for another unit", signed({ aud: "pudong/door-2" }), "wrong-audience"],
    ["for another district", signed({ aud: "jingan/all" }), "wrong-audience"],
    ["that nobody gives a reason for", signed({ why: "" }), "malformed"],
    ["without a counter", signed({ cnt: undefined }), "malformed"],
    ["with counter 0", signed({ cnt: 0 }), "malformed"],
    ["without an end", signed({ exp: undefined }), "malformed"],
    ["that does not exist", signed({ cmd: { name: "unlock-forever" } }), "malformed"],
    [
      "on another command's topic",
      signed({ cmd: { name: "evacuate", active: true } }),
      "malformed",
    ],
    ["that is no token", Buffer.from('{"cmd":"release"}'), "malformed"],
    ["that is empty", new Uint8Array(), "malformed"],
  ])("%s does nothing", async (_name, bytes, verdict) => {
    expect(await refusal(rig().desk, bytes)).toBe(verdict);
  });

  it.each([
    ["names no algorithm", { alg: "none" }],
    ["names one that takes our public key for a secret", { alg: "HS256" }],
    ["names another curve's", { alg: "ES256" }],
    ["asks for what is not understood", { crit: ["b64"], b64: false }],
    ["brings a key of its own", { jwk: stranger.publicKey.export({ format: "jwk" }) }],
    ["is of a type that only looks the same", { typ: `${COMMAND_TOKEN_TYPE} ` }],
  ])("whose header %s does nothing", async (_name, change) => {
    const part = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const header = part({ alg: "EdDSA", kid: "ops-1", typ: COMMAND_TOKEN_TYPE, ...change });
    const text = Buffer.from(`${header}.${part(claims())}`);
    const { x = "" } = operator.publicKey.export({ format: "jwk" });
    const signatures = [
      sign(null, text, stranger.privateKey),
      createHmac("sha256", Buffer.from(x, "base64url")).update(text).digest(),
      // Also where the right key signed it: it would say something else than was understood.
      ...("jwk" in change ? [] : [sign(null, text, operator.privateKey)]),
    ];
    for (const signature of signatures) {
      const bytes = Buffer.from(`${text.toString()}.${signature.toString("base64url")}`);
      expect(await refusal(rig().desk, bytes)).not.toBe("taken");
    }
  });

  it.each([
    ["nested a hundred thousand deep", "[".repeat(100_000)],
    ["nested as deep as it may be long", "[".repeat(5_000)],
    ["with members of an object's own", '{"__proto__":{"alg":"EdDSA"},"kid":"ops-1"}'],
    ["that names its algorithm twice", `{"alg":"EdDSA","kid":"ops-1","alg":"none"}`],
    ["in another encoding", Buffer.from('{"alg":"EdDSA"}', "utf16le").toString("latin1")],
  ])("with a header %s does nothing", async (_name, header) => {
    const body = Buffer.from(JSON.stringify(claims())).toString("base64url");
    const bytes = Buffer.from(`${Buffer.from(header).toString("base64url")}.${body}.AA`);
    expect(await refusal(rig().desk, bytes)).toMatch(/^(malformed|too-large)$/);
  });

  it("that is refused is answered once: its copies fill no answers", async () => {
    const { clock, desk } = rig();
    await clock.run(10_000);
    const late = signed({ cnt: 7 });
    expect(await desk.verify("release", late)).toEqual({ refused: "expired", commandId: "c-1" });
    expect(await desk.verify("release", late)).toEqual({ refused: "expired" });
    expect(await desk.verify("release", signed({ cnt: 6 }))).toEqual({ refused: "expired" });
    const later = seconds + 10;
    const good = signed({ cnt: 8, nbf: later, exp: later + 10 });
    expect(await refusal(desk, good)).toBe("taken");
    await clock.run(10_000);
    expect(await desk.verify("release", good)).toEqual({ refused: "expired" });
  });

  it("with any one bit changed does nothing", async () => {
    const good = signed();
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const bad = Uint8Array.from(good);
        bad[at] = (bad[at] ?? 0) ^ (1 << bit);
        // The last character of a base64url text has bits that mean nothing.
        fc.pre(meaningOf(bad) !== meaningOf(good));
        expect(await refusal(rig().desk, bad)).not.toBe("taken");
      }),
    );
  });

  it("of random bytes does nothing, and never throws", async () => {
    const { desk } = rig();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(await refusal(desk, bytes)).not.toBe("taken");
      }),
    );
  });

  it("counts once, also when it comes twice at the same moment or after a restart", async () => {
    const kept = memory();
    const { desk } = rig(kept);
    const verdicts = await Promise.all([refusal(desk, signed()), refusal(desk, signed())]);
    expect(verdicts).toEqual(["taken", "replayed"]);
    expect(await refusal(rig(kept).desk, signed())).toBe("replayed");
    expect(await refusal(desk, signed({ jti: "c-2", cnt: 1 }))).toBe("replayed");
    expect(await refusal(desk, signed({ jti: "c-2", cnt: 2 }))).toBe("taken");
  });

  it.each([
    ["in the second the unit began in", 999, "taken"],
    ["before it", 1_000, "replayed"],
  ])(
    "signed %s, when the unit has no memory of its key: %s ms → %s",
    async (_name, olderMs, verdict) => {
      const clock = new VirtualClock(START_MS + olderMs);
      const desk = createCommandVerifier({ ...UNIT, clock, keys, memory: memory() });
      await clock.run(1_000);
      expect(await refusal(desk, signed())).toBe(verdict);
    },
  );

  it("does nothing while the clock cannot be believed, or the memory fails", async () => {
    const { clock, desk } = rig();
    clock.stepWall(0, false);
    expect(await refusal(desk, signed())).toBe("clock-untrusted");
    const failing = { get: () => Promise.reject(new Error("disk")), set: () => Promise.resolve() };
    expect(await refusal(rig(failing).desk, signed())).toBe("memory-failed");
  });

  it("does nothing on a unit without keys", async () => {
    const desk = createCommandVerifier({
      ...UNIT,
      clock: new VirtualClock(START_MS),
      keys: new KeyRing({}),
      memory: memory(),
    });
    expect(await refusal(desk, signed())).toBe("no-keys");
  });
});

describe("a key ring", () => {
  it("names the key that is none", () => {
    expect(() => new KeyRing({ "ops-2": "abc" })).toThrow(/"ops-2" must be 32 bytes/);
  });
});
