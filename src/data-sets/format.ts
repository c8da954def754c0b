/** What a kind of data set must be: the same for the district that publishes it and the unit that takes it. */
import type { DataSetKind } from "../core/data-set.ts";

export const MIB = 1_048_576;

/** The most a set may be: what a unit holds in memory, or works through in a few minutes. */
export interface DataSetLimits {
  bytes: number;
  files: number;
}

/** A file of an operator that a set is made from. */
export interface SourceFile {
  name: string;
  bytes: Buffer;
  modifiedMs: number;
  /** Found in a folder that was named: it may be there for another purpose. */
  isFromFolder: boolean;
}

export interface ComposeOptions {
  /** No set is dated after this moment (epoch ms). */
  nowMs: number;
  /** Whose rules admit; for `rules` alone. */
  of: readonly string[];
}

/** A set ready to be signed. */
export interface DataSetContent {
  files: readonly Uint8Array[];
  /** What its own date says, or the files'; the oldest counts (epoch ms). */
  asOfMs: number;
  /** What is in it, for people: e.g. "50000 people". */
  what: string;
}

/** One kind of data set. */
export interface DataSetFormat {
  kind: DataSetKind;
  limits: DataSetLimits;
  /** A folder stands for every JSON file in it. */
  takesFolders: boolean;
  /**
   * Reads and checks an operator's files as a unit would, and makes the set of them.
   * @throws SourceError that names the file which is wrong
   */
  compose(sources: readonly SourceFile[], options: ComposeOptions): DataSetContent;
  /** The difference between two versions, where a unit can take one. */
  delta?: (base: Uint8Array, next: Uint8Array) => Uint8Array;
}

/** A kind that a unit reads into memory, file by file. */
export interface InMemoryFormat<Content> extends DataSetFormat {
  /** Whether one file may be too much to read at once: the unit then pauses after each piece. */
  isReadInPieces: boolean;
  /**
   * What is in one file. The date is the set's, not the file's.
   * @throws Error that says what is wrong, without content that could be a person's
   */
  read(bytes: Uint8Array, asOfMs: number): Iterable<Content>;
}

/** What is wrong with one of an operator's files, or with the set they make. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  /** The file, or the kind where it is about the whole set. */
  readonly source: string;

  constructor(source: string, cause: unknown) {
    super(`${source} cannot be used`, { cause });
    this.source = source;
  }
}

/** Reads something of a source. @throws SourceError that names the source */
export function readSource<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SourceError(source, error);
  }
}

/** A set is as old as the oldest thing in it, and never from the future. */
export function oldestOf(dates: readonly number[], nowMs: number): number {
  return Math.min(nowMs, ...dates);
}

/** What is parsed at once must not hold up the door for longer than a blink. */
export const MAX_JSON_BYTES = 2 * MIB;

/** @throws Error where bytes are more than can be parsed at once */
export function limitJson(bytes: Uint8Array, what: string): void {
  if (bytes.length > MAX_JSON_BYTES) {
    throw new Error(`${what} has at most ${MAX_JSON_BYTES / MIB} MiB`);
  }
}
