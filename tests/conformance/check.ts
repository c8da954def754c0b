/** Runs every published vector and rule test through the verifier that stands at the door. */
import type { Credential } from "../../src/core/evidence/evidence.ts";
import type { ReasonCode } from "../../src/core/reason.ts";
import { parseRule, runRule } from "../../src/credential/formats/eu-dcc/business-rules.ts";
import { parseCertificate } from "../../src/credential/formats/eu-dcc/eu-dcc-schema.ts";
import { timeOf } from "../../src/base/dates.ts";
import { readRevocationFile } from "../../src/credential/trust/revocation-files.ts";
import { RevocationStore } from "../../src/credential/trust/revocation.ts";
import { readTrustFile } from "../../src/credential/trust/trust-files.ts";
import { TrustStore } from "../../src/credential/trust/trust.ts";
import { createCredentialVerifier } from "../../src/credential/verifier.ts";
import { asMaps } from "../src/credential/makers.ts";
import { readManifest, readRuleTests, type Manifest, type Vector } from "./corpora.ts";
import { EXCEPTIONS } from "./exceptions.ts";

/** How one vector or test came out. */
export interface Outcome {
  kind: string;
  id: string;
  /** What was expected and did not come; empty when it is as expected. */
  deviations: string[];
  /** Why a deviation is right; absent where there is none. */
  exception?: string;
}

/** Everything, in a fixed order. */
export async function checkAll(folder: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const kind of ["eu-dcc", "shc", "nzcp", "vds-nc"]) {
    const manifest = readManifest(folder, kind);
    for (const vector of manifest.vectors) {
      const credential = await verify(kind, vector, manifest);
      outcomes.push(outcome(kind, vector.id, deviations(kind, vector, credential)));
    }
  }
  for (const test of readRuleTests(folder)) {
    const rule = parseRule(test.rule);
    const input = { payload: asShown(test.payload), external: test.external };
    const result = rule === undefined ? "unreadable" : runRule(rule, input);
    const wrong = result === test.expected ? [] : [`${test.expected} expected, ${result} came`];
    outcomes.push(outcome("rules", test.id, wrong));
  }
  return outcomes;
}

/** A payload as the door hands it to a rule: out of a certificate's claims. */
function asShown(payload: unknown): unknown {
  return parseCertificate(new Map([[-260, new Map([[1, asMaps(payload)]])]]))?.payload;
}

function outcome(kind: string, id: string, found: string[]): Outcome {
  const exception = EXCEPTIONS[`${kind} ${id}`];
  return { kind, id, deviations: found, ...(exception === undefined ? {} : { exception }) };
}

async function verify(kind: string, vector: Vector, manifest: Manifest): Promise<Credential> {
  const trust = new TrustStore();
  const file = trustFile(kind, vector, manifest);
  if (file !== undefined) trust.replace("vector", readTrustFile(file, 0));
  const revocation = new RevocationStore();
  if (kind === "shc" && manifest.crl !== undefined) {
    const bytes = Buffer.from(JSON.stringify(manifest.crl));
    revocation.replace("vector", readRevocationFile(bytes, 0));
  }
  const key = new Uint8Array(32);
  const verifier = createCredentialVerifier({ trust, revocation, districtKey: key, unitKey: key });
  const wallMs = timeOf(clockOf(kind, vector));
  const texts = [vector.raw ?? vector.jws ?? ""].flat();
  let credential: Credential | undefined;
  for (const text of texts) {
    const at = { monotonicMs: 0, wallMs, wallTrusted: true };
    credential = await verifier.code(Buffer.from(text, "utf8"), text, at);
  }
  if (credential === undefined) throw new Error(`${kind} ${vector.id} has no text`);
  return credential;
}

function trustFile(kind: string, vector: Vector, manifest: Manifest): string | undefined {
  switch (kind) {
    case "eu-dcc":
      return vector.certificate_b64 == null ? undefined : pem(vector.certificate_b64);
    case "vds-nc":
      return pem(manifest.csca_b64 ?? "");
    case "shc":
      return JSON.stringify(vector.keys === "jwks" ? manifest.jwks : vector.keys);
    default:
      return JSON.stringify(vector.keys);
  }
}

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/** The publishers' clocks: the health card tools fix theirs, the examples of the standard came later. */
function clockOf(kind: string, vector: Vector): string {
  if (vector.clock !== undefined) return vector.clock;
  if (kind === "shc" && !vector.id.startsWith("example-")) return "2022-05-31";
  return kind === "shc" ? "2023-07-01" : "2022-01-01";
}

/** Which flag a reason of ours speaks to, from the first layer of a code to the last. */
const LAYERS = ["prefix", "base45", "compression"];

const EXPIRY: readonly ReasonCode[] = ["expired", "not-yet-valid", "issuer-expired"];

/** The publisher's flags as our reasons state them. */
function flagsOf(credential: Credential): Record<string, boolean> {
  const codes = new Set(credential.reasons.map(({ code }) => code));
  const damaged = credential.reasons.find(({ code }) => code === "malformed");
  // A damaged layer hides all behind it: what was not reached did not pass.
  const layer =
    damaged === undefined ? Infinity : LAYERS.indexOf(String(damaged.params?.["layer"]));
  const reached = layer < 0 ? LAYERS.length : layer;
  const decoded = damaged === undefined;
  const signed = !codes.has("issuer-unknown") && !codes.has("signature-invalid");
  return {
    EXPECTEDUNPREFIX: credential.kind !== "unknown" && reached > 0,
    EXPECTEDB45DECODE: reached > 1,
    EXPECTEDCOMPRESSION: reached > 2,
    EXPECTEDDECODE: decoded,
    EXPECTEDVERIFY: decoded && signed,
    EXPECTEDSCHEMAVALIDATION: decoded && !codes.has("schema-violation"),
    // Where no signer is known, nothing was found against its key usage either.
    EXPECTEDKEYUSAGE: decoded && !codes.has("issuer-not-allowed"),
    EXPECTEDEXPIRATIONCHECK: decoded && !EXPIRY.some((code) => codes.has(code)),
  };
}

function deviations(kind: string, vector: Vector, credential: Credential): string[] {
  const found: string[] = [];
  if (kind === "eu-dcc") {
    for (const [flag, came] of Object.entries(flagsOf(credential))) {
      const wanted = vector.expected?.[flag];
      if (wanted !== undefined && wanted !== came)
        found.push(`${flag} ${wanted} expected, ${came} came`);
    }
  }
  const wanted = overall(vector);
  const came = credential.isValid ? "valid" : "invalid";
  if (wanted !== undefined && wanted !== came) {
    const why = credential.reasons.map(({ code }) => code).join(", ");
    found.push(`${wanted} expected, ${came} came${why === "" ? "" : ` (${why})`}`);
  }
  return found;
}

/** What the vector says as a whole; the seals without a publisher's word are for our own judgement. */
const OWN_JUDGEMENT: Readonly<Record<string, string>> = {
  // Its authority is a made-up one ("Friesland") that nobody published.
  "dotnet-0-UTO": "invalid",
  // Signed by the same Australian authority as the publisher's own example.
  "dotnet-1-AUS": "valid",
};

function overall({ id, expected_overall }: Vector): string | undefined {
  if (expected_overall === "valid" || expected_overall === "invalid") return expected_overall;
  return OWN_JUDGEMENT[id];
}
