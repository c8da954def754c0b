/** Texts that look like a mobile document's engagement. */
import type { FormatSamples } from "../samples.ts";

export const samples: FormatSamples = {
  recognised: ["mdoc:owBjMS4w", "openid4vp://authorize?x"],
};
