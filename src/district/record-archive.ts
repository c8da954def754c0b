/** The port to the far end's database: batches of records in, committed ranges out. */
import type { Range } from "../base/range-set.ts";
import type { AntiPassbackViolation } from "./anti-passback.ts";
import type { ReceivedRecord } from "./received-record.ts";

/** One generation of a unit's database, as far as it has arrived. */
export interface Stream {
  unit: string;
  epoch: string;
  /** Last number of the unbroken run from 1; 0 where 1 is missing. */
  through: number;
  /** Numbers that are durable here. */
  ranges: readonly Range[];
  /** Numbers that are missing below the highest one. */
  gaps: readonly Range[];
}

/** What a unit last published about itself; the broker publishes it for one that vanished. */
export interface Presence {
  unit: string;
  state: string;
}

/** What is stored in one transaction. */
export interface RecordBatch {
  records: readonly ReceivedRecord[];
  presences?: readonly Presence[];
  /** Wall time of the collector. */
  receivedMs: number;
}

/** What became of a batch that is durable. */
export interface CommittedBatch {
  stored: number;
  /** Records that were here already, with the same content. */
  duplicates: number;
  /** Numbers that came again with another content; kept apart from the records. */
  conflicts: number;
  /**
   * Streams to acknowledge, changed or not: a duplicate means that an acknowledgement was lost. They
   * are snapshots: what is committed later does not show in them.
   */
  touched: readonly Stream[];
}

/** A record as it is kept. */
export interface ArchivedRecord {
  seq: number;
  hash: string;
  canonical: string;
  holder: string | null;
}

export interface Conflict {
  unit: string;
  epoch: string;
  seq: number;
  hash: string;
}

/**
 * A collector's database. Callers keep one `store` under way at a time and acknowledge records only
 * after its promise resolves: a unit deletes what is acknowledged.
 */
export interface RecordArchive {
  /** Resolves once the whole batch is durable. Rejects when nothing of it was stored. */
  store(batch: RecordBatch): Promise<CommittedBatch>;
  /** Every stream, in the order in which they were first received. */
  streams(): Promise<readonly Stream[]>;
  /** Records of one stream in the unit's order, across gaps. */
  records(unit: string, epoch: string): AsyncIterable<ArchivedRecord>;
  count(): Promise<number>;
  conflicts(): Promise<readonly Conflict[]>;
  /** Live codes that let somebody in twice, in the order of the second visits. */
  reusedCodes(): Promise<readonly AntiPassbackViolation[]>;
  countReusedCodes(): Promise<number>;
  /**
   * Removes a holder's pseudonym from everything, in a way that leaves no trace in the files.
   * @returns how many records lost their link to the person
   */
  forget(holderPseudonym: string): Promise<number>;
  /** Nothing may be under way. */
  close(): Promise<void>;
}
