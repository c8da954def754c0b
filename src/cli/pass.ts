/** `sentinel pass`: makes issuer keys and health passes for trials, and revokes them. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { z } from "zod";
import type { CodeColour, ReportedResult } from "../core/evidence/evidence.ts";
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import {
  issueHealthPass,
  type HealthPassContent,
} from "../credential/formats/health-pass/health-pass.ts";
import { isResidentNumber } from "../credential/formats/resident-id/card-number.ts";
import { maskName, pseudonymOf } from "../credential/pseudonym.ts";
import {
  createIssuerKey,
  ISSUERS_KIND,
  parseIssuerKey,
  publicIssuerFile,
  secretIssuerFile,
  type IssuerKey,
  type IssuerKeyFile,
} from "../credential/formats/health-pass/issuer-key.ts";
import { timeOf } from "../base/dates.ts";
import { REVOCATIONS_KIND, type RevocationFile } from "../credential/trust/revocation-files.ts";
import { printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";
import { readKey } from "./verify.ts";

type Print = (line: string) => void;

/** The verb with its own verbs, ready to be added to the program. @param print where its lines go */
export function passCommand(print: Print = printLine): Command {
  return new Command("pass")
    .description("make issuer keys and health passes for trials")
    .addCommand(districtKeyCommand())
    .addCommand(keyCommand(print))
    .addCommand(issueCommand(print))
    .addCommand(voidCommand())
    .addHelpText("after", EXAMPLES);
}

const EXAMPLES = `
A trial from nothing:
  sentinel pass district-key --out district.key
  sentinel pass key --issuer "Fengxian district" --out issuer.secret.json --trust issuers.json
  sentinel pass issue --key issuer.secret.json --district-key district.key \\
    --number 11010519491231002X --colour green --test negative --sampled 2026-05-01T08:00+08:00 --qr pass.png > pass.txt
  sentinel verify - --trust issuers.json < pass.txt
The units need issuers.json and district.key; issuer.secret.json stays with the issuer.`;

function districtKeyCommand(): Command {
  return new Command("district-key")
    .exitOverride()
    .description("make the key under which people become pseudonyms, the same on all units")
    .requiredOption("--out <file>", "where to write it, hex; readable by its owner only")
    .action((options: { out: string }) => {
      writeSecret(options.out, `${randomBytes(32).toString("hex")}\n`);
    });
}

interface KeyOptions {
  issuer: string;
  algorithm: "EdDSA" | "ES256";
  from?: string;
  days: string;
  out: string;
  trust: string;
  seed?: string;
}

function keyCommand(print: Print): Command {
  return new Command("key")
    .exitOverride()
    .description("make an issuer's key; added to the files if they exist, so that keys can rotate")
    .requiredOption("--issuer <name>", "who issues, as staff will read it")
    .addOption(
      new Option("--algorithm <name>", "EdDSA makes the same pass twice alike, ES256 does not")
        .choices(["EdDSA", "ES256"])
        .default("EdDSA"),
    )
    .option("--from <time>", "first moment it may sign, ISO 8601; default now")
    .option("--days <count>", "how long it may sign", "365")
    .option("--out <file>", "the issuer's secret file", "issuer.secret.json")
    .option("--trust <file>", "the file units trust", "issuers.json")
    .option("--seed <hex>", "32 bytes that determine the key, for seeded runs")
    .action((options: KeyOptions) => {
      print(makeKey(options));
    });
}

function makeKey(options: KeyOptions): string {
  const notBeforeMs = moment("--from", options.from) ?? Math.floor(Date.now() / 1000) * 1000;
  const days = number("--days", options.days, 1, 3650);
  const seed = options.seed === undefined ? undefined : hexBytes("--seed", options.seed, 32);
  const key = createIssuerKey({
    algorithm: options.algorithm,
    issuer: options.issuer,
    notBeforeMs,
    notAfterMs: notBeforeMs + days * DAY_MS,
    ...(seed === undefined ? {} : { seed }),
  });
  const former = existsSync(options.out) ? readSecrets(options.out) : [];
  const keys = [...former.filter((each) => each.keyId !== key.keyId), key];
  writeSecret(options.out, pretty(secretIssuerFile(keys, notBeforeMs)));
  writeFileSync(options.trust, pretty(publicIssuerFile(keys, notBeforeMs)));
  return `key ${key.keyId}, ${key.algorithm}, until ${new Date(key.notAfterMs).toISOString()}`;
}

interface IssueOptions {
  key: string;
  districtKey: string;
  number: string;
  name?: string;
  form: "live" | "paper";
  colour?: CodeColour;
  test?: ReportedResult;
  sampled?: string;
  reported?: string;
  antigen?: ReportedResult;
  antigenSampled?: string;
  doses?: string;
  dosesNeeded?: string;
  lastDose?: string;
  at?: string;
  validMinutes?: string;
  serial?: string;
  qr?: string;
  json?: boolean;
}

const RESULTS = ["negative", "positive", "pending"];

function issueCommand(print: Print): Command {
  return new Command("issue")
    .exitOverride()
    .description("issue a pass and print its text")
    .requiredOption("--key <file>", "the issuer's secret file")
    .requiredOption("--district-key <file>", "the district's key, hex or base64url")
    .requiredOption(
      "--number <id>",
      "the holder's ID number; only its pseudonym goes into the pass",
    )
    .option("--name <name>", "the holder's name; all but its first character is masked")
    .addOption(
      new Option("--form <form>", "live: 30 minutes; paper: 180 days, together with the ID card")
        .choices(["live", "paper"])
        .default("live"),
    )
    .addOption(new Option("--colour <colour>", "code colour").choices(["green", "yellow", "red"]))
    .addOption(new Option("--test <result>", "last nucleic acid test").choices(RESULTS))
    .option("--sampled <time>", "when its swab was taken, ISO 8601")
    .option("--reported <time>", "when the laboratory reported it")
    .addOption(new Option("--antigen <result>", "last antigen test").choices(RESULTS))
    .option("--antigen-sampled <time>", "when it was taken")
    .option("--doses <count>", "vaccination doses")
    .option("--doses-needed <count>", "doses that complete the series")
    .option("--last-dose <date>", "date of the last dose")
    .option("--at <time>", "when the pass is issued; default now")
    .option("--valid-minutes <count>", "another validity than the form's")
    .option("--serial <hex>", "16 hexadecimal digits; default random")
    .option("--qr <file>", "draw the code: .png or .svg")
    .option("--json", "print one line of JSON: text, serial, times")
    .action(async (options: IssueOptions) => {
      print(await issue(options));
    });
}

async function issue(options: IssueOptions): Promise<string> {
  const issuedAtMs = moment("--at", options.at) ?? Math.floor(Date.now() / 1000) * 1000;
  const key = activeKey(options.key, issuedAtMs);
  const content = contentOf(options, issuedAtMs);
  let text: string;
  try {
    text = issueHealthPass(key, content);
  } catch (error) {
    throw UsageError.because(error);
  }
  if (options.qr !== undefined) await drawCode(options.qr, text);
  const { serial } = content;
  return options.json === true
    ? JSON.stringify({ text, serial, keyId: key.keyId, issuedAtMs })
    : text;
}

function contentOf(options: IssueOptions, issuedAtMs: number): HealthPassContent {
  const holderNumber = options.number.toUpperCase();
  if (!isResidentNumber(holderNumber)) {
    throw new UsageError(
      "--number: not a resident number (18 characters, or 15 of a foreigner's card of 2017, with a " +
        "day of birth that exists and a true check character)",
    );
  }
  const districtKey = readKey(options.districtKey);
  const content: HealthPassContent = {
    form: options.form,
    serial: options.serial?.toLowerCase() ?? randomBytes(8).toString("hex"),
    issuedAtMs,
    holder: { pseudonym: pseudonymOf(districtKey, holderNumber) },
  };
  if (options.name !== undefined)
    content.holder.maskedName = Array.from(maskName(options.name)).slice(0, 12).join("");
  if (options.colour !== undefined) content.colour = options.colour;
  if (options.test !== undefined) {
    const reportedAtMs = moment("--reported", options.reported);
    content.nucleicAcidTest = {
      result: options.test,
      sampledAtMs: needed("--sampled", options.sampled, "--test"),
      ...(reportedAtMs === undefined ? {} : { reportedAtMs }),
    };
  }
  if (options.antigen !== undefined) {
    const sampledAtMs = needed("--antigen-sampled", options.antigenSampled, "--antigen");
    content.antigenTest = { result: options.antigen, sampledAtMs };
  }
  if (options.doses !== undefined) {
    content.vaccination = {
      doses: number("--doses", options.doses, 0, 20),
      lastDoseAtMs: needed("--last-dose", options.lastDose, "--doses"),
    };
    if (options.dosesNeeded !== undefined) {
      content.vaccination.dosesNeeded = number("--doses-needed", options.dosesNeeded, 1, 20);
    }
  }
  if (options.validMinutes !== undefined) {
    const minutes = number("--valid-minutes", options.validMinutes, 1, 10_000_000);
    content.validUntilMs = issuedAtMs + minutes * MINUTE_MS;
  }
  return content;
}

function activeKey(file: string, atMs: number): IssuerKey {
  const keys = readSecrets(file).filter((key) => key.notBeforeMs <= atMs && atMs < key.notAfterMs);
  const newest = keys.sort((a, b) => b.notBeforeMs - a.notBeforeMs)[0];
  if (newest === undefined) {
    throw new UsageError(`${file}: no key may sign at ${new Date(atMs).toISOString()}`);
  }
  return newest;
}

async function drawCode(file: string, text: string): Promise<void> {
  // A unit is installed without it: passes for trials are made elsewhere.
  const { toBuffer, toString: toQrText } = await import("qrcode").catch(() => {
    throw new UsageError(
      "--qr needs the package qrcode, which a unit does not have: use a checkout",
    );
  });
  // Level M and four modules of quiet zone, as ISO/IEC 18004 asks for.
  const options = { errorCorrectionLevel: "M" as const, margin: 4 };
  if (file.endsWith(".svg")) writeFileSync(file, await toQrText(text, { ...options, type: "svg" }));
  else if (file.endsWith(".png"))
    writeFileSync(file, await toBuffer(text, { ...options, scale: 8 }));
  else throw new UsageError(`--qr: "${file}" ends neither in .png nor in .svg`);
}

function voidCommand(): Command {
  return new Command("void")
    .exitOverride()
    .description(
      "put serials on a revocation list; a reissued paper pass supersedes the former one",
    )
    .argument("<serial...>", "16 hexadecimal digits each")
    .requiredOption("--list <file>", "the list; made if it does not exist")
    .option("--superseded", "another pass has taken its place")
    .option("--at <time>", "date of the list; default now")
    .action((serials: string[], options: { list: string; superseded?: boolean; at?: string }) => {
      voidSerials(serials, options);
    });
}

const ListFile = z.object({
  kind: z.literal(REVOCATIONS_KIND),
  namespace: z.literal("health-pass"),
  asOf: z.string(),
  revoked: z.array(z.string()),
  superseded: z.array(z.string()),
});

function voidSerials(
  serials: readonly string[],
  options: { list: string; superseded?: boolean; at?: string },
): void {
  const { list, superseded = false } = options;
  const file: RevocationFile = existsSync(list)
    ? checkedFile(list, ListFile)
    : { kind: REVOCATIONS_KIND, namespace: "health-pass", asOf: "", revoked: [], superseded: [] };
  const target = superseded ? file.superseded : file.revoked;
  for (const serial of serials) {
    const hex = Buffer.from(hexBytes("serial", serial, 8)).toString("hex");
    if (!target.includes(hex)) target.push(hex);
  }
  file.asOf = new Date(moment("--at", options.at) ?? Date.now()).toISOString();
  writeFileSync(list, pretty(file));
}

const SecretFile = z.object({
  kind: z.literal(ISSUERS_KIND),
  asOf: z.string(),
  keys: z.array(
    z.looseObject({
      kid: z.string(),
      alg: z.enum(["ES256", "EdDSA"]),
      iss: z.string(),
      nbf: z.number(),
      exp: z.number(),
      d: z.string(),
    }),
  ),
});

function readSecrets(file: string): IssuerKey[] {
  const { keys }: IssuerKeyFile = checkedFile(file, SecretFile);
  try {
    return keys.map(parseIssuerKey);
  } catch {
    throw new UsageError(`${file}: holds a damaged key`);
  }
}

function checkedFile<T>(file: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw UsageError.because(error, file);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError(`${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

function writeSecret(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function moment(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = timeOf(text);
  if (Number.isNaN(ms))
    throw new UsageError(`${option}: "${text}" is not an ISO 8601 time that exists`);
  return ms;
}

function needed(option: string, text: string | undefined, because: string): number {
  const ms = moment(option, text);
  if (ms === undefined) throw new UsageError(`${because} needs ${option}`);
  return ms;
}

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${option}: a whole number from ${least} to ${most}, not "${text}"`);
}

function hexBytes(option: string, text: string, length: number): Uint8Array {
  if (/^[0-9a-f]*$/i.test(text) && text.length === length * 2) {
    return new Uint8Array(Buffer.from(text, "hex"));
  }
  throw new UsageError(`${option}: ${length * 2} hexadecimal digits, not "${text}"`);
}
