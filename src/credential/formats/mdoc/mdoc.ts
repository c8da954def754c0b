/**
 * The mobile document (ISO/IEC 18013-5): named, and refused. It answers over its own radio link; from
 * its code alone nothing can be checked.
 */
import type { CredentialFormat } from "../../format.ts";
import { invalid, reason } from "../../verification.ts";

/** Device engagement (ISO/IEC 18013-5 §8.2.2.3), and its successors that ask over the network. */
const ENGAGEMENT = /^(mdoc|mdoc-openid4vp|openid4vp):/i;

/** A mobile driving licence or another mobile document. */
export const mdoc = {
  name: "mdoc",
  kinds: ["mdoc"],
  code: {
    shapes: [ENGAGEMENT.source],
    recognise: (text) => (ENGAGEMENT.test(text) ? "recognised" : undefined),
    verify: () => invalid("mdoc", reason("not-accepted-here")),
  },
} as const satisfies CredentialFormat;
