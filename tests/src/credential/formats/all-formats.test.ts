/** What holds for every signed format alike: spans of keys and sets, use, revocation, clocks, order. */
import { describe, expect, it } from "vitest";
import { revocationHash } from "../../../../src/credential/formats/eu-dcc/eu-dcc.ts";
import { issueHealthPass } from "../../../../src/credential/formats/health-pass/health-pass.ts";
import { trustOfIssuers } from "../../../../src/credential/formats/health-pass/issuer-key.ts";
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
import { seconds } from "../makers.ts";
import { sealTrust } from "./vds-nc/samples.ts";
import { sealText } from "./vds-nc/samples.ts";
import { SEAL_DATA } from "./vds-nc/samples.ts";
import { SEAL_NOW } from "./vds-nc/samples.ts";
import { nzTrust } from "./nz-covid-pass/samples.ts";
import { nzText } from "./nz-covid-pass/samples.ts";
import { nzPayload } from "./nz-covid-pass/samples.ts";
import { cardTrust } from "./smart-health-card/samples.ts";
import { cardText } from "./smart-health-card/samples.ts";
import { cardJws } from "./smart-health-card/samples.ts";
import { cardKeyId } from "./smart-health-card/samples.ts";
import { cardPayload } from "./smart-health-card/samples.ts";
import { dccTrust } from "./eu-dcc/samples.ts";
import { dccText } from "./eu-dcc/samples.ts";
import { dccPayload } from "./eu-dcc/samples.ts";
import { PERSON } from "./eu-dcc/samples.ts";
import { VACCINATION } from "./eu-dcc/samples.ts";
import { DISTRICT_KEY, instant, NOW } from "../passes.ts";
import { passContent } from "./health-pass/samples.ts";
import { passKey } from "./health-pass/samples.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RID = "rid1";

interface Format {
  name: string;
  now: number;
  trust: TrustSet;
  /** A good credential that was issued at that moment, and ends half an hour later where it can end. */
  text: (issuedAtMs: number) => string | Promise<string>;
  revoked: { namespace: string; number: string };
  /** Moments outside the signer's certificate, where it is the certificate's span that counts. */
  outside?: { before: number; after: number };
}

const FORMATS: readonly Format[] = [
  {
    name: "health pass",
    now: NOW,
    trust: trustOfIssuers([passKey("ES256")], NOW),
    text: (issuedAtMs) => issueHealthPass(passKey("ES256"), { ...passContent(), issuedAtMs }),
    revoked: { namespace: "health-pass", number: passContent().serial },
  },
  {
    name: "EU certificate",
    now: NOW,
    trust: dccTrust(),
    text: (issuedAtMs) => {
      const claims = { 6: seconds(issuedAtMs), 4: seconds(issuedAtMs + 30 * MINUTE) };
      return dccText(dccPayload({ ...PERSON, v: [VACCINATION] }, claims));
    },
    revoked: { namespace: "eu-dcc-uci", number: revocationHash(VACCINATION.ci) },
  },
  {
    name: "SMART Health Card",
    now: NOW,
    trust: cardTrust(),
    text: async (issuedAtMs) => {
      const payload = cardPayload({ nbf: issuedAtMs / 1000, exp: issuedAtMs / 1000 + 30 * 60 });
      (payload["vc"] as Record<string, unknown>)["rid"] = RID;
      return cardText(await cardJws(payload));
    },
    revoked: { namespace: "smart-health-card", number: `${cardKeyId} ${RID}` },
  },
  {
    name: "NZ COVID Pass",
    now: NOW,
    trust: nzTrust(),
    text: (issuedAtMs) =>
      nzText(nzPayload({ 5: seconds(issuedAtMs), 4: seconds(issuedAtMs + 30 * MINUTE) })),
    revoked: { namespace: "nz-covid-pass", number: "60".repeat(16) },
  },
  {
    name: "ICAO seal",
    now: SEAL_NOW,
    trust: sealTrust(),
    text: () => sealText(SEAL_DATA),
    revoked: { namespace: "vds-nc", number: SEAL_DATA.msg.uvci },
    outside: {
      before: Date.parse("2026-11-01T00:00:00Z"),
      after: Date.parse("2125-12-01T00:00:00Z"),
    },
  },
];

interface Given {
  sets?: readonly TrustSet[];
  at?: number;
  revocations?: readonly RevocationList[];
}

async function verify(format: Format, text: string, given: Given = {}) {
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
  return verifier.code(Buffer.from(text), text, instant(given.at ?? format.now));
}

const codes = async (format: Format, text: string, given?: Given) =>
  (await verify(format, text, given)).reasons.map(({ code }) => code);

const withKeys = (set: TrustSet, changes: Partial<TrustedKey>): TrustSet => ({
  ...set,
  keys: set.keys.map((key) => ({ ...key, ...changes })),
});

describe.each(FORMATS)("$name", (format) => {
  const { now, trust, outside } = format;
  const good = async () => format.text(now);

  it("holds, with its basis", async () => {
    expect(await verify(format, await good())).toMatchObject({
      holds: true,
      reasons: [],
      basis: "trust-list",
      basisAsOfMs: trust.asOfMs,
    });
  });

  it("does not hold by a key that has ended, nor by one that has not begun", async () => {
    const spans = [{ notAfterMs: now - 1 }, { notBeforeMs: now + 1 }];
    const cases: Given[] =
      outside === undefined
        ? spans.map((changes) => ({ sets: [withKeys(trust, changes)] }))
        : [{ at: outside.before }, { at: outside.after }];
    for (const given of cases) {
      expect(await codes(format, await good(), given)).toEqual(["issuer-expired"]);
    }
  });

  it("holds by a key in its only moment", async () => {
    const sets = [withKeys(trust, { notBeforeMs: now, notAfterMs: now })];
    expect(await codes(format, await good(), { sets })).toEqual([]);
  });

  it("does not hold by a set that has ended, and says nothing else against it", async () => {
    const text = await good();
    const ended = { ...trust, expiresAtMs: now - 1 };
    expect(await codes(format, text, { sets: [ended] })).toEqual(["issuer-expired"]);
    expect(await codes(format, text, { sets: [{ ...trust, expiresAtMs: now }] })).toEqual([]);
  });

  it("holds by the set that is in force, whichever comes first", async () => {
    const text = await good();
    const ended = { ...trust, expiresAtMs: now - 1 };
    expect(await codes(format, text, { sets: [ended, trust] })).toEqual([]);
    expect(await codes(format, text, { sets: [trust, ended] })).toEqual([]);
  });

  it("does not hold by a key for another use", async () => {
    const use = trust.keys[0]?.use === "eu-dcc" ? "nz-covid-pass" : "eu-dcc";
    const sets = [{ ...withKeys(trust, { use }), anchors: [] }];
    expect(await codes(format, await good(), { sets })).toEqual(["issuer-unknown"]);
  });

  it.each(["revoked", "superseded"] as const)("does not hold when %s", async (verdict) => {
    const { namespace, number } = format.revoked;
    const entries = new Map([[number, { verdict }]]);
    const revocations = [{ namespace, asOfMs: now - 5, entries }];
    const credential = await verify(format, await good(), { revocations });
    expect(credential).toMatchObject({ holds: false, basisAsOfMs: now - 5 });
    expect(credential.reasons.map(({ code }) => code)).toEqual([verdict]);
  });

  it("does not hold by a list, unless the list has ended", async () => {
    const { namespace, number } = format.revoked;
    const entries = new Map([[number, { verdict: "revoked" as const }]]);
    const list = { namespace, asOfMs: now - 5, entries };
    const ending = (expiresAtMs: number) => ({ revocations: [{ ...list, expiresAtMs }] });
    expect(await codes(format, await good(), ending(now))).toEqual(["revoked"]);
    const credential = await verify(format, await good(), ending(now - 1));
    // What has ended is no basis either.
    expect(credential).toMatchObject({ holds: true, basisAsOfMs: trust.asOfMs });
  });

  it("does not hold when truncated anywhere", async () => {
    const text = await good();
    for (const part of [0.2, 0.5, 0.8, 0.99]) {
      const credential = await verify(format, text.slice(0, Math.floor(text.length * part)));
      expect(credential).toMatchObject({ holds: false, evidence: [] });
      expect(credential.reasons).toHaveLength(1);
    }
  });
});

// A health card's own test data counts anything behind its digits as a fault.
describe.each(FORMATS.filter(({ name }) => name !== "SMART Health Card"))("$name", (format) => {
  it("holds with white space and a byte order mark around it, as the same showing", async () => {
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
      expect(shown).toMatchObject({ holds: true, reference });
    }
  });
});

// A seal has no date of its own: its signer's certificate is its span.
describe.each(FORMATS.filter(({ outside }) => outside === undefined))("$name", (format) => {
  const { now } = format;

  it("holds on a clock that is up to 5 minutes behind the issuer's", async () => {
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

describe("several sets that list one key", () => {
  const [, , cards] = FORMATS;
  if (cards === undefined) throw new Error("no format");
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

  it("hold by the list that one of them announces", async () => {
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
    const [, certificates] = FORMATS;
    if (certificates === undefined) throw new Error("no format");
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
