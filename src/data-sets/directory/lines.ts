/** The directory of people as bytes: one canonical line a person, and the steps from one version to the next. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/canonical-json.ts";
import { z } from "zod";
import { errorText } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import type { DirectoryRow } from "../../core/evidence/directory.ts";
import { readDirectoryLine } from "./entry.ts";

const MAX_LINE_BYTES = 65_536;
const NEWLINE = 0x0a;

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
 * @throws Error where a pseudonym or a token is there twice
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
    if (rest.length > MAX_LINE_BYTES) throw new Error("a line is longer than an entry may be");
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

const lineHead = z.object({ pseudonym: z.string() });

function pseudonymOf(line: string): string {
  return lineHead.parse(parseJson(line)).pseudonym;
}

/** Lines of a set that was made here, by pseudonym. */
function linesByPerson(set: Uint8Array): Map<string, string> {
  const lines = Buffer.from(set).toString("utf8").split("\n");
  return new Map(lines.filter((line) => line !== "").map((line) => [pseudonymOf(line), line]));
}

/**
 * The difference between two directory sets: `{"remove":"<pseudonym>"}` or the new line, in the order
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
    throw new Error(`${where}: ${errorText(error)}`, {
      cause: error,
    });
  }
}
