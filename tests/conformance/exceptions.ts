/** Vectors that do not come out as their publisher expects, each with the reason why that is right. */

const CLOCK_BEFORE_ISSUE =
  "the vector's clock lies before the certificate's own time of issue. The common vector CO16 " +
  "demands that such a certificate is refused; here no expectation was given for expiry, and every " +
  "flag that was given comes out as expected";

/** dgc-testdata#107, still open: what these vectors expect of the schema is not what the schema says. */
const NOT_THE_SCHEMA =
  "no published schema has that rule (dgc-testdata#107 is about these vectors)";

const BORN_LATER = `the holder's date of birth lies after the date of issue; ${NOT_THE_SCHEMA}`;

const NAME_OF_PICTURES =
  `the forename is of emoji, which the schema allows as any text; ${NOT_THE_SCHEMA}. The standardised ` +
  "names are what a person is compared by";

const NO_DOSE =
  "dose 0, or a series of 0 doses: every published schema has a minimum of 1 (dose_posint). A series " +
  "of 0 would be complete without a vaccination";

const NO_CODE_OF_ITS_SET =
  "the code of the manufacturer or of the device is in no value set, which a schema does not ask: " +
  "value sets grow, and genuine certificates carry newer codes. Whether a code is accepted is for " +
  "business rules to say";

const numbered = (kind: string, numbers: readonly string[], reason: string) =>
  Object.fromEntries(
    numbers.map((number) => [`eu-dcc NL/2DCode/raw/${number}-NL-${kind}`, reason]),
  );

/** By kind and id. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  "eu-dcc ES/2DCode/raw/1101": CLOCK_BEFORE_ISSUE,
  "eu-dcc ES/2DCode/raw/1103": CLOCK_BEFORE_ISSUE,
  "eu-dcc ES/2DCode/raw/2101": CLOCK_BEFORE_ISSUE,
  "eu-dcc ES/2DCode/raw/2102": CLOCK_BEFORE_ISSUE,
  "eu-dcc FR/2DCode/raw/test_pcr_ok": CLOCK_BEFORE_ISSUE,
  "eu-dcc FR/2DCode/raw/vaccin_ok": CLOCK_BEFORE_ISSUE,
  "eu-dcc LU/2DCode/raw/INCERT_R_DCC_Recovery": CLOCK_BEFORE_ISSUE,
  "eu-dcc LI/2DCode/raw/4":
    "the signer's certificate allows vaccinations only (1.3.6.1.4.1.0.1847.2021.1.2), the certificate " +
    "is a test. No expectation was given for key usage; the same usage is refused in NL's vectors",
  ...numbered("test", ["015", "023", "031", "055", "063"], BORN_LATER),
  ...numbered("vaccination", ["095", "103", "111", "135"], BORN_LATER),
  ...numbered("recovery", ["151", "175", "183", "191"], BORN_LATER),
  ...numbered("test+wrong_key", ["223", "231", "255", "263", "271"], BORN_LATER),
  ...numbered("test", ["065", "066", "068", "071"], NAME_OF_PICTURES),
  ...numbered("vaccination", ["136", "138", "140", "143"], NAME_OF_PICTURES),
  ...numbered("recovery", ["208", "210", "211", "213", "215"], NAME_OF_PICTURES),
  ...numbered("test+wrong_key", ["280", "281", "283", "285"], NAME_OF_PICTURES),
  ...numbered("vaccination", ["121", "130"], NO_DOSE),
  "eu-dcc PL/1.0.0/2DCode/raw/7": NO_CODE_OF_ITS_SET,
  "eu-dcc PL/1.0.0/2DCode/raw/9": NO_CODE_OF_ITS_SET,
  "eu-dcc PL/1.2.1/2DCode/raw/7": NO_CODE_OF_ITS_SET,
  "eu-dcc PL/1.3.0/2DCode/raw/9": NO_CODE_OF_ITS_SET,
  "eu-dcc common/2DCode/raw/Q1":
    "only the picture of this vector is broken; its text is a good certificate",
};
