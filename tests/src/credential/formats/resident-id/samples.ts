/** A resident card is read by a card reader: no text looks like one. */
import type { FormatSamples } from "../samples.ts";

export const samples: FormatSamples = { recognised: [] };
