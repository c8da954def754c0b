/** In which order trust sets were loaded decides nothing, whatever stands in them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrustStore, type TrustSet } from "../../../../src/credential/trust/trust.ts";
import { createCredentialVerifier } from "../../../../src/credential/verifier.ts";
import {
  CARD_ISSUER,
  cardJws,
  cardPayload,
  cardText,
  cardTrust,
} from "../formats/smart-health-card/samples.ts";
import { PERSON, VACCINATION, dccPayload, dccText, dccTrust } from "../formats/eu-dcc/samples.ts";
import { DISTRICT_KEY, instant, NOW } from "../passes.ts";
import { passKey } from "../formats/health-pass/samples.ts";

const HOUR_MS = 3_600_000;
const ended = { notAfterMs: NOW - 1 };
const notBegun = { notBeforeMs: NOW + HOUR_MS };
const other = { publicKey: passKey("ES256").publicKey };
const over = (set: TrustSet): TrustSet => ({ ...set, expiresAtMs: NOW - 1 });

const CARD_SETS: readonly TrustSet[] = [
  cardTrust(),
  cardTrust(""),
  cardTrust("https://other.example/cards"),
  over(cardTrust()),
  { asOfMs: NOW, keys: [], anchors: [] },
];
const DCC_SETS: readonly TrustSet[] = [
  dccTrust(),
  dccTrust(ended),
  dccTrust(notBegun),
  dccTrust(other),
  dccTrust({ keyUsages: ["1.3.6.1.4.1.1847.2021.1.1"] }),
  over(dccTrust()),
  { asOfMs: NOW, keys: [], anchors: [] },
];

async function verdictOf(text: string, sets: readonly TrustSet[]): Promise<string> {
  const trust = new TrustStore();
  for (const [index, set] of sets.entries()) trust.replace(`set ${index}`, set);
  const unitKey = new Uint8Array(32);
  const verifier = createCredentialVerifier({ trust, districtKey: DISTRICT_KEY, unitKey });
  const { isValid, reasons } = await verifier.code(Buffer.from(text), text, instant(NOW));
  return `${isValid} ${reasons.length}`;
}

const orders = (sets: readonly TrustSet[]) =>
  fc
    .subarray([...sets], { minLength: 1 })
    .chain((some) =>
      fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
    );

describe("the order of trust sets", () => {
  it("decides nothing about a health card, and the issuer's own set is enough", async () => {
    const text = cardText(await cardJws(cardPayload({ iss: CARD_ISSUER })));
    await fc.assert(
      fc.asyncProperty(orders(CARD_SETS), async ([sets, shuffled]) => {
        const verdict = await verdictOf(text, shuffled);
        expect(verdict).toBe(await verdictOf(text, sets));
        const [own, bare] = CARD_SETS;
        const isTrusted = sets.some((each) => each === own || each === bare);
        expect(verdict.startsWith("true")).toBe(isTrusted);
      }),
      { numRuns: 60 },
    );
  });

  it("decides nothing about an EU certificate, and one good key is enough", async () => {
    const text = dccText(dccPayload({ ...PERSON, v: [VACCINATION] }));
    await fc.assert(
      fc.asyncProperty(orders(DCC_SETS), async ([sets, shuffled]) => {
        const verdict = await verdictOf(text, shuffled);
        expect(verdict).toBe(await verdictOf(text, sets));
        expect(verdict.startsWith("true")).toBe(sets.some((each) => each === DCC_SETS[0]));
      }),
      { numRuns: 60 },
    );
  });
});
