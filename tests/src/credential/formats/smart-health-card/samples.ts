/** Makes SMART Health Cards, to be broken at will. */
import { calculateJwkThumbprint, CompactSign } from "jose";
import { KEY, seconds } from "../../makers.ts";
import { NOW } from "../../constants.ts";
import { deflateRawSync } from "node:zlib";
import { readTrustFile } from "../../../../../src/credential/trust/trust-files.ts";
import type { TrustSet } from "../../../../../src/credential/trust/trust.ts";
import type { FormatSamples } from "../samples.ts";

export const CARD_ISSUER = "https://example.org/cards";
export function cardPayload(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: CARD_ISSUER,
    nbf: seconds(NOW) - 3_600.5,
    vc: {
      type: ["https://smarthealth.cards#health-card"],
      credentialSubject: { fhirVersion: "4.0.1", fhirBundle: BUNDLE },
    },
    ...changes,
  };
}
export const coded = (code: string) => ({ coding: [{ system: "s", code }] });
export const BUNDLE = {
  resourceType: "Bundle",
  type: "collection",
  entry: [
    {
      resource: {
        resourceType: "Patient",
        name: [{ family: "Anyperson", given: ["Jane"] }],
        birthDate: "1951-01-20",
      },
    },
    immunization("2026-01-29"),
    immunization("2026-01-01"),
    {
      resource: {
        resourceType: "Observation",
        status: "final",
        code: coded("94500-6"),
        effectiveDateTime: "2026-05-01T10:00:00Z",
        valueCodeableConcept: coded("260415000"),
      },
    },
  ],
};
export function immunization(occurrenceDateTime: string) {
  return {
    resource: {
      resourceType: "Immunization",
      status: "completed",
      vaccineCode: { coding: [{ system: "http://hl7.org/fhir/sid/cvx", code: "207" }] },
      occurrenceDateTime,
    },
  };
}
export const cardKeyId = await calculateJwkThumbprint(KEY.publicKey.export({ format: "jwk" }));
/** A JWS as an issuer makes it, signed by an independent library. */

export async function cardJws(
  payload: unknown,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new CompactSign(deflateRawSync(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "ES256", zip: "DEF", kid: cardKeyId, ...header })
    .sign(KEY.privateKey);
}
/** A JWS as the digits of a code. */

export function cardDigits(jws: string): string {
  return Array.from(jws, (character) => String(character.charCodeAt(0) - 45).padStart(2, "0")).join(
    "",
  );
}
export const cardText = (jws: string): string => `shc:/${cardDigits(jws)}`;
/** The issuer's key set, bare or with its issuer. */

export function cardTrust(issuer: string | undefined = CARD_ISSUER, extra = {}): TrustSet {
  const jwk = { ...KEY.publicKey.export({ format: "jwk" }), kid: cardKeyId, ...extra };
  const jwks = { keys: [jwk] };
  return readTrustFile(JSON.stringify(issuer === "" ? jwks : { iss: issuer, jwks }), NOW);
}

const RID = "rid1";
const HALF_HOUR_S = 1_800;

function payloadAt(issuedAtMs: number): Record<string, unknown> {
  const nbf = issuedAtMs / 1000;
  const { vc } = cardPayload();
  return cardPayload({ nbf, exp: nbf + HALF_HOUR_S, vc: { ...Object(vc), rid: RID } });
}

/** A card of that JSON text, which may be none. */
async function textOf(json: string): Promise<string> {
  const jws = await new CompactSign(deflateRawSync(json))
    .setProtectedHeader({ alg: "ES256", zip: "DEF", kid: cardKeyId })
    .sign(KEY.privateKey);
  return cardText(jws);
}

export const samples: FormatSamples = {
  recognised: ["shc:/5676290952432060346029243740", "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln"],
  wrongPrefix: ["shc:5676", "SHC:/5676"],
  signed: {
    now: NOW,
    trust: cardTrust(),
    text: async (issuedAtMs) => cardText(await cardJws(payloadAt(issuedAtMs))),
    revoked: { namespace: "smart-health-card", number: `${cardKeyId} ${RID}` },
    trailingByte: () => textOf(`${JSON.stringify(payloadAt(NOW))}x`),
    duplicatedField: {
      // RFC 7519 §4: claim names are unique, or the last one counts.
      text: () => textOf(JSON.stringify(payloadAt(NOW)).replace("{", '{"nbf":1,')),
      outcome: "last-counts",
    },
    allowsNothingBehind: true,
  },
};
