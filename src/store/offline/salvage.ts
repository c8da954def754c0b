/** Gets records out of a damaged database: from its bytes, page by page, each proven by its own hash. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import Database from "better-sqlite3";
import { sha256Hex } from "../../base/canonical-json.ts";
import type { Link } from "../../protocol/record-chain.ts";

/** A record as it was found, with the unit and epoch it names. */
export interface SalvagedRecord extends Link {
  unit: string;
  epoch: string;
}

/** What a database says about itself, as far as it can still be read. */
export interface SurvivingFacts {
  unit?: string;
  epoch?: string;
  /** Number of the last record it wrote. */
  headSeq?: number;
  /** Numbers of records that had not arrived: the lowest of them. */
  waitingFrom?: number;
}

/** How canonical records begin: their members are sorted. */
const BEGINNING = '{"at":{"monotonicMs":';
const HASH_LENGTH = 64; // SHA-256 in hexadecimal
/** Longer than any record that lies in one page. */
const LONGEST = 65_536;
const CHUNK = 4 * 1_048_576;

/**
 * Every record that lies whole in a database or its log, once each. SQLite stores a row's columns
 * one behind the other (fileformat2 §2.1), so that a record's text is followed by its hash: bytes
 * that fit are a record, whatever became of the pages around them. Rows longer than a page are
 * found only while SQLite itself can still read them.
 */
export function* salvage(path: string): IterableIterator<SalvagedRecord> {
  const seen = new Set<string>();
  for (const source of [readableRows(path), carve(path), carve(`${path}-wal`)]) {
    for (const record of source) {
      const name = `${record.unit}/${record.epoch}/${record.seq}/${record.hash}`;
      if (seen.has(name)) continue;
      seen.add(name);
      yield record;
    }
  }
}

/** What can be learned without looking at every record. Never throws: what cannot be read is absent. */
export function survivingFactsOf(path: string): SurvivingFacts {
  const remains: SurvivingFacts = {};
  attempt(path, (database) => {
    const meta = database
      .prepare<[string], string>("SELECT value FROM meta WHERE name = ?")
      .pluck();
    const unit = meta.get("unit");
    const epoch = meta.get("epoch");
    if (unit !== undefined) remains.unit = unit;
    if (epoch !== undefined) remains.epoch = epoch;
    const seq = Number(meta.get("head")?.split(":")[0]);
    if (Number.isSafeInteger(seq)) remains.headSeq = seq;
  });
  attempt(path, (database) => {
    const waiting = database.prepare("SELECT min(seq) FROM outbox").pluck().get();
    if (typeof waiting === "number") remains.waitingFrom = waiting;
  });
  return remains;
}

/** Settings of a damaged database, as far as they can be read. */
export function settingsOf(path: string): [name: string, value: string][] {
  const settings: [string, string][] = [];
  attempt(path, (database) => {
    const rows = database
      .prepare<[], { name: string; value: string }>("SELECT name, value FROM settings")
      .iterate();
    for (const { name, value } of rows) settings.push([name, value]);
  });
  return settings;
}

/** The seed of a damaged database's signing key, if it can be read. */
export function seedOf(path: string): string | undefined {
  let seed: string | undefined;
  attempt(path, (database) => {
    const value = database
      .prepare<[], string>("SELECT value FROM meta WHERE name = 'signing-seed'")
      .pluck()
      .get();
    if (value !== undefined && /^[0-9a-f]{64}$/.test(value)) seed = value;
  });
  return seed;
}

/** Runs what may fail at any point of a damaged file. */
function attempt(path: string, read: (database: Database.Database) => void): void {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    read(database);
  } catch {
    // What was read until here is what there is.
  } finally {
    database?.close();
  }
}

function* readableRows(path: string): IterableIterator<SalvagedRecord> {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    const rows = database
      .prepare<[], Link>("SELECT seq, canonical, hash FROM records ORDER BY seq")
      .iterate();
    for (const { canonical, hash } of rows) {
      const record = proven(canonical, hash);
      if (record !== undefined) yield record;
    }
  } catch {
    // SQLite gives up at the first torn page; the bytes behind it are looked through next.
  } finally {
    database?.close();
  }
}

/** Looks for records in plain bytes, a piece at a time; pieces overlap by the longest record. */
function* carve(path: string): IterableIterator<SalvagedRecord> {
  if (!existsSync(path)) return;
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(CHUNK + LONGEST);
    for (let at = 0; ; at += CHUNK) {
      const length = readSync(file, buffer, 0, buffer.length, at);
      yield* recordsIn(buffer.subarray(0, length));
      if (length < buffer.length) return;
    }
  } finally {
    closeSync(file);
  }
}

function* recordsIn(bytes: Buffer): IterableIterator<SalvagedRecord> {
  for (let at = bytes.indexOf(BEGINNING); at >= 0; at = bytes.indexOf(BEGINNING, at + 1)) {
    const end = endOfObject(bytes, at);
    if (end === undefined || end + HASH_LENGTH > bytes.length) continue;
    const hash = bytes.toString("latin1", end, end + HASH_LENGTH);
    const record = proven(bytes.toString("utf8", at, end), hash);
    if (record !== undefined) yield record;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Where the JSON object that begins at `from` ends; nothing when it does not, within bounds. */
function endOfObject(bytes: Buffer, from: number): number | undefined {
  const limit = Math.min(bytes.length, from + LONGEST);
  let depth = 0;
  let inText = false;
  for (let at = from; at < limit; at++) {
    const byte = bytes[at];
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE && --depth === 0) return at + 1;
  }
  return undefined;
}

function proven(canonical: string, hash: string): SalvagedRecord | undefined {
  if (sha256Hex(canonical) !== hash) return undefined;
  try {
    const { unit, epoch, seq } = JSON.parse(canonical) as Record<string, unknown>;
    if (typeof unit !== "string" || typeof epoch !== "string") return undefined;
    if (typeof seq !== "number") return undefined;
    return { unit, epoch, seq, canonical, hash };
  } catch {
    return undefined;
  }
}
