/** What the engine and its workers say to each other. */
import type { DecodedCode } from "../../devices.ts";

/** A picture and the places in the ladder to try on it, until one of them reads something. */
export interface Job {
  width: number;
  height: number;
  /** The luminance, shared: it is not touched before the answer comes. */
  pixels: SharedArrayBuffer;
  ladder: "cheap" | "further";
  steps: number[];
}

/** Ready once, then one answer for each job. */
export type WorkerMessage =
  | { kind: "ready" }
  | { kind: "answer"; codes: DecodedCode[]; step: number | undefined };
