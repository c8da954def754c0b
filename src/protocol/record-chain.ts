/** The hash chain: each record carries its predecessor's hash, so none can change, vanish or move. */
import type { RecordBody } from "../core/record.ts";
import type { Instant } from "../core/time.ts";
import { canonicalJson, sha256Hex } from "../base/canonical-json.ts";

/** What is hashed. A record's identity is unit, epoch and sequence number. */
export interface ChainedRecord {
  unit: string;
  /** New whenever a unit's database begins anew, so that numbers never repeat. */
  epoch: string;
  /** From 1, without gaps. */
  seq: number;
  /** Hash of the record before; of the epoch's genesis for the first. */
  prev: string;
  at: Instant;
  body: RecordBody;
}

/** Where a chain begins: bound to its unit and epoch. */
export function genesisHash(unit: string, epoch: string): string {
  return sha256Hex(canonicalJson({ unit, epoch }));
}

/** A record as it is stored and sent. */
export interface Link {
  seq: number;
  canonical: string;
  hash: string;
}

/** Makes the next link. */
export function link(record: ChainedRecord): Link {
  const canonical = canonicalJson(record);
  return { seq: record.seq, canonical, hash: sha256Hex(canonical) };
}

export type ChainFaultKind =
  /** The text does not match its hash. */
  | "changed"
  /** A sequence number is absent. */
  | "missing"
  /** The record does not follow the one before it. */
  | "out-of-order"
  /** The text names another unit, epoch or number than its place. */
  | "misplaced"
  /** The chain ends elsewhere than the database says. */
  | "cut-short"
  /** The chain begins at a checkpoint that this unit did not sign. */
  | "forged-checkpoint";

export interface ChainFault {
  kind: ChainFaultKind;
  seq: number;
  detail: string;
}

/** What a verifier starts from: the genesis, or the last record that was pruned. */
export interface ChainAnchor {
  unit: string;
  epoch: string;
  seq: number;
  hash: string;
}

/**
 * Checks one link after another; bounded memory, any length.
 * After a fault it goes on from the record it saw, so that one fault is reported once.
 */
export class ChainVerifier {
  readonly #unit: string;
  readonly #epoch: string;
  #seq: number;
  #hash: string;
  /** The link before was faulty: whether this one follows it cannot be said. */
  #broken = false;

  constructor(anchor: ChainAnchor) {
    this.#unit = anchor.unit;
    this.#epoch = anchor.epoch;
    this.#seq = anchor.seq;
    this.#hash = anchor.hash;
  }

  /** Number and hash of the last link that was seen. */
  head(): { seq: number; hash: string } {
    return { seq: this.#seq, hash: this.#hash };
  }

  next(row: Link): ChainFault[] {
    const faults: ChainFault[] = [];
    const report = (kind: ChainFaultKind, seq: number, detail: string): void => {
      faults.push({ kind, seq, detail });
    };
    const gap = row.seq > this.#seq + 1;
    if (gap) {
      const last = row.seq - 1;
      const first = this.#seq + 1;
      report("missing", first, first === last ? `record ${first}` : `records ${first} to ${last}`);
    }
    const actual = sha256Hex(row.canonical);
    if (actual !== row.hash) report("changed", row.seq, "its text does not match its hash");
    const claims = readClaims(row.canonical);
    if (claims === undefined) report("changed", row.seq, "its text is not a record");
    else if (claims.seq !== row.seq || claims.unit !== this.#unit || claims.epoch !== this.#epoch) {
      report(
        "misplaced",
        row.seq,
        `its text says ${String(claims.unit)}/${String(claims.epoch)}/${String(claims.seq)}`,
      );
    } else if (!this.#broken && faults.length === 0 && claims.prev !== this.#hash) {
      report("out-of-order", row.seq, `it does not follow record ${row.seq - 1} as it stands here`);
    }
    this.#seq = row.seq;
    this.#hash = actual;
    this.#broken = faults.length > 0;
    return faults;
  }
}

function readClaims(
  canonical: string,
): { unit: unknown; epoch: unknown; seq: unknown; prev: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(canonical);
    if (typeof value !== "object" || value === null) return undefined;
    const { unit, epoch, seq, prev } = value as Record<string, unknown>;
    return { unit, epoch, seq, prev };
  } catch {
    return undefined;
  }
}
