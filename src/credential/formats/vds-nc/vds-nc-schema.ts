/** What a visible digital seal may contain (ICAO Technical Report VDS-NC, version 1.4). */
import { z } from "zod";
import { isBirthDate, timeOf } from "../../../base/dates.ts";

/** ISO 8601, of a day or a moment that exists. */
const time = z.string().refine((text) => !Number.isNaN(timeOf(text)));
const day = time.refine((text) => !/t/i.test(text));

const Person = z.looseObject({
  n: z.string().min(1).max(100),
  // Empty where it is not known.
  dob: z
    .string()
    .refine((text) => text === "" || isBirthDate(text))
    .optional(),
  i: z.string().max(40).optional(),
});
const Vaccination = z.looseObject({
  uvci: z.string().max(100),
  pid: Person,
  ve: z
    .array(
      z.looseObject({
        des: z.string(),
        nam: z.string().max(200),
        dis: z.unknown().optional(),
        vd: z.array(z.looseObject({ dvc: day, seq: z.number().int().min(1).max(99) })).min(1),
      }),
    )
    .min(1),
});
const Test = z.looseObject({
  utci: z.string().max(100),
  pid: Person,
  dat: z.looseObject({ sc: time, ri: time.optional() }),
  tr: z.looseObject({ tc: z.string().max(200), r: z.string() }),
});
const HEADER = { v: z.literal(1), is: z.string().regex(/^[A-Z<]{3}$/) };
const Signature = z.looseObject({
  alg: z.enum(["ES256", "ES384", "ES512"]),
  cer: z.string(),
  sigvl: z.string(),
});
/** Read first for the type in the header, so that an error is named in the message it stands in. */
const AnySeal = z.object({
  data: z.looseObject({ hdr: z.looseObject({ t: z.enum(["icao.vacc", "icao.test"]) }) }),
  sig: Signature,
});
const VaccinationSeal = z.object({
  data: z.looseObject({
    hdr: z.looseObject({ t: z.literal("icao.vacc"), ...HEADER }),
    msg: Vaccination,
  }),
});
const TestSeal = z.object({
  data: z.looseObject({
    hdr: z.looseObject({ t: z.literal("icao.test"), ...HEADER }),
    msg: Test,
  }),
});

export type SealedVaccination = z.infer<typeof Vaccination>;
export type SealedTest = z.infer<typeof Test>;

/** A seal whose every field is in order. */
export interface Seal {
  issuer: string;
  person: z.infer<typeof Person>;
  /** What revocation lists name it by. */
  number: string;
  signature: z.infer<typeof Signature>;
  content: { vaccination: SealedVaccination } | { test: SealedTest };
}

/** Reads a seal from its parsed JSON; the path to the first error where it is none. */
export function parseSeal(json: unknown): Seal | { errorPath: string } {
  const any = AnySeal.safeParse(json);
  if (!any.success) return errorOf(any.error);
  const signature = any.data.sig;
  if (any.data.data.hdr.t === "icao.vacc") {
    const parsed = VaccinationSeal.safeParse(json);
    if (!parsed.success) return errorOf(parsed.error);
    const { hdr, msg } = parsed.data.data;
    const content = { vaccination: msg };
    return { issuer: hdr.is, person: msg.pid, number: msg.uvci, signature, content };
  }
  const parsed = TestSeal.safeParse(json);
  if (!parsed.success) return errorOf(parsed.error);
  const { hdr, msg } = parsed.data.data;
  return { issuer: hdr.is, person: msg.pid, number: msg.utci, signature, content: { test: msg } };
}

function errorOf({ issues }: z.ZodError): { errorPath: string } {
  return { errorPath: issues[0]?.path.join(".") ?? "" };
}
