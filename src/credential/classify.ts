/** Which format a text is of, by its look alone: nothing is verified, nothing is unpacked. */
import type { CodeReading, CredentialFormat, Recognition } from "./format.ts";
import { FORMATS } from "./formats/index.ts";

/** A format whose look a text has. */
export interface Classification {
  format: CredentialFormat;
  code: CodeReading;
  recognition: Recognition;
}

/** Finds the format of a text, without white space around it; undefined where it is of none. */
export function classify(text: string): Classification | undefined {
  for (const format of FORMATS) {
    const { code } = format;
    const recognition = code?.recognise(text);
    if (code !== undefined && recognition !== undefined) return { format, code, recognition };
  }
  return undefined;
}
