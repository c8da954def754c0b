/**
 * What an EU Digital COVID Certificate may contain: the schema of versions 1.0 to 1.3
 * (ehn-dcc-development/eu-dcc-schema), as far as all of them agree, and the facts no schema can say.
 */
import { z } from "zod";
import { isTagged } from "./cbor.ts";
import { LAST_SECOND, timeOf } from "./moments.ts";

/** CWT claims (RFC 8392 §4) and the one for health certificates (eHealth Network, vol. 3, §2.6.4). */
const CLAIM_ISSUER = 1;
const CLAIM_EXPIRES = 4;
const CLAIM_ISSUED = 6;
const CLAIM_HEALTH = -260;
const EU_DCC_VERSION_1 = 1;

const text = z.string().max(80);
const code = z.string().max(80);

/** A day, with the time of day some states add. */
const day = z.string().refine((value) => /^\d{4}-\d\d-\d\d(T|$)/.test(value) && isTime(value));
const moment = z
  .string()
  .refine((value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) && isTime(value));
const dose = z.number().int().min(0).max(99);

function isTime(value: string): boolean {
  return !Number.isNaN(timeOf(value));
}

const REGIONS = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** ISO 3166-1 alpha-2 "where possible"; several states leave it empty in their own tests. */
const country = z.string().refine((value) => {
  if (value === "" || /^[A-Z]{3,10}$/.test(value)) return true;
  return /^[A-Z]{2}$/.test(value) && value !== "ZZ" && REGIONS.of(value) !== undefined;
});

/** An organisation in the EMA's directory is `ORG-` and nine digits; other holders go by name. */
const holder = code.refine((value) => !value.startsWith("ORG-") || /^ORG-\d{9}$/.test(value));

/** A device in the JRC's list of rapid tests: numbers given in order, below 5000 when it was closed. */
const device = code.refine((value) => !/^\d+$/.test(value) || Number(value) < 5000);

/** A name without a single letter is nobody's. */
const name = text.refine((value) => value === "" || /\p{L}/u.test(value));
const transliterated = text.regex(/^[A-Z<]*$/);

const entry = { tg: code, co: country, is: text, ci: text };
const Vaccination = z.looseObject({
  ...entry,
  vp: code,
  mp: code,
  ma: holder,
  dn: dose,
  sd: dose,
  dt: day,
});
const Test = z.looseObject({
  ...entry,
  tt: code,
  nm: text.nullish(),
  ma: device.nullish(),
  sc: moment,
  tr: code,
  tc: text.nullish(),
});
const Recovery = z.looseObject({ ...entry, fr: day, df: day, du: day });

const group = <T extends z.ZodType>(item: T) => z.array(item).max(8).nullish();

const HealthCertificate = z
  .looseObject({
    ver: z.string().regex(/^\d+\.\d+\.\d+$/),
    nam: z
      .looseObject({
        fn: name.nullish(),
        fnt: transliterated.nullish(),
        gn: name.nullish(),
        gnt: transliterated.nullish(),
      })
      // Since 1.3.2 a person may have but one of the two (Implementing Decision (EU) 2022/483).
      .refine(({ fnt, gnt }) => fnt != null || gnt != null, { path: ["fnt"] }),
    dob: z.string().refine((value) => /^((19|20)\d\d(-\d\d){0,2}(T\d\d:\d\d.*)?)?$/.test(value)),
    v: group(Vaccination),
    t: group(Test),
    r: group(Recovery),
  })
  .refine((value) => entryKinds(value).length > 0, { path: ["v,t,r"] });

export type HealthCertificate = z.infer<typeof HealthCertificate>;

const seconds = z.number().min(0).max(LAST_SECOND);
const Claims = z.object({
  issuer: z.string().max(80).optional(),
  // Without an end it would hold for ever (eHealth Network, vol. 1, §3.3: every certificate has one).
  expires: seconds,
  issued: seconds.optional(),
});

/** A certificate as it was read, whether or not it keeps to the schema. */
export interface ReadCertificate {
  issuer: string | undefined;
  issuedAtMs: number | undefined;
  validUntilMs: number | undefined;
  /** The content as plain objects, as business rules see it. */
  payload: Readonly<Record<string, unknown>>;
  /** Absent where the content breaks the schema. */
  certificate?: HealthCertificate;
  /** Path to the first fault; absent where there is none. */
  fault?: string;
}

/** Which kinds of entry a certificate has. */
export function entryKinds(certificate: Readonly<Record<string, unknown>>): ("v" | "t" | "r")[] {
  return (["v", "t", "r"] as const).filter((kind) => {
    const entries = certificate[kind];
    return Array.isArray(entries) && entries.length > 0;
  });
}

/** Reads the claims of a certificate; undefined where they are not even claims with a certificate in them. */
export function readCertificate(claims: unknown): ReadCertificate | undefined {
  if (!(claims instanceof Map)) return undefined;
  const health: unknown = claims.get(CLAIM_HEALTH);
  if (!(health instanceof Map)) return undefined;
  const content: unknown = health.get(EU_DCC_VERSION_1);
  if (!(content instanceof Map)) return undefined;
  const payload = plainObject(content);
  const outer = Claims.safeParse({
    issuer: untagged(claims.get(CLAIM_ISSUER)),
    expires: untagged(claims.get(CLAIM_EXPIRES)),
    issued: untagged(claims.get(CLAIM_ISSUED)),
  });
  const inner = HealthCertificate.safeParse(payload);
  const read: ReadCertificate = {
    issuer: outer.data?.issuer,
    issuedAtMs: milliseconds(outer.data?.issued),
    validUntilMs: milliseconds(outer.data?.expires),
    payload,
  };
  const fault = outer.error?.issues[0] ?? inner.error?.issues[0];
  if (fault !== undefined) read.fault = fault.path.join(".");
  else if (inner.success && isBornLater(inner.data, read.issuedAtMs)) read.fault = "dob";
  else if (inner.success) read.certificate = inner.data;
  return read;
}

function milliseconds(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1000);
}

/** Nobody is certified before being born. */
function isBornLater({ dob }: HealthCertificate, issuedAtMs: number | undefined): boolean {
  const birth = dob.slice(0, 10);
  if (birth === "" || issuedAtMs === undefined) return false;
  return birth > new Date(issuedAtMs).toISOString().slice(0, birth.length);
}

function untagged(value: unknown): unknown {
  return isTagged(value) ? value.value : value;
}

/** Maps to objects, dates out of their tags: the JSON the certificate stands for. */
function plain(value: unknown): unknown {
  if (isTagged(value)) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plainObject(value);
  return typeof value === "bigint" ? Number(value) : value;
}

/**
 * An ordinary object, as rules expect it: their engine takes one without a prototype for nothing it
 * knows. Members are its own whatever they are called, `__proto__` too.
 */
function plainObject(map: ReadonlyMap<unknown, unknown>): Record<string, unknown> {
  const members = [...map].filter(
    (entry): entry is [string, unknown] => typeof entry[0] === "string",
  );
  return Object.fromEntries(members.map(([key, item]) => [key, plain(item)]));
}
