/** Filters false positives: weakly protected symbols need a second, independent reading. */
import type { DecodedCode } from "../../../devices.ts";
import { contentKey, area } from "./rank.ts";

/** Judges readings of one picture, one step after the other. */
export interface FalsePositiveFilter {
  /** Something was held back and is not confirmed yet. */
  readonly unconfirmed: boolean;
  /** The readings that may be believed now, those held back earlier and confirmed included. */
  accept(codes: readonly DecodedCode[], changed: boolean): DecodedCode[];
}

// The smallest symbols (micro QR M1, 11 modules) at one pixel a module.
const SMALLEST_AREA = 11 * 11;

/**
 * Reed–Solomon makes a misread QR code very unlikely. Micro QR has few check words, M1 none that
 * correct, so one found only in a changed picture must be found a second time the same.
 */
export function createFalsePositiveFilter(): FalsePositiveFilter {
  const heldBack = new Set<string>();
  let doubtful = false;
  return {
    get unconfirmed() {
      return doubtful;
    },
    accept(codes, changed) {
      return codes.filter((code) => {
        if (!plausible(code)) return false;
        if (code.format === "qr" || !changed) return true;
        const key = contentKey(code);
        const confirmed = heldBack.has(key);
        heldBack.add(key);
        doubtful = !confirmed;
        return confirmed;
      });
    },
  };
}

/** A code says something, and its corners, where known, enclose room for a symbol. */
function plausible(code: DecodedCode): boolean {
  if (code.bytes.length === 0) return false;
  return code.corners.length === 0 || area(code.corners) >= SMALLEST_AREA;
}
