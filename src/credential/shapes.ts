/** What the texts of credentials look like, as data: a camera's decoders stop for these alone. */
import { FORMATS } from "./formats/index.ts";

/** Sources of regular expressions that ignore case; each format contributes its own. */
export const CREDENTIAL_SHAPES: readonly string[] = FORMATS.flatMap(
  ({ code }) => code?.shapes ?? [],
);
