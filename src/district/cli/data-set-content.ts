/** Files of an operator as sets a unit will take: read as the unit reads them, before anything is signed. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { timeOf } from "../../base/dates.ts";
import type { DataSetKind } from "../../core/data-set.ts";
import {
  SourceError,
  type DataSetContent,
  type DataSetFormat,
  type SourceFile,
} from "../../data-sets/format.ts";
import { DATA_SET_FORMATS } from "../../data-sets/index.ts";
import { UsageError } from "../../cli/support/usage.ts";

export interface DataSetContentOptions {
  /** The date of the data, ISO 8601 or `now`, where it is not the files'. */
  asOf?: string | undefined;
  /** Whose rules admit; for `rules` alone. */
  of?: readonly string[] | undefined;
}

/**
 * Reads and checks a set.
 * @throws UsageError naming the file and what is wrong with it
 */
export function readDataSetContent(
  kind: DataSetKind,
  names: readonly string[],
  { asOf, of = [] }: DataSetContentOptions = {},
): DataSetContent {
  const format = DATA_SET_FORMATS[kind];
  const sources = names.flatMap((name) =>
    format.takesFolders ? readSources(name) : [readSourceFile(name)],
  );
  const content = compose(format, sources, of);
  checkLimits(format, content);
  return { ...content, asOfMs: asOf === undefined ? content.asOfMs : momentOf(asOf) };
}

function compose(
  format: DataSetFormat,
  sources: readonly SourceFile[],
  of: readonly string[],
): DataSetContent {
  try {
    return format.compose(sources, { nowMs: Date.now(), of });
  } catch (error) {
    if (error instanceof SourceError) throw UsageError.because(error.cause, error.source);
    throw error;
  }
}

function checkLimits({ kind, limits }: DataSetFormat, { files }: DataSetContent): void {
  const size = files.reduce((sum, { length }) => sum + length, 0);
  if (files.length > limits.files) {
    throw new UsageError(`${kind}: ${limits.files} files at most, not ${files.length}`);
  }
  if (size > limits.bytes) throw new UsageError(`${kind}: ${limits.bytes} bytes at most`);
  if (files.some(({ length }) => length === 0)) throw new UsageError(`${kind}: it is empty`);
}

/** A folder stands for every JSON file in it, in the order of their names. */
function readSources(name: string): SourceFile[] {
  if (!checked({ name }, () => statSync(name)).isDirectory()) return [readSourceFile(name)];
  const names = checked({ name }, () => readdirSync(name, { recursive: true, encoding: "utf8" }));
  const files = names.sort().filter((each) => each.endsWith(".json"));
  return files.map((each) => ({ ...readSourceFile(join(name, each)), isFromFolder: true }));
}

function readSourceFile(name: string): SourceFile {
  return checked({ name }, () => ({
    name,
    bytes: readFileSync(name),
    modifiedMs: statSync(name).mtimeMs,
    isFromFolder: false,
  }));
}

function checked<T>({ name }: { name: string }, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw UsageError.because(error, name);
  }
}

function momentOf(text: string): number {
  const ms = text === "now" ? Date.now() : timeOf(text);
  if (Number.isNaN(ms))
    throw new UsageError(`--as-of: "${text}" is not an ISO 8601 time that exists`);
  return ms;
}
