/** Texts that look like opaque tokens. */
import type { FormatSamples } from "../samples.ts";

export const samples: FormatSamples = {
  recognised: ["DT1:ABCDEFGHIJKLMNOPQRST", "a1b2c3d4e5f6g7h8i9j0"],
};
