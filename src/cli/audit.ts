/** `sentinel audit`: whether records are what the unit once wrote, and whether a wipe certificate holds. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { auditStream, compare, type Comparison, type StreamReport } from "../district/audit.ts";
import { SqliteRecordArchive, isCollectorDatabase } from "../district/sqlite-record-archive.ts";
import type { AntiPassbackViolation } from "../district/anti-passback.ts";
import { auditUnit, type AuditReport } from "../store/offline/audit.ts";
import type { ChainFault } from "../protocol/record-chain.ts";
import { isCertificateValid, type WipeCertificate } from "../store/offline/wipe.ts";
import { databaseOf, withDatabase, type DatabaseOptions } from "./support/database.ts";
import { salvageCommand } from "./salvage.ts";
import { printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";

interface VerifyOptions extends DatabaseOptions {
  against?: string;
  key?: string;
  json?: boolean;
}

const EXAMPLES = `
Exit status: 0 every record is as it was written, 1 something is not, 2 wrong usage.

Examples:
  sentinel audit verify --config /etc/sentinel/unit.yaml
  sentinel audit verify --database unit.db --against collector.db --json
  sentinel audit certificate wiped.json --key 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo`;

const REUSE_NOTES = `
A unit notices a code that is shown again at its own door, and its policy says what follows. Only
the far end sees two doors: it flags what units let in twice with one live code, for people to look
at. It may be one person with two errands, or one code on two phones.

Example:
  sentinel audit reuse --database collector.db`;

/** The command, to be added to the program. */
export function auditCommand(): Command {
  return new Command("audit")
    .description("check records and wipe certificates, and salvage what a damaged database holds")
    .addCommand(verifyCommand())
    .addCommand(salvageCommand())
    .addCommand(reuseCommand())
    .addCommand(certificateCommand())
    .addHelpText("after", EXAMPLES);
}

function verifyCommand(): Command {
  return withDatabase(new Command("verify"))
    .description("find any record that was changed, removed, put elsewhere or cut off the end")
    .option("--against <file>", "a collector's database: also find what differs from its copy")
    .option("--key <key>", "the unit's public key: who pruned old records must have signed with it")
    .option("--json", "print one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action((options: VerifyOptions) => {
      process.exitCode = runAudit(options, printLine);
    });
}

function certificateCommand(): Command {
  return new Command("certificate")
    .description("check a wipe certificate")
    .argument("<file>", "the certificate that `sentinel wipe` wrote")
    .option("--key <key>", "the unit's public key, as its birth messages carried it (base64url)")
    .action((file: string, options: { key?: string }) => {
      const certificate = JSON.parse(readFileSync(file, "utf8")) as WipeCertificate;
      const holds = isCertificateValid(certificate, options.key);
      const { unit, wipedAtMs, undelivered } = certificate.statement;
      const when = new Date(wipedAtMs).toISOString();
      const whose = options.key === undefined ? "by the key it names" : "by this unit's key";
      printLine(
        holds
          ? `holds: unit ${unit} was wiped at ${when}, ${undelivered ?? "an unknown number of"} records undelivered; signed ${whose}`
          : "does not hold: the statement and the signature do not belong together",
      );
      process.exitCode = holds ? 0 : 1;
    });
}

function reuseCommand(): Command {
  return new Command("reuse")
    .description("live codes that let somebody in twice, at one unit or at two")
    .requiredOption("--database <file>", "a collector's database")
    .option("--json", "print one line of JSON for each")
    .addHelpText("after", REUSE_NOTES)
    .action((options: { database: string; json?: boolean }) => {
      runReuse(options, printLine);
    });
}

/** Prints every code that was used again. */
export function runReuse(
  options: { database: string; json?: boolean },
  print: (line: string) => void,
): void {
  const path = databaseOf(options);
  if (!isCollectorDatabase(path)) throw new UsageError(`${path} is not a collector's database`);
  const archive = new SqliteRecordArchive(path);
  try {
    const found = archive.passbacks.list();
    if (options.json === true) for (const passback of found) print(JSON.stringify(passback));
    else for (const passback of found) print(describePassback(passback));
    if (options.json !== true) print(`used again: ${found.length}`);
  } finally {
    archive.close();
  }
}

function describePassback({ holder, madeAtMs, first, again }: AntiPassbackViolation): string {
  const seconds = Math.round(Math.abs(again.atMs - first.atMs) / 1_000);
  const where =
    again.unit === first.unit ? `again at ${again.unit}` : `at ${first.unit} and ${again.unit}`;
  const made = new Date(madeAtMs).toISOString();
  return `${new Date(again.atMs).toISOString()}  ${where}, ${seconds} s apart: code of ${holder.slice(0, 12)}…, made ${made} (records ${first.seq} and ${again.seq})`;
}

/** Audits and prints. @returns the exit status */
export function runAudit(options: VerifyOptions, print: (line: string) => void): number {
  const path = databaseOf(options);
  if (isCollectorDatabase(path)) return auditArchive(path, options, print);
  const report = auditUnit(path, options.key);
  const comparison =
    options.against === undefined ? undefined : compareWith(options.against, path, report);
  const holds = report.faultCount === 0 && (comparison === undefined || agrees(comparison));
  if (options.json === true) print(JSON.stringify({ holds, ...report, comparison }));
  else for (const line of describeUnit(report, comparison, holds)) print(line);
  return holds ? 0 : 1;
}

function compareWith(archivePath: string, unitPath: string, report: AuditReport): Comparison {
  if (!isCollectorDatabase(archivePath))
    throw new UsageError(`${archivePath} is not a collector's database`);
  const archive = new SqliteRecordArchive(archivePath);
  try {
    return compare(archive, unitPath, report.unit, report.epoch);
  } finally {
    archive.close();
  }
}

const agrees = ({ different, lost, onlyHere }: Comparison): boolean =>
  different.length + lost.length + onlyHere.length === 0;

function auditArchive(
  path: string,
  { json }: VerifyOptions,
  print: (line: string) => void,
): number {
  const archive = new SqliteRecordArchive(path);
  try {
    const streams = archive.streams().map((stream) => auditStream(archive, stream));
    const conflicts = archive.conflicts();
    const holds =
      conflicts.length === 0 &&
      streams.every(({ faults, removed }) => faults.length + removed.length === 0);
    if (json === true) print(JSON.stringify({ holds, streams, conflicts }));
    else {
      for (const stream of streams) for (const line of describeStream(stream)) print(line);
      for (const { unit, seq } of conflicts) {
        print(`  record ${seq} of unit ${unit} came again with another content`);
      }
      print(holds ? "every record is as it was written" : "NOT every record is as it was written");
    }
    return holds ? 0 : 1;
  } finally {
    archive.close();
  }
}

function* describeUnit(
  report: AuditReport,
  comparison: Comparison | undefined,
  holds: boolean,
): Generator<string> {
  const { unit, epoch, records, checkpoint, head, linked, pending, faults, faultCount } = report;
  yield `unit ${unit}, epoch ${epoch}: ${records} records, head ${head.seq}:${head.hash}`;
  if (checkpoint !== undefined) {
    const when = new Date(checkpoint.prunedAtMs).toISOString();
    yield `verified from number ${checkpoint.seq + 1} on (earlier ones pruned, the last on ${when})`;
  }
  yield `${linked} linked to a person, ${pending} not yet delivered`;
  for (const fault of faults.slice(0, 20)) yield describeFault(fault);
  if (faultCount > 20) yield `  … and ${faultCount - 20} more`;
  if (comparison !== undefined) {
    const { compared, different, lost, onlyHere } = comparison;
    yield `compared ${compared} with the collector: ${different.length} differ, ${lost.length} were delivered and are not there, ${onlyHere.length} are only there`;
  }
  yield holds ? "every record is as it was written" : "NOT every record is as it was written";
}

function* describeStream(stream: StreamReport): Generator<string> {
  const { unit, epoch, records, through, gaps, removed, faults } = stream;
  yield `unit ${unit}, epoch ${epoch}: ${records} records, without a gap through ${through}`;
  for (const [from, to] of gaps.slice(0, 20)) yield `  missing: ${from} to ${to}`;
  for (const [from, to] of removed.slice(0, 20))
    yield `  had arrived and is gone: ${from} to ${to}`;
  for (const fault of faults.filter(({ kind }) => kind !== "missing").slice(0, 20)) {
    yield describeFault(fault);
  }
}

function describeFault({ kind, seq, detail }: ChainFault): string {
  return `  record ${seq}: ${kind}: ${detail}`;
}
