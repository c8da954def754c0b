/** Which codes a reading may end with: those whose text looks like something the door decides about. */
import type { DecodedCode } from "../../../devices.ts";
import { joinParts } from "./structured-append.ts";

/** Whether a text looks like a credential; without one, every text does. */
export type IsWanted = (text: string) => boolean;

/**
 * The patterns as a test. They are the sources of regular expressions, for upper and lower case
 * alike, and not functions: the decoders run in processes of their own and get them as data.
 * @param patterns absent: every text is wanted
 * @throws SyntaxError for a pattern that is no regular expression
 */
export function wantedBy(patterns: readonly string[] | undefined): IsWanted {
  if (patterns === undefined) return () => true;
  const expressions = patterns.map((source) => new RegExp(source, "iu"));
  return (text) => expressions.some((expression) => expression.test(text));
}

/** Whether a code is a wanted one. A part of a code is not: its text is only the beginning or the middle. */
export function isWantedCode(code: DecodedCode, isWanted: IsWanted): boolean {
  return code.part === undefined && isWanted(code.text);
}

/** Whether what was read holds a wanted code, alone or in parts that are all there. */
export function holdsWanted(codes: readonly DecodedCode[], isWanted: IsWanted): boolean {
  return joinParts(codes).some((code) => isWantedCode(code, isWanted));
}
