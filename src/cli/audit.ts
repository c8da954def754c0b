/** `sentinel audit`: whether records are what the unit once wrote, and whether a wipe certificate is valid. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { auditUnit, hashesOf, type AuditReport } from "../store/offline/audit.ts";
import type { ChainFault } from "../protocol/record-chain.ts";
import { isCertificateValid, type WipeCertificate } from "../store/offline/wipe.ts";
import type { Comparison } from "./support/collector-tools.ts";
import { databaseOf, withDatabase, type DatabaseOptions } from "./support/database.ts";
import { findCollectorTools, requireCollectorTools } from "./support/optional-parts.ts";
import { salvageCommand } from "./salvage.ts";
import { printLine } from "./support/output.ts";

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

/** The command, to be added to the program. */
export async function auditCommand(): Promise<Command> {
  const command = new Command("audit")
    .description("check records and wipe certificates, and salvage what a damaged database holds")
    .addCommand(verifyCommand())
    .addCommand(salvageCommand())
    .addHelpText("after", EXAMPLES);
  for (const verb of (await findCollectorTools())?.auditVerbs() ?? []) command.addCommand(verb);
  return command.addCommand(certificateCommand());
}

function verifyCommand(): Command {
  return withDatabase(new Command("verify"))
    .description("find any record that was changed, removed, put elsewhere or cut off the end")
    .option("--against <file>", "a collector's database: also find what differs from its copy")
    .option("--key <key>", "the unit's public key: who pruned old records must have signed with it")
    .option("--json", "print one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: VerifyOptions) => {
      process.exitCode = await runAudit(options, printLine);
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

/** Audits and prints. @returns the exit status */
export async function runAudit(
  options: VerifyOptions,
  print: (line: string) => void,
): Promise<number> {
  const path = databaseOf(options);
  const { against, key, json = false } = options;
  const collector = await findCollectorTools();
  if (collector?.isCollectorDatabase(path) === true) {
    return (await collector.audit(path, json, print)) ? 0 : 1;
  }
  const report = auditUnit(path, key);
  const comparison = against === undefined ? undefined : await compareWith(against, path, report);
  const holds = report.faultCount === 0 && (comparison === undefined || agrees(comparison));
  if (json) print(JSON.stringify({ holds, ...report, comparison }));
  else for (const line of describeUnit(report, comparison, holds)) print(line);
  return holds ? 0 : 1;
}

async function compareWith(
  archivePath: string,
  unitPath: string,
  { unit, epoch }: AuditReport,
): Promise<Comparison> {
  const tools = await requireCollectorTools("--against");
  return await tools.compare(archivePath, { unit, epoch }, hashesOf(unitPath));
}

const agrees = ({ different, lost, onlyHere }: Comparison): boolean =>
  different.length + lost.length + onlyHere.length === 0;

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

function describeFault({ kind, seq, detail }: ChainFault): string {
  return `  record ${seq}: ${kind}: ${detail}`;
}
