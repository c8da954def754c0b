/** `sentinel revocation`: makes the filter units look revoked numbers up in, of lists however long. */
import { closeSync, openSync, readSync, renameSync, writeFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { BloomFilter } from "../credential/trust/bloom.ts";
import { timeOf } from "../base/dates.ts";
import {
  readRevocationFile,
  REVOCATION_NAMESPACES,
  REVOCATIONS_KIND,
  revocationNumber,
} from "../credential/trust/revocation-files.ts";
import { printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";

type Print = (line: string) => void;

const EXAMPLES = `
A list is a text file with one number a line, or a revocation list in JSON (ours, EU batches, SMART
Health Card lists), of which the revoked entries are taken.

A filter misses no entry; now and then it answers yes for a number that is not on any list. Such a hit
is reported as "possibly-revoked" and refers to staff, unless the policy decides otherwise. An issuer that
knows every number it issued can name those that are hit wrongly: --issued lists them, and --cleared
is the file of those, which units get beside the filter.

Examples:
  sentinel revocation build --namespace health-pass --from revoked.txt --out revoked.bloom --json
  sentinel revocation build --namespace health-pass --from revoked.txt --issued issued.txt \\
    --out revoked.bloom --cleared cleared.json
  sentinel publish revocation revoked.bloom cleared.json --district fengxian --key … --broker …`;

/** The verb with its own verbs. @param print where its lines go */
export function revocationCommand(print: Print = printLine): Command {
  return new Command("revocation")
    .description("make revocation lists that units can hold")
    .addCommand(buildCommand(print));
}

interface BuildOptions {
  namespace: string;
  from: string[];
  issued: string[];
  out: string;
  cleared?: string;
  rate: number;
  asOf?: string;
  json?: boolean;
}

const many = (value: string, former: string[]): string[] => [...former, value];

function buildCommand(print: Print): Command {
  return new Command("build")
    .exitOverride()
    .description("make a filter of one or more lists")
    .addOption(
      new Option("--namespace <name>", "whose numbers they are")
        .choices(REVOCATION_NAMESPACES)
        .makeOptionMandatory(),
    )
    .requiredOption("--from <list>", "a list; repeatable", many, [])
    .option("--issued <list>", "every number that was issued; repeatable", many, [])
    .requiredOption("--out <file>", "the filter")
    .option("--cleared <file>", "with --issued: those the filter hits wrongly")
    .option("--rate <share>", "wrong answers per question, e.g. 0.001", share, 0.001)
    .option("--as-of <time>", "date of the lists, ISO 8601; default now")
    .option("--json", "one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((options: BuildOptions) => {
      const report = build(options);
      print(options.json === true ? JSON.stringify(report) : inWords(report));
    });
}

interface BuildReport {
  namespace: string;
  asOf: string;
  entries: number;
  bytes: number;
  falsePositiveRate: number;
  /** Issued numbers that were looked up, and how many of them were hit wrongly. */
  issued?: number;
  cleared?: number;
}

function build(options: BuildOptions): BuildReport {
  const { namespace, from, issued, out, cleared, rate } = options;
  if (issued.length > 0 !== (cleared !== undefined)) {
    throw new UsageError("--issued and --cleared belong together");
  }
  const asOf = new Date(momentOf(options.asOf)).toISOString();
  const lists = from.map((file) => openList(file, namespace));
  // Counted first: the size of a filter follows from how many go in.
  const expected = lists.reduce((sum, list) => sum + count(list()), 0);
  const filter = BloomFilter.of(all(lists), expected, rate);
  const bytes = filter.toBytes({ namespace, asOf });
  replaceFile(out, bytes);
  const { entries, falsePositiveRate } = filter;
  const report = { namespace, asOf, entries, bytes: bytes.length, falsePositiveRate };
  if (cleared === undefined) return report;
  const wrong = hitWrongly(
    filter,
    lists,
    issued.map((file) => openList(file, namespace)),
  );
  const file = { kind: REVOCATIONS_KIND, namespace, asOf, revoked: [], cleared: wrong.numbers };
  replaceFile(cleared, Buffer.from(`${JSON.stringify(file)}\n`));
  return { ...report, issued: wrong.asked, cleared: wrong.numbers.length };
}

type List = () => Iterable<string>;

/** Issued numbers the filter hits although no list has them. */
function hitWrongly(
  filter: BloomFilter,
  lists: readonly List[],
  issued: readonly List[],
): { asked: number; numbers: string[] } {
  let asked = 0;
  const hit = new Set<string>();
  for (const number of all(issued)) {
    asked += 1;
    if (filter.mayContain(number)) hit.add(number);
  }
  for (const number of all(lists)) hit.delete(number);
  return { asked, numbers: [...hit] };
}

function* all(lists: readonly List[]): Iterable<string> {
  for (const list of lists) yield* list();
}

function count(numbers: Iterable<string>): number {
  let sum = 0;
  for (const _number of numbers) sum += 1;
  return sum;
}

const PORTION = 1_048_576;
const LONGEST_NUMBER = 256;

/** A list that can be iterated more than once; a text file is never loaded whole. */
function openList(file: string, namespace: string): List {
  const [start = ""] = guarded(file, () => [...portions(file, 1)]);
  if (!start.startsWith("{") && !start.startsWith("[")) {
    return () => lines(file, namespace);
  }
  const text = guarded(file, () => [...portions(file, PORTION)].join(""));
  const lists = guarded(file, () => readRevocationFile(Buffer.from(text, "latin1"), 0));
  const other = lists.find((list) => list.namespace !== namespace);
  if (other !== undefined) throw new UsageError(`${file} is a list of ${other.namespace} numbers`);
  const numbers = lists.flatMap(({ entries }) =>
    [...(entries ?? [])].flatMap(([number, { verdict }]) =>
      verdict === "revoked" ? [number] : [],
    ),
  );
  return () => numbers;
}

function* lines(file: string, namespace: string): Iterable<string> {
  let rest = "";
  for (const portion of guarded(file, () => portions(file, PORTION))) {
    const parts = (rest + portion).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const number = Buffer.from(part, "latin1").toString("utf8").trim();
      if (number.length > LONGEST_NUMBER) throw new UsageError(`${file}: a line is too long`);
      if (number !== "") yield revocationNumber(namespace, number);
    }
  }
  const last = Buffer.from(rest, "latin1").toString("utf8").trim();
  if (last !== "") yield revocationNumber(namespace, last);
}

/** The file's bytes as text of one character a byte. */
function* portions(file: string, size: number): Iterable<string> {
  const handle = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(size);
    for (;;) {
      const length = readSync(handle, bytes, 0, size, null);
      if (length === 0) return;
      yield bytes.toString("latin1", 0, length);
      if (size === 1) return;
    }
  } finally {
    closeSync(handle);
  }
}

function replaceFile(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.new`, bytes, { flush: true });
  renameSync(`${path}.new`, path);
}

function inWords({ entries, bytes, falsePositiveRate, issued, cleared }: BuildReport): string {
  const once = Math.round(1 / falsePositiveRate);
  const filter = `${entries} entries in ${bytes} bytes; wrong once in about ${once} questions`;
  return cleared === undefined
    ? filter
    : `${filter}; of ${issued} issued ${cleared} are hit wrongly and cleared`;
}

function momentOf(text: string | undefined): number {
  const ms = text === undefined ? Date.now() : timeOf(text);
  if (Number.isNaN(ms))
    throw new UsageError(`--as-of: "${text}" is not an ISO 8601 time that exists`);
  return ms;
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw UsageError.because(error, file);
  }
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 1e-9 && value <= 0.5)) {
    throw new InvalidArgumentError("expected a share from 0.000000001 to 0.5.");
  }
  return value;
}
