/** EU certificates whose issuer or identifier is not what a list or a rule expects. */
import { describe, expect, it } from "vitest";
import { revocationHash } from "../../../../../src/credential/formats/eu-dcc/eu-dcc.ts";
import type { RevocationList } from "../../../../../src/credential/trust/revocation.ts";
import { seconds } from "../../makers.ts";
import { PERSON, VACCINATION, dccPayload, dccText, dccTrust } from "./samples.ts";
import { instant, NOW, verifierOf } from "../../passes.ts";

const verify = (text: string, given: { revocations?: RevocationList[] } = {}) =>
  verifierOf({ trust: dccTrust(), ...given }).code(Buffer.from(text), text, instant(NOW));

const codes = async (text: string, given: { revocations?: RevocationList[] } = {}) =>
  (await verify(text, given)).reasons.map(({ code }) => code);

describe("what an issuer is called", () => {
  const textBy = (iss: unknown, changes: Record<string, unknown> = {}) =>
    dccText(dccPayload({ ...PERSON, v: [{ ...VACCINATION, ...changes }] }, { 1: iss }));
  const listed = (country: string): RevocationList[] => [
    {
      namespace: "eu-dcc-country-uci",
      asOfMs: NOW,
      entries: new Map([[revocationHash(country + VACCINATION.ci), { verdict: "revoked" }]]),
    },
  ];

  it.each(["AT", "at", "CNAM", "AT BMSGPK", "", " ", undefined, 7])(
    "never keeps a revoked certificate in force: %j",
    async (iss) => {
      expect(await codes(textBy(iss), { revocations: listed("AT") })).toEqual(["revoked"]);
      expect(await codes(textBy(iss), { revocations: listed("FR") })).toEqual([]);
    },
  );

  it("is asked for beside the country of the entry", async () => {
    expect(await codes(textBy("FR"), { revocations: listed("FR") })).toEqual(["revoked"]);
    expect(await codes(textBy("FR"), { revocations: listed("AT") })).toEqual(["revoked"]);
  });

  it("and a blank behind the identifier never keep one in force either", async () => {
    const text = textBy("CNAM", { ci: `${VACCINATION.ci} `, co: "AT " });
    const asWritten = (ci: string): RevocationList[] => [
      {
        namespace: "eu-dcc-uci",
        asOfMs: NOW,
        entries: new Map([[revocationHash(ci), { verdict: "revoked" }]]),
      },
    ];
    for (const ci of [VACCINATION.ci, `${VACCINATION.ci} `]) {
      expect(await codes(text, { revocations: asWritten(ci) })).toEqual(["revoked"]);
    }
    expect(await codes(text, { revocations: listed("AT") })).toEqual(["revoked"]);
  });

  it("is cut where it is long", async () => {
    expect((await verify(textBy("x".repeat(5000)))).issuer).toHaveLength(80);
  });
});

describe("the reference of a showing", () => {
  const referenceOf = async (content: object, claims: Record<number, unknown> = {}) =>
    (await verify(dccText(dccPayload(content, claims)))).reference;
  const another = { ...PERSON, nam: { fnt: "ANOTHER", gnt: "PERSON" } };

  it.each(["", " ", VACCINATION.ci, "not applicable"])(
    "is another for another holder, though both carry the identifier %j",
    async (ci) => {
      const v = [{ ...VACCINATION, ci }];
      expect(await referenceOf({ ...PERSON, v })).toBe(await referenceOf({ ...PERSON, v }));
      expect(await referenceOf({ ...PERSON, v })).not.toBe(await referenceOf({ ...another, v }));
    },
  );

  it("stays the same when a certificate is issued again", async () => {
    const content = { ...PERSON, v: [VACCINATION] };
    const again = { 6: seconds(NOW) - 60 };
    expect(await referenceOf(content, again)).toBe(await referenceOf(content));
  });
});
