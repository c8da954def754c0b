/** Files of an operator as sets a unit will take: read as the unit reads them, before anything is signed. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DataSetKind } from "../../core/data-set.ts";
import { timeOf } from "../../base/dates.ts";
import { readRevocationFile } from "../../credential/trust/revocation-files.ts";
import type { ValueSets } from "../../credential/formats/eu-dcc/business-rules.ts";
import {
  parseRuleJson,
  parseRuleDocuments,
  RULES_KIND,
  type RuleFile,
} from "../../credential/formats/eu-dcc/rule-files.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import { readTrustFile } from "../../credential/trust/trust-files.ts";
import {
  directorySet,
  readRevocationSet,
  readRulesSet,
  SET_LIMITS,
  trustPieces,
} from "../../credential/data-set-formats.ts";
import { readPolicySet } from "../../config/policy.ts";
import { readDirectory } from "../../credential/directory/directory-file.ts";
import { UsageError } from "../../cli/support/usage.ts";

/** A set ready to be signed. */
export interface DataSetContent {
  files: readonly Uint8Array[];
  /** What its own date says, or the files'; the oldest counts (epoch ms). */
  asOfMs: number;
  /** What is in it, for people: e.g. "50000 people". */
  what: string;
}

export interface DataSetContentOptions {
  /** The date of the data, ISO 8601 or `now`, where it is not the files'. */
  asOf?: string | undefined;
  /** Whose rules admit; for `rules` alone. */
  of?: readonly string[] | undefined;
}

interface Input {
  name: string;
  bytes: Buffer;
  modifiedMs: number;
  /** What becomes of JSON that is neither rule nor value set: in a folder it may be a test of a rule. */
  others: "refuse" | "pass-over";
}

/**
 * Reads and checks a set.
 * @throws UsageError naming the file and the fault
 */
export function readDataSetContent(
  kind: DataSetKind,
  names: readonly string[],
  { asOf, of = [] }: DataSetContentOptions = {},
): DataSetContent {
  const inputs = kind === "rules" ? names.flatMap(readInputs) : names.map(readInput);
  const content = kind === "rules" ? rulesContent(inputs, of) : contentOf(kind, inputs);
  const limits = SET_LIMITS[kind];
  const size = content.files.reduce((sum, { length }) => sum + length, 0);
  if (content.files.length > limits.files) {
    throw new UsageError(`${kind}: ${limits.files} files at most, not ${content.files.length}`);
  }
  if (size > limits.bytes) throw new UsageError(`${kind}: ${limits.bytes} bytes at most`);
  if (content.files.some(({ length }) => length === 0))
    throw new UsageError(`${kind}: it is empty`);
  return { ...content, asOfMs: asOf === undefined ? content.asOfMs : momentOf(asOf) };
}

function contentOf(kind: Exclude<DataSetKind, "rules">, inputs: readonly Input[]): DataSetContent {
  const files = inputs.map(({ bytes }) => bytes);
  const dates = inputs.map(({ modifiedMs }) => modifiedMs);
  switch (kind) {
    case "policy": {
      const policies = inputs.map((input) => checked(input, () => readPolicySet(input.bytes)));
      const [policy] = policies;
      if (policy === undefined) throw new UsageError("policy: name a file");
      const asOfMs = policy.issuedAtMs > 0 ? policy.issuedAtMs : oldest(dates);
      return { files, asOfMs, what: `policy "${policy.id}" ${policy.version}` };
    }
    case "directory": {
      const rows = inputs.flatMap((input) =>
        checked(input, () => readDirectory(input.bytes.toString("utf8"))),
      );
      const set = checked({ name: "directory" }, () => directorySet(rows));
      return { files: [set], asOfMs: oldest(dates), what: `${rows.length} people` };
    }
    case "trust": {
      const own = inputs.map((input) =>
        checked(input, () => {
          for (const _piece of trustPieces(input.bytes, input.modifiedMs));
          return readTrustFile(input.bytes, input.modifiedMs);
        }),
      );
      const keys = own.reduce((sum, set) => sum + set.keys.length, 0);
      const warnings = own.flatMap((set) => set.warnings ?? []);
      const what = [`${keys} keys`, ...warnings].join("; ");
      return { files, asOfMs: oldest(own.map(({ asOfMs }) => asOfMs)), what };
    }
    case "revocation": {
      const lists = inputs.flatMap((input) =>
        checked(input, () => {
          readRevocationSet(input.bytes, input.modifiedMs);
          return readRevocationFile(input.bytes, input.modifiedMs);
        }),
      );
      const entries = lists.reduce(
        (sum, list) => sum + (list.entries?.size ?? 0) + (list.filter?.entries ?? 0),
        0,
      );
      const asOfMs = oldest(lists.map((list) => list.asOfMs));
      const warnings = lists.flatMap((list) => list.warnings ?? []);
      return { files, asOfMs, what: [`${entries} revoked`, ...warnings].join("; ") };
    }
  }
}

/** Rules and value sets as one file: what a unit reads in one go, and an operator can keep. */
function rulesContent(inputs: readonly Input[], places: readonly string[]): DataSetContent {
  const parts = inputs.map((input) =>
    checked(input, () => parseRuleDocuments([parseRuleJson(input.bytes)], input.others)),
  );
  const rules = parts.flatMap((each) => each.rules);
  const named = places.length > 0 ? places : parts.flatMap(({ of }) => of);
  const dates = inputs.map(({ modifiedMs }, index) => parts[index]?.asOfMs ?? modifiedMs);
  const asOfMs = oldest(dates);
  const file: RuleFile = {
    kind: RULES_KIND,
    asOf: new Date(asOfMs).toISOString(),
    ...(named.length === 0 ? {} : { of: [...new Set(named)] }),
    rules,
    valueSets: Object.assign({}, ...parts.map(({ valueSets }) => valueSets)) as ValueSets,
  };
  const set = Buffer.from(canonicalJson(file));
  checked({ name: "rules" }, () => readRulesSet(set, asOfMs));
  return { files: [set], asOfMs, what: `${rules.length} rules` };
}

/** A folder stands for every JSON file in it, in the order of their names. */
function readInputs(name: string): Input[] {
  if (!checked({ name }, () => statSync(name)).isDirectory()) return [readInput(name)];
  const names = checked({ name }, () => readdirSync(name, { recursive: true, encoding: "utf8" }));
  const files = names.sort().filter((each) => each.endsWith(".json"));
  return files.map((each) => ({ ...readInput(join(name, each)), others: "pass-over" }));
}

function readInput(name: string): Input {
  return checked({ name }, () => ({
    name,
    bytes: readFileSync(name),
    modifiedMs: statSync(name).mtimeMs,
    others: "refuse",
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

// A set is as old as the oldest thing in it, and never from the future.
function oldest(dates: readonly number[]): number {
  return Math.min(Date.now(), ...dates);
}
