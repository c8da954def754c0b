/** `sentinel verify`: what a credential states, whether it is valid, and why not. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { Command } from "commander";
import type { Credential } from "../core/evidence/evidence.ts";
import { optional } from "../base/optional.ts";
import { printable } from "../base/printable.ts";
import { RuleStore } from "../credential/formats/eu-dcc/business-rules.ts";
import { timeOf } from "../base/dates.ts";
import { readRevocationFile } from "../credential/trust/revocation-files.ts";
import { RevocationStore } from "../credential/trust/revocation.ts";
import { parseRuleDocuments, ruleSetOf } from "../credential/formats/eu-dcc/rule-files.ts";
import { readTrustFile } from "../credential/trust/trust-files.ts";
import { TrustStore } from "../credential/trust/trust.ts";
import { createCredentialVerifier } from "../credential/verifier.ts";
import { printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";

interface VerifyOptions {
  trust: string[];
  revoked: string[];
  at?: string;
  rules?: string;
  rulesOf: string[];
  valuesets?: string;
  districtKey?: string;
  json?: boolean;
}

type Print = (line: string) => void;

const many = (value: string, former: string[]): string[] => [...former, value];

/** The verb, ready to be added to the program. @param print where its lines go */
export function verifyCommand(print: Print = printLine): Command {
  return new Command("verify")
    .description("print what a credential states and whether it is valid, offline")
    .argument(
      "<text...>",
      "the code's text; - reads it from standard input; several: a card's parts",
    )
    .option(
      "--trust <file>",
      "certificates (PEM, DER, base64, in JSON), JWKS, DID document or issuer keys; repeatable",
      many,
      [],
    )
    .option("--revoked <file>", "revocation list or filter; repeatable", many, [])
    .option(
      "--at <time>",
      "the moment to verify at, ISO 8601 (UTC unless it has a zone); default now",
    )
    .option("--rules <path>", "business rules in CertLogic: a JSON file, or a folder of them")
    .option(
      "--rules-of <country>",
      "whose acceptance rules count; repeatable; default all",
      many,
      [],
    )
    .option(
      "--valuesets <file>",
      "value sets for the rules, JSON; they may stand among the rules too",
    )
    .option(
      "--district-key <file>",
      "key for pseudonyms, hex or base64url; without it none are shown",
    )
    .option("--json", "print one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (texts: string[], options: VerifyOptions, command: Command) => {
      const shown = texts.length === 1 && texts[0] === "-" ? await readStandardInput() : texts;
      const warnings: string[] = [];
      const credential = await verify(shown, options, (warning) => warnings.push(warning));
      for (const warning of warnings) {
        command.configureOutput().writeErr?.(`warning: ${printable(warning)}\n`);
      }
      const isJson = options.json === true;
      const output = isJson ? [asJson(credential, options, warnings)] : asText(credential);
      for (const line of output) print(line);
      process.exitCode = credential.isValid ? 0 : 1;
    });
}

const EXAMPLES = `
Exit status: 0 valid, 1 not valid, 2 wrong usage.

Examples:
  sentinel verify "$(cat pass.txt)" --trust issuers.json --json
  sentinel verify - --trust signers.pem --at 2022-01-31T12:00:00Z < certificate.txt
  sentinel verify "shc:/1/2/…" "shc:/2/2/…" --trust jwks.json --revoked list.json`;

/** One text, or one part a line; the last line's end belongs to the file, not to the code. */
async function readStandardInput(): Promise<string[]> {
  const whole = (await textOf(process.stdin)).replace(/\r?\n$/, "");
  const lines = whole.split(/\r?\n/);
  return lines.every((line) => line.startsWith("shc:/")) ? lines : [whole];
}

async function verify(
  texts: readonly string[],
  options: VerifyOptions,
  warn: (warning: string) => void,
): Promise<Credential> {
  const wallMs = options.at === undefined ? Date.now() : timeOf(options.at);
  if (Number.isNaN(wallMs))
    throw new UsageError(`--at: "${options.at}" is not an ISO 8601 time that exists`);
  const trust = new TrustStore();
  for (const file of options.trust) {
    const { bytes, dateMs } = readFile(file);
    const set = guarded(file, () => readTrustFile(bytes, dateMs));
    for (const warning of set.warnings ?? []) warn(`${file}: ${warning}`);
    trust.replace(file, set);
  }
  const revocation = new RevocationStore();
  for (const file of options.revoked) {
    const { bytes, dateMs } = readFile(file);
    const lists = guarded(file, () => readRevocationFile(bytes, dateMs));
    for (const each of lists.flatMap(({ warnings = [] }) => warnings)) warn(`${file}: ${each}`);
    revocation.replace(file, lists);
  }
  const rules = readRules(options);
  const verifier = createCredentialVerifier({
    trust,
    revocation,
    districtKey: readKey(options.districtKey),
    unitKey: new Uint8Array(32),
    ...(rules === undefined ? {} : { rules }),
  });
  const at = { monotonicMs: 0, wallMs, wallTrusted: true };
  let credential: Credential | undefined;
  // A part given twice is one part: shown to a unit again it would begin another card.
  for (const text of new Set(texts)) {
    credential = await verifier.code(Buffer.from(text, "utf8"), text, at);
  }
  if (credential === undefined) throw new UsageError("no text given");
  return credential;
}

function readFile(file: string): { bytes: Buffer; dateMs: number } {
  return guarded(file, () => ({
    bytes: readFileSync(file),
    dateMs: Math.round(statSync(file).mtimeMs),
  }));
}

function guarded<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw UsageError.because(error, file);
  }
}

/** A key of at least 16 bytes from a file in hex or base64url. */
export function readKey(file: string | undefined): Uint8Array {
  if (file === undefined) return new Uint8Array(32);
  const text = readFile(file).bytes.toString("utf8").trim();
  const hex = /^[0-9a-f]+$/i.test(text) && text.length % 2 === 0;
  if (!hex && !/^[\w-]+$/.test(text)) throw new UsageError(`${file}: neither hex nor base64url`);
  const key = Buffer.from(text, hex ? "hex" : "base64url");
  if (key.length < 16)
    throw new UsageError(`${file}: a key has 16 bytes or more, not ${key.length}`);
  return new Uint8Array(key);
}

function readRules({ rules, rulesOf, valuesets }: VerifyOptions): RuleStore | undefined {
  if (rules === undefined) return undefined;
  const documents = readDocuments(rules);
  const sets = valuesets === undefined ? [] : [readJson(valuesets)];
  return guarded(rules, () => {
    const parts = parseRuleDocuments([...documents, ...sets], "pass-over");
    return new RuleStore(ruleSetOf(parts, rulesOf, oldestOf([rules, valuesets ?? rules])));
  });
}

/** A file, or every JSON file under a folder in the order of their names. */
function readDocuments(path: string): unknown[] {
  if (!guarded(path, () => statSync(path)).isDirectory()) return [readJson(path)];
  const names = guarded(path, () => readdirSync(path, { recursive: true, encoding: "utf8" }));
  const files = names.sort().filter((name) => name.endsWith(".json"));
  return files.map((name) => readJson(join(path, name)));
}

function oldestOf(files: readonly string[]): number {
  return Math.min(...files.map((file) => Math.round(statSync(file).mtimeMs)));
}

function readJson(file: string): unknown {
  return guarded(file, () => JSON.parse(readFileSync(file, "utf8")) as unknown);
}

function asJson(
  credential: Credential,
  options: VerifyOptions,
  warnings: readonly string[],
): string {
  const {
    kind,
    isValid: holds,
    supportingDocument: needsAlongside,
    reasons,
    evidence,
    holder,
    reference: _ofThisRun,
    ...rest
  } = credential;
  const { pseudonym, ...seen } = holder ?? { pseudonym: "" };
  // A pseudonym under no key would look like one and mean nothing.
  const shown = options.districtKey === undefined ? seen : { pseudonym, ...seen };
  const who = holder === undefined ? {} : { holder: shown };
  const remarks = warnings.length === 0 ? {} : { warnings };
  // The names of these keys are what scripts read; they stay when a member is renamed.
  const named = { kind, holds, reasons, evidence };
  return JSON.stringify({ ...named, ...who, ...rest, ...optional({ needsAlongside }), ...remarks });
}

function asText(credential: Credential): string[] {
  const { kind, isValid, reasons, evidence, holder, issuer, issuedAtMs, validUntilMs } = credential;
  const lines = [`${kind}: ${isValid ? "valid" : "not valid"}`];
  for (const { code, params = {} } of reasons) lines.push(`  because ${code}${listed(params)}`);
  if (issuer !== undefined) lines.push(`  issuer ${issuer}`);
  if (holder?.maskedName !== undefined) lines.push(`  holder ${holder.maskedName}`);
  if (issuedAtMs !== undefined) lines.push(`  issued ${dated(issuedAtMs)}`);
  if (validUntilMs !== undefined) lines.push(`  valid until ${dated(validUntilMs)}`);
  for (const {
    kind: what,
    id: _id,
    trust,
    source: _source,
    observedAt: _at,
    ...statement
  } of evidence) {
    lines.push(`  ${trust} ${what}${listed(statement)}`);
  }
  return lines;
}

function listed(values: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(values).map(([name, value]) => {
    if (typeof value === "number" && name.endsWith("Ms")) {
      return `${name.slice(0, -2)} ${MOMENT.test(name) ? dated(value) : lasting(value)}`;
    }
    return `${name} ${Array.isArray(value) ? value.join("+") || "none" : String(value)}`;
  });
  return shown.length === 0 ? "" : ` (${shown.join(", ")})`;
}

/** Names of moments; whatever else ends in milliseconds lasts that long. */
const MOMENT = /(?:at|of|from|until|before|after)Ms$/i;
const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
] as const;

/** In the largest unit of which there are two: 142 s, 31 min, 49 h, 3 d. */
function lasting(ms: number): string {
  const [size, unit] = UNITS.find(([each]) => Math.abs(ms) >= 2 * each) ?? [1_000, "s"];
  return `${Math.round((10 * ms) / size) / 10} ${unit}`;
}

function dated(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
