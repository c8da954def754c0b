/** What verbs that work on a unit's and on a collector's database ask of the district's part. */
import type { Command } from "commander";

/** One record of a unit's database, for comparing it with the collector's copy. */
export interface UnitRecord {
  seq: number;
  hash: string;
  /** Not delivered yet. */
  waiting: boolean;
}

/** What differs between a unit's database and the collector's copy of it, by sequence number. */
export interface Comparison {
  compared: number;
  /** Both have the number, with another content. */
  different: number[];
  /** Delivered according to the unit, and not at the collector. */
  lost: number[];
  /** At the collector, but gone from the unit; pruned ones are not counted. */
  onlyHere: number[];
}

/** A record that was salvaged: its text, proven by its hash. */
export interface ProvenRecord {
  unit: string;
  seq: number;
  canonical: string;
  hash: string;
}

export interface SalvageCounts {
  stored: number;
  duplicates: number;
  conflicts: number;
}

/** A collector's database that salvaged records are put into. */
export interface SalvageTarget {
  store(records: readonly ProvenRecord[], receivedMs: number): Promise<SalvageCounts>;
  close(): Promise<void>;
}

export interface CollectorTools {
  isCollectorDatabase(path: string): boolean;
  /** Verbs of `sentinel audit` that only a collector's database can answer. */
  auditVerbs(): Command[];
  /** Audits every stream and prints what was found. @returns whether all is as it was written */
  audit(path: string, json: boolean, print: (line: string) => void): Promise<boolean>;
  /** Compares one unit's records with the collector's copy of the same database generation. */
  compare(
    path: string,
    stream: { unit: string; epoch: string },
    records: Iterable<UnitRecord>,
  ): Promise<Comparison>;
  /** Removes a holder's pseudonym. @returns how many records lost their link to the person */
  forget(path: string, holderPseudonym: string): Promise<number>;
  /** Opens a collector's database, or makes a new one. */
  openForSalvage(path: string): Promise<SalvageTarget>;
}
