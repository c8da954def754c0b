/** Headers that a message insists on: what is not understood makes it invalid (RFC 7515, RFC 9052). */
import { sign } from "node:crypto";
import { deflateRawSync, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeBase45 } from "../../../src/credential/codecs/base45.ts";
import { encodeCbor } from "../../../src/credential/codecs/cbor.ts";
import { KEY } from "./makers.ts";
import {
  cardKeyId,
  cardPayload,
  cardText,
  cardTrust,
} from "./formats/smart-health-card/samples.ts";
import { PERSON, VACCINATION, dccPayload, dccTrust } from "./formats/eu-dcc/samples.ts";
import { instant, NOW, verifierOf } from "./passes.ts";

const KEY_ID = Buffer.from("0102030405060708", "hex");

async function reasonsOf(text: string, trust = dccTrust()) {
  return (await verifierOf({ trust }).code(Buffer.from(text), text, instant(NOW))).reasons;
}

/** An EU certificate with more in its headers; the signature covers the protected one. */
function certificate(more: [unknown, unknown][], unprotected = new Map<unknown, unknown>()) {
  const header = encodeCbor(new Map<unknown, unknown>([[1, -7], [4, KEY_ID], ...more]));
  const payload = dccPayload({ ...PERSON, v: [VACCINATION] });
  const data = encodeCbor(["Signature1", header, new Uint8Array(0), payload]);
  const signature = sign("sha256", data, { key: KEY.privateKey, dsaEncoding: "ieee-p1363" });
  const message = encodeCbor([header, unprotected, payload, new Uint8Array(signature)]);
  return `HC1:${encodeBase45(deflateSync(message))}`;
}

describe("COSE", () => {
  it.each<[string, [unknown, unknown][]]>([
    ["nothing", []],
    ["its algorithm and its key id", [[2, [1, 4]]]],
    [
      "its content type",
      [
        [3, 0],
        [2, [3]],
      ],
    ],
    ["nothing, beside a header that is not known", [["x", 1]]],
  ])("that insists on %s holds", async (_name, more) => {
    expect(await reasonsOf(certificate(more))).toEqual([]);
  });

  it.each<[string, [unknown, unknown][]]>([
    [
      "a header that is not known",
      [
        ["x", 1],
        [2, ["x"]],
      ],
    ],
    [
      "a number that is not known",
      [
        [99, 1],
        [2, [1, 99]],
      ],
    ],
    ["a header that is not there", [[2, [3]]]],
    ["an empty list", [[2, []]]],
    ["something that is no list", [[2, 1]]],
  ])("that insists on %s is malformed", async (_name, more) => {
    expect(await reasonsOf(certificate(more))).toEqual([
      { code: "malformed", params: { layer: "cose" } },
    ]);
  });

  it("that insists outside what is signed is malformed", async () => {
    expect(await reasonsOf(certificate([], new Map([[2, [1]]])))).toMatchObject([
      { code: "malformed" },
    ]);
  });
});

describe("JOSE", () => {
  const card = (more: Record<string, unknown>) => {
    const header = { alg: "ES256", zip: "DEF", kid: cardKeyId, ...more };
    const parts = [
      Buffer.from(JSON.stringify(header)),
      deflateRawSync(JSON.stringify(cardPayload())),
    ].map((part) => part.toString("base64url"));
    const data = Buffer.from(parts.join("."));
    const signature = sign("sha256", data, { key: KEY.privateKey, dsaEncoding: "ieee-p1363" });
    return cardText([...parts, signature.toString("base64url")].join("."));
  };

  it("with a header that is not known, and not insisted on, holds", async () => {
    expect(await reasonsOf(card({ exp2: 1 }), cardTrust())).toEqual([]);
  });

  it.each([
    { crit: ["exp2"], exp2: 1 },
    { crit: [] },
    { crit: ["b64"], b64: false },
    { crit: "exp2" },
    { crit: null },
  ])("%j is malformed", async (more) => {
    expect(await reasonsOf(card(more), cardTrust())).toEqual([
      { code: "malformed", params: { layer: "jws", detail: "crit" } },
    ]);
  });
});
