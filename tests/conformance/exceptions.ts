/** Vectors that do not come out as their publisher expects, each with the reason why that is right. */

const CLOCK_BEFORE_ISSUE =
  "the vector's clock lies before the certificate's own time of issue. The common vector CO16 " +
  "demands that such a certificate is refused; here no expectation was given for expiry, and every " +
  "flag that was given comes out as expected";

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
  "eu-dcc common/2DCode/raw/Q1":
    "only the picture of this vector is broken; its text is a good certificate",
};
