/**
 * What an EU Digital COVID Certificate may contain: the published schema of versions 1.0.0 to 1.3.3
 * (ehn-dcc-development/eu-dcc-schema), as far as anything is decided by it. Every rule here names where
 * it is published. Deliberately left out is what a verifier should not hold against a holder
 * (eu-digital-green-certificates/dcc-quality-assurance, SpecialCaseHandling): lengths, which differ by
 * version (50 or 80) and which genuine certificates exceed; the pattern of the standardised names; and
 * null in place of a field that is left out.
 */
import { z } from "zod";
import { isTagged } from "../../codecs/cbor.ts";
import { isCountryCode } from "./country.ts";
import { isBirthDate, LAST_SECOND, timeOf } from "../../../base/dates.ts";

/** CWT claims (RFC 8392 §4) and the one for health certificates (eHealth Network, vol. 3, §2.6.4). */
const CLAIM_ISSUER = 1;
const CLAIM_EXPIRES = 4;
const CLAIM_NOT_BEFORE = 5;
const CLAIM_ISSUED = 6;
const CLAIM_HEALTH = -260;
const EU_DCC_VERSION_1 = 1;

const text = z.string();
/** A code of a value set. None is near this long; it bounds what a certificate can put into a record. */
const code = z.string().max(200);

/** A day (schema: `format: date`), with the time of day some states add. */
const day = z.string().refine(isTime);
const moment = z.string().refine((value) => /t/i.test(value) && isTime(value));

/** Schema, `dose_posint`: at least 1, in 1.3.x without an upper bound. */
const dose = z.number().int().min(1);

function isTime(value: string): boolean {
  return !Number.isNaN(timeOf(value));
}

/** How the EU's institutions write Greece and the United Kingdom (Interinstitutional Style Guide, 7.1). */
const OTHER_COUNTRIES: ReadonlySet<string> = new Set(["EL", "UK"]);

/**
 * Schema, `country_vt`: 1 to 10 capitals, of the value set country-2-codes, which is "ISO 3166 alpha-2
 * where possible" (Value Sets for EU DCC, §2.6); organisations have longer ones. Several states leave
 * it empty in their own tests.
 */
const country = z.string().refine((value) => {
  if (value === "" || /^[A-Z]{3,10}$/.test(value)) return true;
  return isCountryCode(value) || OTHER_COUNTRIES.has(value);
});

const ofEveryEntry = { tg: code, co: country, is: text, ci: text };
const Vaccination = z.looseObject({
  ...ofEveryEntry,
  vp: code,
  mp: code,
  ma: text,
  dn: dose,
  sd: dose,
  dt: day,
});
const Test = z.looseObject({
  ...ofEveryEntry,
  tt: code,
  nm: text.nullish(),
  ma: text.nullish(),
  sc: moment,
  tr: code,
  tc: text.nullish(),
});
const Recovery = z.looseObject({ ...ofEveryEntry, fr: day, df: day, du: day });

/** More than any published certificate has; a bound of this unit, for what goes into a record. */
const MOST_ENTRIES = 20;
const group = <T extends z.ZodType>(item: T) => z.array(item).max(MOST_ENTRIES).nullish();

/** Schema 1.1.0 and later, `dob`; with the time of day some states add, and of a day that exists. */
function isDateOfBirth(value: string): boolean {
  if (value === "") return true;
  return /^(19|20)/.test(value) && (isBirthDate(value) || (/t/i.test(value) && isTime(value)));
}

const HealthCertificate = z
  .looseObject({
    // The claim that a certificate stands in is of version 1 (eHealth Network, vol. 3, §2.6.4).
    ver: z.string().regex(/^1\.\d+\.\d+$/),
    nam: z
      .looseObject({
        fn: text.nullish(),
        fnt: text.nullish(),
        gn: text.nullish(),
        gnt: text.nullish(),
      })
      // Schema 1.3.2, `person_name`: one of the two (Implementing Decision (EU) 2022/483).
      .refine(({ fnt, gnt }) => fnt != null || gnt != null, { path: ["fnt"] }),
    dob: z.string().refine(isDateOfBirth),
    v: group(Vaccination),
    t: group(Test),
    r: group(Recovery),
  })
  .superRefine((value, context) => {
    const path = entriesFault(value);
    if (path !== undefined) context.addIssue({ code: "custom", path: [path], message: "entries" });
  });

/**
 * Up to 1.2.1 the schema allows several entries, and several kinds; states published such certificates
 * as valid. Since 1.3.0 a certificate is about one event: `oneOf` the three kinds, each with `minItems`
 * and `maxItems` 1. A kind that is null or empty is not there (SpecialCaseHandling: "null values").
 * @returns the path to what is at fault
 */
function entriesFault(certificate: Readonly<Record<string, unknown>>): string | undefined {
  const kinds = entryKinds(certificate);
  const [kind] = kinds;
  if (kind === undefined) return "v,t,r";
  const minor = Number(String(certificate["ver"]).split(".")[1]);
  if (minor < 3) return undefined;
  if (kinds.length > 1) return "v,t,r";
  const entries = certificate[kind];
  return Array.isArray(entries) && entries.length > 1 ? kind : undefined;
}

export type HealthCertificate = z.infer<typeof HealthCertificate>;

const seconds = z.number().min(0).max(LAST_SECOND);
const Claims = z.object({
  // Of no other type by the schema; what else stands there names no issuer.
  issuer: text.optional().catch(undefined),
  // Without an end it would hold for ever (eHealth Network, vol. 1, §3.3: every certificate has one).
  expires: seconds,
  // Not of the EU's format; where it stands, it counts (RFC 8392 §3.1.5).
  notBefore: seconds.optional(),
  issued: seconds.optional(),
});
/** Countries are named by two letters, some authorities by their name; a record holds no more. */
const LONGEST_ISSUER = 80;

/** A certificate as it was read, whether or not it keeps to the schema. */
export interface ParsedCertificate {
  issuer: string | undefined;
  issuedAtMs: number | undefined;
  notBeforeMs: number | undefined;
  validUntilMs: number | undefined;
  /** The content as plain objects, as business rules see it. */
  payload: Readonly<Record<string, unknown>>;
  /** What lists of revoked certificates may name it by: as it is read, and as it was written. */
  identifiers: readonly string[];
  /** Absent where the content breaks the schema. */
  certificate?: HealthCertificate;
  /** Path to the first fault; absent where there is none. */
  errorPath?: string;
}

/** Which kinds of entry a certificate has. */
export function entryKinds(certificate: Readonly<Record<string, unknown>>): ("v" | "t" | "r")[] {
  return (["v", "t", "r"] as const).filter((kind) => {
    const entries = certificate[kind];
    return Array.isArray(entries) && entries.length > 0;
  });
}

/** Reads the claims of a certificate; undefined where they are not even claims with a certificate in them. */
export function parseCertificate(claims: unknown): ParsedCertificate | undefined {
  if (!(claims instanceof Map)) return undefined;
  const health: unknown = claims.get(CLAIM_HEALTH);
  if (!(health instanceof Map)) return undefined;
  const content: unknown = health.get(EU_DCC_VERSION_1);
  if (!(content instanceof Map)) return undefined;
  const payload = plainObject(content, plain);
  const outer = Claims.safeParse({
    issuer: untagged(claims.get(CLAIM_ISSUER)),
    expires: untagged(claims.get(CLAIM_EXPIRES)),
    notBefore: untagged(claims.get(CLAIM_NOT_BEFORE)),
    issued: untagged(claims.get(CLAIM_ISSUED)),
  });
  const inner = HealthCertificate.safeParse(payload);
  const read: ParsedCertificate = {
    issuer: outer.data?.issuer?.trim().slice(0, LONGEST_ISSUER),
    issuedAtMs: milliseconds(outer.data?.issued),
    notBeforeMs: milliseconds(outer.data?.notBefore),
    validUntilMs: milliseconds(outer.data?.expires),
    payload,
    identifiers: [...new Set([...identifiersIn(payload), ...identifiersIn(written(content))])],
  };
  const fault = outer.error?.issues[0] ?? inner.error?.issues[0];
  if (fault !== undefined) read.errorPath = fault.path.join(".");
  else if (inner.success) read.certificate = inner.data;
  return read;
}

function milliseconds(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1000);
}

function untagged(value: unknown): unknown {
  return isTagged(value) ? value.value : value;
}

function identifiersIn(content: Readonly<Record<string, unknown>>): string[] {
  return textsOf(content, "ci");
}

/** A field of all entries, where it is a text that is not empty. */
function textsOf(content: Readonly<Record<string, unknown>>, field: "ci" | "co"): string[] {
  return entryKinds(content)
    .flatMap((kind): unknown[] => {
      const entries = content[kind];
      return Array.isArray(entries) ? entries : [];
    })
    .flatMap((each) => Object.entries(Object(each)))
    .filter(([name]) => name === field)
    .flatMap(([, value]) => (typeof value === "string" && value !== "" ? [value] : []));
}

/** Every name that the issuer may go by in lists of revoked certificates. */
export function issuersOf({ issuer = "", payload }: ParsedCertificate): string[] {
  return [...new Set([issuer, ...textsOf(payload, "co")])].filter((each) => each !== "");
}

/**
 * The countries whose rules and lists are the issuer's. The issuer claim is optional, and some write a
 * name into it ("CNAM", "CH BAG"): then the country of the entry counts, as in the reference app.
 */
export function issuingCountries({ issuer = "", payload }: ParsedCertificate): string[] {
  if (isCountryCode(issuer)) return [issuer];
  // EL for Greece is no ISO code; rules and lists may go by it, or by the entry's GR.
  return [...new Set([...textsOf(payload, "co"), issuer])].filter((each) => each !== "");
}

/**
 * Maps to objects, dates out of their tags: the JSON the certificate stands for. "All fields MUST be
 * trimmed for whitespaces" (SpecialCaseHandling): codes with a space behind them are compared by rules.
 */
function plain(value: unknown): unknown {
  return typeof value === "string" ? value.trim() : converted(value, plain);
}

/** The same without trimming. */
function written(value: ReadonlyMap<unknown, unknown>): Record<string, unknown> {
  const asWritten = (item: unknown): unknown => converted(item, asWritten);
  return plainObject(value, asWritten);
}

function converted(value: unknown, inner: (value: unknown) => unknown): unknown {
  if (isTagged(value)) return inner(value.value);
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map) return plainObject(value, inner);
  return typeof value === "bigint" ? Number(value) : value;
}

/**
 * An ordinary object, as rules expect it: their engine takes one without a prototype for nothing it
 * knows. Members are its own whatever they are called, `__proto__` too.
 */
function plainObject(
  map: ReadonlyMap<unknown, unknown>,
  inner: (value: unknown) => unknown,
): Record<string, unknown> {
  const members = [...map].filter(
    (entry): entry is [string, unknown] => typeof entry[0] === "string",
  );
  return Object.fromEntries(members.map(([key, item]) => [key, inner(item)]));
}
