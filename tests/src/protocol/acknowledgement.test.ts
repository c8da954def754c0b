import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ACKNOWLEDGEMENT_TOKEN_TYPE,
  acknowledgementText,
  readAcknowledgement,
  type Acknowledgement,
  type AcknowledgementKey,
} from "../../../src/protocol/acknowledgement.ts";
import { COMMAND_TOKEN_TYPE } from "../../../src/protocol/command.ts";
import { KeyRing, signToken } from "../../../src/protocol/signed-token.ts";

const WHOSE = { district: "pudong", unitId: "door-1" };
const WORD: Acknowledgement = {
  epoch: "00ff",
  through: 7,
  ranges: [
    [9, 9],
    [12, 40],
  ],
};

function makeKey(id: string): AcknowledgementKey & { publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { id, secret: privateKey, publicKey: String(publicKey.export({ format: "jwk" }).x) };
}

const ours = makeKey("collector-1");
const next = makeKey("collector-2");
const stranger = { ...makeKey("stranger"), id: ours.id };
const ring = new KeyRing({ [ours.id]: ours.publicKey, [next.id]: next.publicKey });
const read = (text: string, keys?: KeyRing): ReturnType<typeof readAcknowledgement> =>
  readAcknowledgement(Buffer.from(text), WHOSE, keys);
const signed = acknowledgementText(WORD, WHOSE, ours);
const claims = { aud: "pudong/door-1", ...WORD };

describe("a collector's word", () => {
  it.each([
    ["plain, to a unit that asks for nothing more", acknowledgementText(WORD, WHOSE), undefined],
    ["signed, to a unit that does not ask for it yet", signed, undefined],
    ["signed with a key the unit knows", signed, ring],
    ["signed with the next key while both are known", acknowledgementText(WORD, WHOSE, next), ring],
  ])("counts when it is %s", (_what, text, keys) => {
    expect(read(text, keys)).toEqual(WORD);
  });

  it.each([
    ["it is not signed", acknowledgementText(WORD, WHOSE), "unsigned"],
    [
      "somebody else signed it under the key's name",
      acknowledgementText(WORD, WHOSE, stranger),
      "signature-invalid",
    ],
    [
      "its key is not known",
      acknowledgementText(WORD, WHOSE, { ...ours, id: "collector-0" }),
      "key-unknown",
    ],
    [
      "it was said to another unit",
      acknowledgementText(WORD, { ...WHOSE, unitId: "door-2" }, ours),
      "wrong-audience",
    ],
    [
      "it was said to a unit of another district",
      acknowledgementText(WORD, { ...WHOSE, district: "fengxian" }, ours),
      "wrong-audience",
    ],
    [
      "it was signed as a command",
      signToken(claims, COMMAND_TOKEN_TYPE, ours.id, ours.secret),
      "malformed",
    ],
    ["one character of it was changed", `${signed.slice(0, -8)}AAAAAAAA`, "signature-invalid"],
    ["it is cut short", signed.slice(0, signed.lastIndexOf(".")), "malformed"],
    ["it is empty", "", "malformed"],
  ])("counts for nothing where it must be signed and %s", (_what, text, error) => {
    expect(read(text, ring)).toEqual({ error });
  });

  it("counts for nothing while the unit's keys could not be read", () => {
    expect(read(signed, new KeyRing({}))).toEqual({ error: "no-keys" });
  });

  it.each([
    ["no text", ""],
    ["no object", "[1]"],
    ["a token without a body", "a.b.c"],
    ["no epoch", '{"through":1,"ranges":[]}'],
    ["a number below none", '{"epoch":"e","through":-1,"ranges":[]}'],
    ["half a record", '{"epoch":"e","through":1.5,"ranges":[]}'],
    ["no ranges", '{"epoch":"e","through":1}'],
    ["half a range", '{"epoch":"e","through":1,"ranges":[[3]]}'],
    ["a range from nothing", '{"epoch":"e","through":1,"ranges":[[0,3]]}'],
    ["a range that ends before it begins", '{"epoch":"e","through":1,"ranges":[[4,3]]}'],
    [
      "more ranges than anybody tells",
      JSON.stringify({
        epoch: "e",
        through: 0,
        ranges: Array.from({ length: 1_001 }, () => [2, 3]),
      }),
    ],
  ])("is malformed with %s, signed or not", (_what, text) => {
    expect(read(text)).toEqual({ error: "malformed" });
    const body = text.startsWith("{") ? (JSON.parse(text) as object) : { text };
    const token = signToken(
      { aud: "pudong/door-1", ...body },
      ACKNOWLEDGEMENT_TOKEN_TYPE,
      ours.id,
      ours.secret,
    );
    expect(read(token, ring)).toEqual({ error: "malformed" });
  });
});
