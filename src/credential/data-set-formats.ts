/** What a distributed set must be, byte for byte; the same for whoever publishes and whoever takes it. */
import { createHash } from "node:crypto";
import type { DataSetKind } from "../core/data-set.ts";
import { isFilterFile } from "./trust/bloom.ts";
import { readRevocationFile } from "./trust/revocation-files.ts";
import type { RevocationList } from "./trust/revocation.ts";
import type { RuleSet } from "./formats/eu-dcc/business-rules.ts";
import { parseRuleJson, parseRuleDocuments, ruleSetOf } from "./formats/eu-dcc/rule-files.ts";
import { readTrustFile } from "./trust/trust-files.ts";
import type { TrustSet } from "./trust/trust.ts";
import { readDirectoryLine } from "./directory/directory-file.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import type { DirectoryRow } from "../core/evidence/directory.ts";

const MIB = 1_048_576;

/** The most a set may be: what a unit holds in memory, or works through in a few minutes. */
export const SET_LIMITS: Readonly<Record<DataSetKind, { bytes: number; files: number }>> = {
  policy: { bytes: MIB / 4, files: 1 },
  directory: { bytes: 128 * MIB, files: 1 },
  trust: { bytes: 4 * MIB, files: 16 },
  revocation: { bytes: 64 * MIB, files: 16 },
  rules: { bytes: 2 * MIB, files: 1 },
};

/** What is read in one go must not hold up the door for longer than a blink. */
const LONGEST_JSON = 2 * MIB;
const CERTIFICATES_AT_ONCE = 50;
const LONGEST_LINE = 65_536;
const NEWLINE = 0x0a;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * A trust file in pieces, each read in a few milliseconds; the date is the set's, not the file's.
 * @throws TrustFileError where it is not trust
 */
export function* trustPieces(bytes: Uint8Array, asOfMs: number): Iterable<TrustSet> {
  const text = Buffer.from(bytes).toString("utf8");
  const isJson = /^\s*[[{]/.test(text);
  const certificates = isJson ? [] : (text.match(CERTIFICATE) ?? []);
  if (certificates.length === 0) {
    if (bytes.length > LONGEST_JSON) throw tooLong("a key set");
    yield { ...readTrustFile(bytes, asOfMs), asOfMs };
  }
  for (let at = 0; at < certificates.length; at += CERTIFICATES_AT_ONCE) {
    const some = certificates.slice(at, at + CERTIFICATES_AT_ONCE).join("\n");
    yield { ...readTrustFile(some, asOfMs), asOfMs };
  }
}

/** @throws TrustFileError where it is no revocation list; the date is the set's, not the file's */
export function readRevocationSet(bytes: Uint8Array, asOfMs: number): RevocationList[] {
  if (bytes.length > LONGEST_JSON && !isFilterFile(bytes)) {
    throw tooLong("an exact list, of which a filter can be made,");
  }
  const lists = readRevocationFile(bytes, asOfMs);
  return lists.map((list) => ({ ...list, asOfMs }));
}

/** @throws RuleFileError where they are no rules; the date is the set's, not the file's */
export function readRulesSet(bytes: Uint8Array, asOfMs: number): RuleSet {
  const parts = parseRuleDocuments([parseRuleJson(bytes)], "refuse");
  return ruleSetOf(parts, [], asOfMs);
}

function tooLong(what: string): Error {
  return new Error(`${what} has at most ${LONGEST_JSON / MIB} MiB`);
}

/** Orders pseudonyms as the database does: by their bytes. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A directory row as its line: canonical JSON, so that the same directory is always the same bytes. */
export function directoryLine({ entry, tokenReferences }: DirectoryRow): string {
  const tokens = [...(tokenReferences ?? [])].sort(byBytes);
  return canonicalJson(tokens.length === 0 ? entry : { ...entry, tokenReferences: tokens });
}

/**
 * A directory as a set: one line a person, in the order of their pseudonyms.
 * @throws Error where somebody, or a token, is there twice
 */
export function directorySet(rows: readonly DirectoryRow[]): Buffer {
  const sorted = [...rows].sort((a, b) => byBytes(a.entry.pseudonym, b.entry.pseudonym));
  const tokens = new Set<string>();
  let former = "";
  const lines = sorted.map((row) => {
    if (row.entry.pseudonym === former) throw new Error("a pseudonym is there twice");
    former = row.entry.pseudonym;
    for (const token of row.tokenReferences ?? []) {
      if (tokens.has(token)) throw new Error("a token leads to two entries");
      tokens.add(token);
    }
    return `${directoryLine(row)}\n`;
  });
  return Buffer.from(lines.join(""));
}

/** Lines of a text that comes in portions. @throws Error where one is longer than any entry may be */
export async function* linesOf(portions: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  let rest = Buffer.alloc(0);
  for await (const portion of portions) {
    const text = Buffer.concat([rest, portion]);
    let from = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, from)) {
      yield text.toString("utf8", from, end);
      from = end + 1;
    }
    rest = text.subarray(from);
    if (rest.length > LONGEST_LINE) throw new Error("a line is longer than an entry may be");
  }
  if (rest.length > 0) throw new Error("the last line has no end");
}

/** Rows of a directory set. @throws Error that names the first line which is wrong */
export async function* directoryRows(
  portions: AsyncIterable<Uint8Array>,
): AsyncIterable<DirectoryRow> {
  let number = 0;
  let former = "";
  for await (const line of linesOf(portions)) {
    number += 1;
    const row = within(`line ${number}`, () => readDirectoryLine(line));
    if (byBytes(former, row.entry.pseudonym) >= 0) {
      throw new Error(`line ${number}: not in the order of pseudonyms`);
    }
    former = row.entry.pseudonym;
    yield row;
  }
}

/** One step of a delta. */
export type DirectoryStep = { put: DirectoryRow } | { remove: string };

const REMOVE = /^\{"remove":"([^"\\]+)"\}$/;

/** Lines of a set that was made here, by person. */
function linesByPerson(set: Uint8Array): Map<string, string> {
  const lines = Buffer.from(set).toString("utf8").split("\n");
  return new Map(
    lines
      .filter((line) => line !== "")
      .map((line) => [(JSON.parse(line) as { pseudonym: string }).pseudonym, line]),
  );
}

/**
 * The way from one directory set to another: `{"remove":"<pseudonym>"}` or the new line, in the order
 * of pseudonyms. Where nothing changed but the date it is one empty line.
 */
export function directoryDelta(base: Uint8Array, next: Uint8Array): Buffer {
  const before = linesByPerson(base);
  const after = linesByPerson(next);
  const people = [...new Set([...before.keys(), ...after.keys()])].sort(byBytes);
  const steps = people.flatMap((person) => {
    const line = after.get(person);
    if (line === undefined) return [`{"remove":${JSON.stringify(person)}}\n`];
    return line === before.get(person) ? [] : [`${line}\n`];
  });
  return Buffer.from(steps.length === 0 ? "\n" : steps.join(""));
}

/** Steps of a delta, by pseudonym. @throws Error that names the first line which is wrong */
export async function directorySteps(
  portions: AsyncIterable<Uint8Array>,
): Promise<Map<string, DirectoryStep>> {
  const steps = new Map<string, DirectoryStep>();
  for await (const line of linesOf(portions)) {
    if (line === "") continue;
    const remove = REMOVE.exec(line)?.[1];
    if (remove !== undefined) {
      steps.set(remove, { remove });
      continue;
    }
    const put = within(`line ${steps.size + 1}`, () => readDirectoryLine(line));
    steps.set(put.entry.pseudonym, { put });
  }
  return steps;
}

/** The hash of a directory set that is made row by row. */
export class DirectoryHash {
  readonly #hash = createHash("sha256");
  size = 0;

  add(row: DirectoryRow): void {
    this.#hash.update(`${directoryLine(row)}\n`);
    this.size += 1;
  }

  hex(): string {
    return this.#hash.digest("hex");
  }
}

function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : "invalid"}`, {
      cause: error,
    });
  }
}
