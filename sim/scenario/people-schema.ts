/** Scenario format: who there is, who vouches for them, and what they can show. */
import { z } from "zod";
import { diseaseNamed } from "../../src/core/evidence/disease.ts";
import { day, duration, moment } from "./values.ts";

const name = z.string().min(1);
export const colour = z.enum(["green", "yellow", "red"]);
const testResult = z.enum(["negative", "positive", "pending"]);

const cardType = z.enum([
  "citizen",
  "hong-kong-macau-taiwan-permit",
  "foreigner-2017",
  "foreigner-2023",
]);

/** A person's facts, as far as a card or pass needs them; what is not given is made up from the seed. */
export const person = z
  .strictObject({
    name: name.optional().meta({ description: "Full name, e.g. 王芳." }),
    number: z
      .string()
      .optional()
      .meta({ description: "ID number; without it a valid one is made from birth and sex." }),
    birth: day.optional(),
    sex: z.enum(["male", "female"]).optional(),
    address: z.string().optional(),
    cardType: cardType.optional().meta({
      description: "Which card they carry; their number is of its kind. Default: citizen.",
    }),
    latinName: z.string().optional().meta({ description: "On a foreigner's card." }),
    country: z
      .string()
      .regex(/^[A-Z]{3}$/, "three letters of ISO 3166-1, e.g. CAN")
      .optional(),
  })
  .meta({ description: "A person. Everything left out is made up, the same for the same seed." });
export type PersonFacts = z.infer<typeof person>;

const whose = z
  .union([name, person])
  .meta({ description: "A name from `people`, or the person's facts right here." });

const disease = z
  .string()
  .refine((said) => diseaseNamed(said) !== undefined, "covid-19, or by its code: snomed:6142004")
  .overwrite((said) => diseaseNamed(said) ?? said)
  .optional()
  .meta({
    description: "What it is of, `covid-19` or by its code: `snomed:6142004`. Default: COVID-19.",
  });

const nucleicAcidTest = z
  .strictObject({
    disease,
    result: testResult.default("negative"),
    sampled: moment.meta({ description: "When the swab was taken." }),
    reported: moment.optional().meta({ description: "When the laboratory reported." }),
  })
  .meta({ description: "A nucleic acid test." });

const antigenTest = z.strictObject({
  disease,
  result: testResult.default("negative"),
  sampled: moment,
});

const vaccination = z.strictObject({
  disease,
  doses: z.int().min(0).max(99),
  dosesNeeded: z.int().min(1).max(99).optional(),
  lastDose: moment,
});

/** A pass to be issued: by whom, for whom, saying what. */
export const pass = z
  .strictObject({
    issuer: name.default("district").meta({ description: "A name from `issuers`." }),
    form: z.enum(["live", "paper"]).default("live").meta({
      description: "`live`: on a phone, 30 minutes; `paper`: 180 days, counts beside the ID card.",
    }),
    holder: whose.optional().meta({ description: "Whose pass it is; default: the visitor's." }),
    issued: moment.default("now"),
    validUntil: moment.optional(),
    colour: colour.optional(),
    nucleicAcidTest: nucleicAcidTest.optional(),
    antigenTest: antigenTest.optional(),
    vaccination: vaccination.optional(),
    serial: z
      .string()
      .regex(/^[0-9a-f]{16}$/, "a serial is 16 hexadecimal digits")
      .optional(),
    damage: z.enum(["signature", "content", "truncated"]).optional().meta({
      description: "What a forger or a bad printer did to it before it is shown.",
    }),
  })
  .meta({ description: "A health pass (DS1:), issued when it is shown or when it is named." });
export type PassFields = z.infer<typeof pass>;

/** A card by its fields; the person's facts fill what is left out. */
export const card = z
  .strictObject({
    of: whose.optional().meta({ description: "Whose card; default: the visitor's." }),
    type: cardType.optional().meta({ description: "Default: the card its holder carries." }),
    latinName: z.string().optional(),
    nationCode: z
      .string()
      .regex(/^\d{2}$/, "two digits of GB/T 3304")
      .optional()
      .meta({ description: "Ethnic group of a citizen, GB/T 3304: 01 is 汉." }),
    country: z.string().optional().meta({ description: "A foreigner's country, e.g. CAN." }),
    issuer: z.string().optional(),
    travelPermitNumber: z.string().optional(),
    formerLink: z.string().optional().meta({
      description: "Three digits that lead from a foreigner's new card to the old number.",
    }),
    validFrom: day.optional(),
    validTo: z
      .union([day, z.literal("长期")])
      .optional()
      .meta({ description: "长期: for ever." }),
    readsAs: z.enum(["good", "rejected", "unreadable", "damaged"]).default("good").meta({
      description:
        "How the reader finds it: it cannot be selected, it cannot be read, or it says a number whose check character is wrong.",
    }),
  })
  .meta({ description: "A resident card laid on the reader." });
export type CardFields = z.infer<typeof card>;

/** How what is held up looks to the camera. */
const picture = {
  on: z.enum(["phone", "paper", "cracked-phone"]).default("phone"),
  distanceM: z.number().min(0.05).max(2).optional(),
  widthMm: z.number().min(5).max(300).optional().meta({ description: "Of the code itself." }),
  tiltDeg: z.number().min(-75).max(75).optional(),
  rollDeg: z.number().min(-180).max(180).optional(),
  brightness: z.number().min(0).max(1).optional(),
  glare: z.number().min(0).max(1).optional(),
  moire: z.number().min(0).max(1).optional(),
  blur: z
    .number()
    .min(0)
    .max(12)
    .optional()
    .meta({ description: "Standard deviation, in pixels." }),
  darkMode: z.boolean().optional().meta({ description: "Light modules on a dark ground." }),
} as const;

// Version 40 at level L (ISO/IEC 18004:2015, table 7).
const MOST_BYTES = 2_953;
const TOO_LONG = `no QR code holds more than ${MOST_BYTES} bytes`;

const SHOWABLE = ["pass", "token", "code", "codeBase64", "image", "card"] as const;

/** One thing shown: exactly one of pass, token, code, codeBase64, image and card. */
export const showing = z
  .strictObject({
    pass: z.union([name, pass]).optional().meta({
      description:
        "A name from `passes` (the very same code each time), or a pass issued when shown.",
    }),
    token: z.string().optional().meta({
      description:
        "An opaque token, shown as a code: 20 to 64 letters and digits with both among them.",
    }),
    code: z
      .string()
      .min(1)
      .refine((text) => Buffer.byteLength(text) <= MOST_BYTES, TOO_LONG)
      .optional()
      .meta({ description: "The text of a QR code, shown as it is." }),
    codeBase64: z
      .base64()
      .min(1)
      .refine((text) => Buffer.from(text, "base64").length <= MOST_BYTES, TOO_LONG)
      .optional()
      .meta({ description: "The bytes of a QR code." }),
    image: z.string().optional().meta({
      description:
        "A PNG, JPEG, WebP or GIF file, seen from the scenario file: it fills the camera's view.",
    }),
    card: z
      .union([z.literal("own"), name, card])
      .optional()
      .meta({
        description:
          "`own`: the visitor's citizen card; a name from `people`: theirs; or its fields.",
      }),
    after: duration.optional().meta({
      description:
        "Since arriving, or since the showing before it ended. Default 800 ms; for a further one: when the screen asks for more, at most 3 s.",
    }),
    holds: duration.optional().meta({
      description:
        "How long it is held up. Default: until the screen gives an outcome or asks for something else, at most 8 s.",
    }),
    ...picture,
  })
  .check((context) => {
    const given = SHOWABLE.filter((key) => context.value[key] !== undefined);
    if (given.length === 1) return;
    context.issues.push({
      code: "custom",
      message: `shows exactly one of ${SHOWABLE.join(", ")}; here ${given.length === 0 ? "none" : given.join(" and ")}`,
      input: context.value,
    });
  })
  .meta({
    description: "Something held up to the camera or laid on the reader.",
    oneOf: SHOWABLE.map((key) => ({ required: [key] })),
  });
export type ShowingFields = z.infer<typeof showing>;

/** What the unit's directory knows of somebody. */
export const directoryEntry = z
  .strictObject({
    person: whose.meta({ description: "Whom the entry is about: found by the ID number." }),
    token: z.string().optional().meta({ description: "An opaque token that leads to them." }),
    roles: z.array(z.string()).default([]),
    colour: colour.optional(),
    nucleicAcidTests: z.array(nucleicAcidTest).default([]),
    antigenTests: z.array(antigenTest).default([]),
    vaccination: vaccination.optional(),
    asOf: moment
      .default("now")
      .meta({ description: "When the district last confirmed the entry." }),
  })
  .meta({ description: "One entry of the directory. Moments are seen from the start." });
export type DirectoryFields = z.infer<typeof directoryEntry>;

/** Who signs passes. */
export const issuer = z
  .strictObject({
    algorithm: z.enum(["EdDSA", "ES256"]).default("EdDSA"),
    trusted: z.boolean().default(true).meta({
      description: "`false`: signs well, but the unit does not trust it (a forger).",
    }),
    key: z
      .strictObject({ file: z.string().optional(), pem: z.string().optional() })
      .optional()
      .meta({
        description:
          "A private key: PKCS #8 in PEM, or a file that `sentinel pass key` made. Made from the seed where not given.",
      }),
    notBefore: moment.default("365d ago"),
    notAfter: moment.default("in 730d"),
  })
  .meta({ description: "An issuer and its key. Moments are seen from the start." });
export type IssuerFields = z.infer<typeof issuer>;
