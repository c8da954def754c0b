/** What every format brings along to be tested: its folder's `samples.ts` exports one of these. */
import { FORMATS } from "../../../../src/credential/formats/index.ts";
import type { CredentialFormat } from "../../../../src/credential/format.ts";
import type { TrustSet } from "../../../../src/credential/trust/trust.ts";

/** Texts and credentials of one format. */
export interface FormatSamples {
  /** Texts that look like it, whatever their content; none where it is read from cards alone. */
  recognised: readonly string[];
  /** Texts of it whose prefix is another version's or damaged. */
  wrongPrefix?: readonly string[];
  /** Present where the format is signed. */
  signed?: SignedSamples;
}

/** Makes signed credentials of one format, good ones and bad ones. */
export interface SignedSamples {
  /** A moment at which its trust set and its credentials are valid. */
  now: number;
  trust: TrustSet;
  /** A good credential that was issued at that moment, and ends half an hour later where it can end. */
  text: (issuedAtMs: number) => string | Promise<string>;
  /** How a list names it. */
  revoked: { namespace: string; number: string };
  /** A good credential with a byte behind what was signed. */
  trailingByte: () => string | Promise<string>;
  /**
   * A good credential with one field twice. `last-counts` where the format's standard allows that: it
   * must then be the credential that its last field makes it.
   */
  duplicatedField: {
    text: () => string | Promise<string>;
    outcome: "refused" | "last-counts";
  };
  /** Moments outside the signer's certificate, where that is the span that counts. */
  outside?: { before: number; after: number };
  /** White space behind it is an error of its own. */
  allowsNothingBehind?: boolean;
}

/** The samples of a format. A format without a file of them fails every suite that asks for it. */
export async function samplesOf({ name }: CredentialFormat): Promise<FormatSamples> {
  const { samples } = (await import(`./${name}/samples.ts`)) as { samples: FormatSamples };
  return samples;
}

/** Every signed format with its samples. */
export const SIGNED: readonly (SignedSamples & { name: string })[] = await Promise.all(
  FORMATS.filter(({ signed }) => signed !== undefined).map(async (format) => {
    const { signed } = await samplesOf(format);
    if (signed === undefined) throw new Error(`${format.name} is signed and has no signed samples`);
    return { name: format.name, ...signed };
  }),
);
