/** What the rest of the unit asks of a format of credentials, in one object. */
import type { CredentialKind } from "../core/evidence/evidence.ts";
import type { Verification, VerificationContext } from "./verification.ts";

/**
 * A format of credentials. Each is one folder below `formats` that exports one of these, and one entry
 * of the list in `formats/index.ts`; a format is read from a code, from a card, or from both.
 */
export interface CredentialFormat {
  /** The name of its folder. */
  readonly name: string;
  /** The kinds it is known by in records and policies. A code too damaged to distinguish them is the first. */
  readonly kinds: readonly [CredentialKind, ...CredentialKind[]];
  readonly code?: CodeReading;
  readonly card?: CardReading;
  /** Present where its credentials are signed. */
  readonly signed?: SignedBy;
}

/**
 * How a text looks to a format. `wrong-prefix`: of another version of it, or one whose prefix was
 * damaged; it is not read, and is reported as that format all the same.
 */
export type Recognition = "recognised" | "wrong-prefix";

/** How a format is read from the text of a code. */
export interface CodeReading {
  /**
   * What its texts look like, as sources of regular expressions that ignore case: a camera's decoders
   * stop for these alone. A little more generous than `recognise`, and never wider than a poster's
   * address or a product's number.
   */
  readonly shapes: readonly string[];
  /** Whether a text is of this format, by its look alone. No text may be of two formats. */
  recognise(text: string): Recognition | undefined;
  /**
   * Verifies a text that was recognised. White space in front of it was removed; what stands behind it
   * is still there, because a space may belong to the code.
   */
  verify(text: string, context: VerificationContext): Verification | Promise<Verification>;
  /** Present where one credential may be spread over several codes. Makes a collector for one unit. */
  createPartCollector?(): PartCollector;
}

/** Puts together a credential that is presented in several codes, one after the other. */
export interface PartCollector {
  /**
   * Takes a text that was recognised.
   * @param atMs monotonic
   * @returns the text to verify: the whole once its last part is there, or a text that is no part as it
   * is; or what to answer until then
   */
  add(text: string, atMs: number): { text: string } | { missing: Verification };
}

/** How a format is read from what a card reader took from a card. */
export interface CardReading {
  /** Which documents are of this format; a document belongs to one format. */
  readonly documents: readonly string[];
  verify(card: CardContent, context: VerificationContext): Promise<Verification>;
}

/** A day on a card, in the calendar of the place that issued it. */
export interface CardDay {
  year: number;
  month: number;
  day: number;
}

/** What formats need of a card; a reader's content has more. */
export interface CardContent {
  /** Which document it is, as the reader names it. */
  document: string;
  name: string;
  number: string;
  birth: CardDay | "unknown";
  /** The last day on which it is valid; absent: for ever. */
  validTo?: CardDay | "unknown";
}

/** Whose signature counts for a format, and which lists may revoke its credentials. */
export interface SignedBy {
  /** What a trusted key must be for. Absent where certificates are trusted instead of keys. */
  readonly trustUse?: string;
  /** At least one: everything that is signed can be revoked. */
  readonly revocation: readonly [RevocationNumbers, ...RevocationNumbers[]];
}

/** One kind of number that revocation lists name a format's credentials by. */
export interface RevocationNumbers {
  /** As list files name it: the same number of two formats is not the same thing. */
  readonly namespace: string;
  /**
   * A number as it is looked up, however a list writes it; undefined where no credential can have it.
   * @param written without white space around it
   */
  readonly normalise: (written: string) => string | undefined;
}
