/**
 * What holds for every signed format alike: keys, sets, use, revocation, damage and clocks. A format
 * takes part by its `samples.ts`; one that is signed and has none fails here.
 */
import { describe, expect, it } from "vitest";
import { optional } from "../../../../src/base/optional.ts";
import {
  RevocationStore,
  type RevocationList,
} from "../../../../src/credential/trust/revocation.ts";
import {
  TrustStore,
  type TrustedKey,
  type TrustSet,
} from "../../../../src/credential/trust/trust.ts";
import { createCredentialVerifier } from "../../../../src/credential/verifier.ts";
import { DISTRICT_KEY, NOW } from "../constants.ts";
import { instant } from "../passes.ts";
import { dccTrust } from "./eu-dcc/samples.ts";
import { SIGNED, type SignedSamples } from "./samples.ts";
import { cardKeyId, cardTrust } from "./smart-health-card/samples.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Given {
  sets?: readonly TrustSet[];
  at?: number;
  isClockTrusted?: boolean;
  revocations?: readonly RevocationList[];
}

async function verify(format: SignedSamples, text: string, given: Given = {}) {
  const trust = new TrustStore();
  (given.sets ?? [format.trust]).forEach((set, index) => trust.replace(`set ${index}`, set));
  const revocation = new RevocationStore();
  revocation.replace("lists", given.revocations ?? []);
  const verifier = createCredentialVerifier({
    trust,
    revocation,
    districtKey: DISTRICT_KEY,
    unitKey: new Uint8Array(32),
  });
  const at = { ...instant(given.at ?? format.now), wallTrusted: given.isClockTrusted ?? true };
  return verifier.code(Buffer.from(text), text, at);
}

const codes = async (format: SignedSamples, text: string, given?: Given) =>
  (await verify(format, text, given)).reasons.map(({ code }) => code);

const withKeys = (set: TrustSet, changes: Partial<TrustedKey>): TrustSet => ({
  ...set,
  keys: set.keys.map((key) => ({ ...key, ...changes })),
});

/** Where keys are trusted, a key that has ended, and one that has not begun; else moments like that. */
function outsideSpan({ now, trust, outside }: SignedSamples): Given[] {
  if (outside !== undefined) return [{ at: outside.before }, { at: outside.after }];
  const spans = [{ notAfterMs: now - 1 }, { notBeforeMs: now + 1 }];
  return spans.map((changes) => ({ sets: [withKeys(trust, changes)] }));
}

describe.each(SIGNED)("$name", (format) => {
  const { now, trust, revoked } = format;
  const good = async () => format.text(now);

  it("is valid, with its basis", async () => {
    expect(await verify(format, await good())).toMatchObject({
      isValid: true,
      reasons: [],
      basis: "trust-list",
      basisAsOfMs: trust.asOfMs,
    });
  });

  it("is not valid by a key that has expired, nor by one that is not yet valid", async () => {
    for (const given of outsideSpan(format)) {
      expect(await codes(format, await good(), given)).toEqual(["issuer-expired"]);
    }
  });

  it("is valid by a key in its only moment", async () => {
    const sets = [withKeys(trust, { notBeforeMs: now, notAfterMs: now })];
    expect(await codes(format, await good(), { sets })).toEqual([]);
  });

  it("is not valid by a trust set that has expired, and for no other reason", async () => {
    const text = await good();
    const ended = { ...trust, expiresAtMs: now - 1 };
    expect(await codes(format, text, { sets: [ended] })).toEqual(["issuer-expired"]);
    expect(await codes(format, text, { sets: [{ ...trust, expiresAtMs: now }] })).toEqual([]);
  });

  it("is valid by the active set, whichever comes first", async () => {
    const text = await good();
    const ended = { ...trust, expiresAtMs: now - 1 };
    expect(await codes(format, text, { sets: [ended, trust] })).toEqual([]);
    expect(await codes(format, text, { sets: [trust, ended] })).toEqual([]);
  });

  it("is not valid by a key for another use", async () => {
    const use = trust.keys[0]?.use === "eu-dcc" ? "nz-covid-pass" : "eu-dcc";
    const sets = [{ ...withKeys(trust, { use }), anchors: [] }];
    expect(await codes(format, await good(), { sets })).toEqual(["issuer-unknown"]);
  });

  it.each(["revoked", "superseded"] as const)("is not valid when %s", async (verdict) => {
    const { namespace, number } = revoked;
    const entries = new Map([[number, { verdict }]]);
    const revocations = [{ namespace, asOfMs: now - 5, entries }];
    const credential = await verify(format, await good(), { revocations });
    expect(credential).toMatchObject({ isValid: false, basisAsOfMs: now - 5 });
    expect(credential.reasons.map(({ code }) => code)).toEqual([verdict]);
  });

  it("is not valid by a revocation list, unless the list has expired", async () => {
    const { namespace, number } = revoked;
    const entries = new Map([[number, { verdict: "revoked" as const }]]);
    const list = { namespace, asOfMs: now - 5, entries };
    const ending = (expiresAtMs: number) => ({ revocations: [{ ...list, expiresAtMs }] });
    expect(await codes(format, await good(), ending(now))).toEqual(["revoked"]);
    const credential = await verify(format, await good(), ending(now - 1));
    // What has ended is no basis either.
    expect(credential).toMatchObject({ isValid: true, basisAsOfMs: trust.asOfMs });
  });

  it("is not valid when truncated anywhere", async () => {
    const text = await good();
    for (const part of [0.2, 0.5, 0.8, 0.99]) {
      const credential = await verify(format, text.slice(0, Math.floor(text.length * part)));
      expect(credential).toMatchObject({ isValid: false, evidence: [] });
      expect(credential.reasons).toHaveLength(1);
    }
  });

  it("is revoked by a list that has expired, while the clock is not trusted", async () => {
    const { namespace, number } = revoked;
    const entries = new Map([[number, { verdict: "revoked" as const }]]);
    const revocations = [{ namespace, asOfMs: now - 5, entries, expiresAtMs: now - 1 }];
    const given = { revocations, isClockTrusted: false };
    expect(await codes(format, await good(), given)).toEqual(["revoked"]);
  });

  it("names a time that has passed also while the clock is not trusted", async () => {
    for (const given of outsideSpan(format)) {
      const untrusted = { ...given, isClockTrusted: false };
      expect(await codes(format, await good(), untrusted)).toEqual(["issuer-expired"]);
    }
  });

  it("is not valid where nobody is trusted to have signed it, and is evidence of nothing", async () => {
    const credential = await verify(format, await good(), { sets: [] });
    expect(credential).toMatchObject({ isValid: false, evidence: [] });
    expect(credential.reasons.map(({ code }) => code)).toEqual(["issuer-unknown"]);
    expect(credential).not.toHaveProperty("basis");
  });

  it("is not valid with a byte behind what was signed", async () => {
    const credential = await verify(format, await format.trailingByte());
    expect(credential).toMatchObject({ isValid: false, evidence: [] });
    expect(credential.reasons).toHaveLength(1);
  });

  it("is refused with a field twice, or is what the last one makes it", async () => {
    const credential = await verify(format, await format.duplicatedField.text());
    const { issuedAtMs, evidence } = await verify(format, await good());
    const refused = { isValid: false, evidence: [] };
    const same = { isValid: true, evidence, ...optional({ issuedAtMs }) };
    expect(credential).toMatchObject(format.duplicatedField.outcome === "refused" ? refused : same);
    expect(credential.reasons).toHaveLength(format.duplicatedField.outcome === "refused" ? 1 : 0);
  });
});

// A health card's own test data counts anything behind its digits as an error.
describe.each(SIGNED.filter(({ allowsNothingBehind }) => allowsNothingBehind !== true))(
  "$name",
  (format) => {
    it("is valid with white space and a byte order mark around it, as the same presentation", async () => {
      const text = await format.text(format.now);
      const { reference } = await verify(format, text);
      for (const [before, behind] of [
        ["", " "],
        ["", "  "],
        ["", "   "],
        ["", "\t"],
        ["", "\u00a0"],
        ["", "\r\n"],
        ["", " \n "],
        [" ", ""],
        ["\uFEFF\n", "\n"],
      ]) {
        const shown = await verify(format, `${before}${text}${behind}`);
        expect(shown).toMatchObject({ isValid: true, reference });
      }
    });
  },
);

// A seal has no date of its own: its signer's certificate is its span.
describe.each(SIGNED.filter(({ outside }) => outside === undefined))("$name", (format) => {
  const { now } = format;

  it("is valid on a clock that is up to 5 minutes behind the issuer's", async () => {
    expect(await codes(format, await format.text(now + 5 * MINUTE))).toEqual([]);
    const ahead = await format.text(now + 5 * MINUTE + 1000);
    expect(await codes(format, ahead)).toEqual(["not-yet-valid"]);
  });

  it("ends on a clock that is ahead, without a margin", async () => {
    expect(await codes(format, await format.text(now - 30 * MINUTE + 1000))).toEqual([]);
    const over = await codes(format, await format.text(now - HOUR));
    expect(over.at(-1)).toBe("expired");
  });
});

function signed(name: string): SignedSamples {
  const found = SIGNED.find((format) => format.name === name);
  if (found === undefined) throw new Error(`there is no signed format ${name}`);
  return found;
}

describe("several sets that list one key", () => {
  const cards = signed("smart-health-card");
  const own = cardTrust();
  const other = cardTrust("https://other.example/cards");
  const bare = cardTrust("");
  const announcing = cardTrust(undefined, { crlVersion: 2 });
  const ended = { ...own, expiresAtMs: NOW - 1 };
  const listOf = (counter: number): RevocationList[] => [
    { namespace: "smart-health-card", asOfMs: NOW, entries: new Map(), keyId: cardKeyId, counter },
  ];

  it.each<[string, TrustSet[], string[]]>([
    ["another issuer's and its own", [other, own], []],
    ["another issuer's and a bare one", [other, bare], []],
    ["another issuer's, its own that has ended, and a bare one", [other, ended, bare], []],
    ["another issuer's alone", [other], ["issuer-not-allowed"]],
    ["its own that has ended, alone", [ended], ["issuer-expired"]],
    [
      "another issuer's that has ended",
      [{ ...other, expiresAtMs: NOW - 1 }],
      ["issuer-expired", "issuer-not-allowed"],
    ],
    ["another issuer's and its own with a list", [other, announcing], ["trust-list-too-old"]],
    ["a bare one and its own with a list", [bare, announcing], ["trust-list-too-old"]],
  ])("%s, in every order", async (_name, sets, expected) => {
    const text = await cards.text(NOW);
    for (const order of [sets, [...sets].reverse()]) {
      expect((await codes(cards, text, { sets: order })).sort()).toEqual([...expected].sort());
    }
  });

  it("are valid by the list that one of them announces", async () => {
    const text = await cards.text(NOW);
    for (const sets of [
      [other, announcing],
      [announcing, bare],
    ]) {
      expect(await codes(cards, text, { sets, revocations: listOf(2) })).toEqual([]);
      expect(await codes(cards, text, { sets, revocations: listOf(1) })).toEqual([
        "trust-list-too-old",
      ]);
    }
  });

  it("may each allow another kind of EU entry", async () => {
    const certificates = signed("eu-dcc");
    const text = await certificates.text(NOW);
    const tests = dccTrust({ keyUsages: ["1.3.6.1.4.1.1847.2021.1.1"] });
    const vaccinations = dccTrust({ keyUsages: ["1.3.6.1.4.1.1847.2021.1.2"] });
    for (const sets of [
      [tests, vaccinations],
      [vaccinations, tests],
    ]) {
      expect(await codes(certificates, text, { sets })).toEqual([]);
    }
    expect(await codes(certificates, text, { sets: [tests] })).toEqual(["issuer-not-allowed"]);
  });
});
