/**
 * The health pass, `DS1:`: a CWT in COSE_Sign1, deflated, in base45. docs/health-pass.md describes it
 * byte for byte; the names of its fields are there.
 */
import { deflateRawSync } from "node:zlib";
import { z } from "zod";
import type { CodeColour, Evidence, TestResult } from "../core/evidence.ts";
import type { Reason } from "../core/reason.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../core/time.ts";
import { decodeBase45, encodeBase45 } from "./base45.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import { parseSign1, signSign1, verifySign1 } from "./cose.ts";
import { cleanName } from "./identity.ts";
import { inflate } from "./inflate.ts";
import type { IssuerKey } from "./issuer-key.ts";
import { LAST_SECOND } from "./moments.ts";
import { malformed, reason, refused, type Verified, type VerifyContext } from "./outcome.ts";
import { basisOf, revocationProblems, signerOf, timeProblems } from "./signed.ts";
import type { FoundKey } from "./trust.ts";

export { createIssuerKey, trustOfIssuers, type IssuerKey } from "./issuer-key.ts";

export const HEALTH_PASS_PREFIX = "DS1:";

/** How long a pass lives unless its issuer says less: a live code on a phone, and a paper one. */
export const LIVE_LIFETIME_MS = 30 * MINUTE_MS;
export const PAPER_LIFETIME_MS = 180 * DAY_MS;

const COLOURS: readonly CodeColour[] = ["green", "yellow", "red"];
const RESULTS: readonly TestResult[] = ["negative", "positive", "pending"];
const FORMS = ["live", "paper"] as const;

// CWT claims (RFC 8392 §4); the private one holds what a pass says.
const CLAIM_EXPIRES = 4;
const CLAIM_ISSUED = 6;
const CLAIM_SERIAL = 7;
const CLAIM_CONTENT = -65537;

// Fields of the content.
const FORM = 0;
const HOLDER = 1;
const COLOUR = 2;
const NUCLEIC_ACID_TEST = 3;
const ANTIGEN_TEST = 4;
const VACCINATION = 5;
const MASKED_NAME = 6;

/** What a pass says. Times are epoch ms and kept to the second. */
export interface HealthPass {
  /** A live code on a phone, or paper that counts only beside the ID card. */
  form: (typeof FORMS)[number];
  /** 16 hexadecimal digits, never given twice: what revocation names. */
  serial: string;
  issuedAtMs: number;
  validUntilMs: number;
  holder: {
    /** HMAC-SHA-256 of the ID number under the district's key, base64url (43 characters). */
    pseudonym: string;
    /** At most 12 characters, e.g. `王**`. */
    maskedName?: string;
  };
  colour?: CodeColour;
  nucleicAcidTest?: { result: TestResult; sampledAtMs: number; reportedAtMs?: number };
  antigenTest?: { result: TestResult; sampledAtMs: number };
  vaccination?: { doses: number; dosesNeeded?: number; lastDoseAtMs: number };
}

/** What an issuer decides; the validity follows from the form unless given. */
export type HealthPassContent = Omit<HealthPass, "validUntilMs"> & { validUntilMs?: number };

/** Issues a pass: the text of its code. With an EdDSA key the same content gives the same text. */
export function issueHealthPass(key: IssuerKey, content: HealthPassContent): string {
  const lifetimeMs = content.form === "live" ? LIVE_LIFETIME_MS : PAPER_LIFETIME_MS;
  const pass: HealthPass = {
    ...content,
    validUntilMs: content.validUntilMs ?? content.issuedAtMs + lifetimeMs,
  };
  if (pass.issuedAtMs < key.notBeforeMs || pass.validUntilMs > key.notAfterMs) {
    const span = [key.notBeforeMs, key.notAfterMs].map((ms) => new Date(ms).toISOString());
    throw new RangeError(
      `key ${key.keyId} signs from ${span.join(" until ")}; the pass goes beyond`,
    );
  }
  const payload = encodeCbor(claimsOf(pass));
  const keyId = Buffer.from(key.keyId, "hex");
  const message = signSign1(key.algorithm, new Uint8Array(keyId), key.privateKey, payload);
  return HEALTH_PASS_PREFIX + encodeBase45(deflateRawSync(message, { level: 9 }));
}

function claimsOf(pass: HealthPass): Map<number, unknown> {
  const { holder, colour, nucleicAcidTest, antigenTest, vaccination } = pass;
  const pseudonym = bytesOf(holder.pseudonym, "base64url", 32, "a pseudonym");
  const content = new Map<number, unknown>([
    [FORM, FORMS.indexOf(pass.form)],
    [HOLDER, pseudonym],
  ]);
  if (colour !== undefined) content.set(COLOUR, COLOURS.indexOf(colour));
  if (nucleicAcidTest !== undefined) {
    const { result, sampledAtMs, reportedAtMs } = nucleicAcidTest;
    const test = [RESULTS.indexOf(result), seconds(sampledAtMs)];
    if (reportedAtMs !== undefined) test.push(seconds(reportedAtMs));
    content.set(NUCLEIC_ACID_TEST, test);
  }
  if (antigenTest !== undefined) {
    const { result, sampledAtMs } = antigenTest;
    content.set(ANTIGEN_TEST, [RESULTS.indexOf(result), seconds(sampledAtMs)]);
  }
  if (vaccination !== undefined) {
    const { doses, dosesNeeded = 0, lastDoseAtMs } = vaccination;
    content.set(VACCINATION, [doses, dosesNeeded, seconds(lastDoseAtMs)]);
  }
  if (holder.maskedName !== undefined) content.set(MASKED_NAME, holder.maskedName);
  return new Map<number, unknown>([
    [CLAIM_EXPIRES, seconds(pass.validUntilMs)],
    [CLAIM_ISSUED, seconds(pass.issuedAtMs)],
    [CLAIM_SERIAL, bytesOf(pass.serial, "hex", 8, "a serial")],
    [CLAIM_CONTENT, content],
  ]);
}

function bytesOf(
  text: string,
  encoding: "hex" | "base64url",
  length: number,
  what: string,
): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, encoding));
  if (bytes.length !== length || Buffer.from(bytes).toString(encoding) !== text) {
    throw new RangeError(`${what} is ${length} bytes in ${encoding}, not "${text}"`);
  }
  return bytes;
}

const seconds = (ms: number): number => Math.floor(ms / SECOND_MS);

const code = <T>(values: readonly T[]) =>
  z
    .number()
    .int()
    .min(0)
    .max(values.length - 1)
    .transform((index) => values[index] as T);
const time = z
  .number()
  .int()
  .min(0)
  .max(LAST_SECOND)
  .transform((value) => value * SECOND_MS);
const exactly = (length: number) =>
  z.instanceof(Uint8Array).refine((bytes) => bytes.length === length);
const count = z.number().int().min(0).max(99);

const Claims = z.object({ expires: time, issued: time, serial: exactly(8) });
const Content = z.object({
  form: code(FORMS),
  holder: exactly(32),
  colour: code(COLOURS).optional(),
  nucleicAcidTest: z
    .union([z.tuple([code(RESULTS), time, time]), z.tuple([code(RESULTS), time])])
    .optional(),
  antigenTest: z.tuple([code(RESULTS), time]).optional(),
  vaccination: z.tuple([count, count, time]).optional(),
  maskedName: z.string().max(12).optional(),
});

/** Reads the claims of a pass; the path to the first fault where they are none. */
function readPass(payload: Uint8Array): { pass: HealthPass } | { fault: string } {
  const claims = decodeCbor(payload)?.value;
  if (!(claims instanceof Map)) return { fault: "claims" };
  const content: unknown = claims.get(CLAIM_CONTENT);
  if (!(content instanceof Map)) return { fault: "content" };
  const outer = Claims.safeParse({
    expires: claims.get(CLAIM_EXPIRES),
    issued: claims.get(CLAIM_ISSUED),
    serial: claims.get(CLAIM_SERIAL),
  });
  const inner = Content.safeParse({
    form: content.get(FORM),
    holder: content.get(HOLDER),
    colour: content.get(COLOUR),
    nucleicAcidTest: content.get(NUCLEIC_ACID_TEST),
    antigenTest: content.get(ANTIGEN_TEST),
    vaccination: content.get(VACCINATION),
    maskedName: content.get(MASKED_NAME),
  });
  if (!outer.success || !inner.success) {
    const issue = outer.error?.issues[0] ?? inner.error?.issues[0];
    return { fault: issue?.path.join(".") ?? "claims" };
  }
  return { pass: passOf(outer.data, inner.data) };
}

function passOf(claims: z.infer<typeof Claims>, content: z.infer<typeof Content>): HealthPass {
  const { form, colour, nucleicAcidTest, antigenTest, vaccination, maskedName } = content;
  const pass: HealthPass = {
    form,
    serial: Buffer.from(claims.serial).toString("hex"),
    issuedAtMs: claims.issued,
    validUntilMs: claims.expires,
    holder: { pseudonym: Buffer.from(content.holder).toString("base64url") },
  };
  if (maskedName !== undefined) pass.holder.maskedName = cleanName(maskedName);
  if (colour !== undefined) pass.colour = colour;
  if (nucleicAcidTest !== undefined) {
    const [result, sampledAtMs, reportedAtMs] = nucleicAcidTest;
    pass.nucleicAcidTest = { result, sampledAtMs };
    if (reportedAtMs !== undefined) pass.nucleicAcidTest.reportedAtMs = reportedAtMs;
  }
  if (antigenTest !== undefined) {
    pass.antigenTest = { result: antigenTest[0], sampledAtMs: antigenTest[1] };
  }
  if (vaccination !== undefined) {
    const [doses, dosesNeeded, lastDoseAtMs] = vaccination;
    pass.vaccination = { doses, lastDoseAtMs, ...(dosesNeeded > 0 ? { dosesNeeded } : {}) };
  }
  return pass;
}

/** Verifies a text that begins with `DS1:`. */
export function verifyHealthPass(text: string, context: VerifyContext): Verified {
  const kind = "health-pass-live";
  const packed = decodeBase45(text.slice(HEALTH_PASS_PREFIX.length));
  if (packed === undefined) return malformed(kind, "base45");
  const bytes = inflate(packed, "raw");
  if (bytes === undefined) return malformed(kind, "compression");
  const message = parseSign1(bytes);
  if (message === undefined) return malformed(kind, "cose");
  const read = readPass(message.payload);
  if ("fault" in read) return refused(kind, reason("schema-violation", { path: read.fault }));
  const { pass } = read;
  const keyId = Buffer.from(message.keyId ?? []).toString("hex");
  const { key, problems } = signerOf(
    context.trust.find("health-pass", keyId),
    keyId,
    ({ publicKey }) => verifySign1(message, publicKey),
    context.at,
  );
  return describe(pass, key, [...problems, ...validity(pass, context)], context);
}

function validity(pass: HealthPass, { at, revocation }: VerifyContext): Reason[] {
  const { issuedAtMs, validUntilMs, serial } = pass;
  const isOver = pass.form === "live" && at.wallMs >= validUntilMs;
  return [
    ...(isOver ? [tooOld(pass, at.wallMs)] : []),
    ...timeProblems({ issuedAtMs, validUntilMs }, at, "excluded"),
    ...revocationProblems(revocation.find("health-pass", serial, issuedAtMs), { issuedAtMs }),
  ];
}

/** A live code that ran out is told to be refreshed, with its time, rather than to be renewed. */
function tooOld({ issuedAtMs, validUntilMs }: HealthPass, atMs: number): Reason {
  const maxAgeMinutes = Math.round((validUntilMs - issuedAtMs) / MINUTE_MS);
  const params = { issuedAtMs, ageMs: atMs - issuedAtMs, maxAgeMinutes };
  return { code: "live-code-too-old", params };
}

function describe(
  pass: HealthPass,
  key: FoundKey | undefined,
  reasons: Reason[],
  { at, revocation }: VerifyContext,
): Verified {
  const holds = reasons.length === 0 && key !== undefined;
  const verified: Verified = {
    kind: pass.form === "live" ? "health-pass-live" : "health-pass-paper",
    holds,
    reasons,
    identity: pass.serial,
    holder: pass.holder,
    issuedAtMs: pass.issuedAtMs,
    validUntilMs: pass.validUntilMs,
    // What nobody trusted has signed is not evidence of anything.
    evidence: key === undefined ? [] : evidenceOf(pass, key, at),
  };
  if (pass.form === "paper") verified.needsAlongside = "id-card";
  if (key !== undefined) {
    verified.issuer = key.issuer ?? key.keyId;
    Object.assign(verified, basisOf(key.setAsOfMs, ["health-pass"], revocation));
  }
  return verified;
}

function evidenceOf(pass: HealthPass, key: FoundKey, at: VerifyContext["at"]): Evidence[] {
  const common = {
    trust: "verified" as const,
    source: {
      name: "code-reader",
      detail: `${key.issuer ?? "issuer"} ${key.keyId}`,
      asOfMs: pass.issuedAtMs,
    },
    observedAt: at,
    validUntilMs: pass.validUntilMs,
  };
  const evidence: Evidence[] = [];
  const { colour, nucleicAcidTest, antigenTest, vaccination } = pass;
  if (colour !== undefined) {
    evidence.push({ id: "colour-1", kind: "code-colour", colour, ...common });
  }
  if (nucleicAcidTest !== undefined) {
    evidence.push({ id: "nat-1", kind: "nucleic-acid-test", ...nucleicAcidTest, ...common });
  }
  if (antigenTest !== undefined) {
    evidence.push({ id: "antigen-1", kind: "antigen-test", ...antigenTest, ...common });
  }
  if (vaccination !== undefined) {
    evidence.push({ id: "vaccination-1", kind: "vaccination", ...vaccination, ...common });
  }
  return evidence;
}
