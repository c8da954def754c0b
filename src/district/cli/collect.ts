/** `sentinel collect`: the far end, MQTT into SQLite, acknowledged after the commit. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { every } from "../../../hal/clock.ts";
import { SqliteRecordArchive } from "../sqlite-record-archive.ts";
import { createCollector, type Collector } from "../collector.ts";
import type { RecordArchive } from "../record-archive.ts";
import { lockArchive } from "../archive-lock.ts";
import type { AcknowledgementKey } from "../../protocol/acknowledgement.ts";
import { createMqttJsLink } from "../../mqtt/mqttjs.ts";
import { signerKeyEntry } from "../../config/signer-keys.ts";
import {
  linkOptions,
  withBrokerOptions,
  type BrokerOptions,
} from "../../cli/support/broker-options.ts";
import { makeSigningKey, readSigningKey } from "../../cli/support/signing-key.ts";
import { messageOf, printError, printLine } from "../../cli/support/output.ts";
import { UsageError } from "../../cli/support/usage.ts";

/** As commander gives it: `--key` signs here, and the certificate's key has another name. */
interface CollectOptions extends Omit<BrokerOptions, "key"> {
  broker: string;
  district: string;
  database: string;
  key?: string;
  certKey?: string;
  json?: boolean;
}

const EXAMPLES = `
Units whose configuration says "collector: true" keep each record until this collector has it on
its disk. Runs until it is stopped (Ctrl-C or SIGTERM); one at a time on a database.

With --key every acknowledgement is signed. The key is made at the first start, and what units are
given beside it, in FILE.units.yaml: "mqtt: {collector: {key: /etc/sentinel/collector-keys.yaml}}"
in a unit's file, and nobody else can make it drop a record. Sign first, then tell the units.

Examples:
  sentinel collect --broker mqtt://127.0.0.1:1883 --district pudong --database collector.db
  sentinel audit verify --database collector.db`;

const REPORT_MS = 10_000;

/** The command, to be added to the program. */
export function collectCommand(): Command {
  const command = new Command("collect")
    .description("collect a district's records into a database")
    .requiredOption("--broker <url>", "e.g. mqtts://broker.example:8883")
    .requiredOption("--district <name>", "whose units")
    .requiredOption("--database <file>", "SQLite; made when it is not there")
    .option("--key <file>", "signs what units are told; made when it is not there")
    .option("--json", "print one line of JSON at each report")
    .addHelpText("after", EXAMPLES);
  return withBrokerOptions(command, "--cert-key <file>").action(runCollect);
}

async function runCollect(options: CollectOptions): Promise<void> {
  const { key: keyFile, certKey, ...rest } = options;
  const clock = createSystemClock();
  const key = keyFile === undefined ? undefined : signingKeyOf(keyFile, options.district);
  const unlock = lockArchive(options.database);
  const archive = new SqliteRecordArchive(options.database);
  const collector = createCollector({
    link: createMqttJsLink(
      linkOptions(options.broker, {
        ...rest,
        ...(certKey === undefined ? {} : { key: certKey }),
      }),
    ),
    archive,
    clock,
    chance: () => randomBytes(4).readUInt32LE() / 2 ** 32,
    district: options.district,
    root: options.root,
    ...(key === undefined ? {} : { key }),
    onFailure: (error) => printError(`sentinel collect: ${messageOf(error)}; trying again`),
  });
  collector.start();
  const report = async (): Promise<void> => {
    printLine(await describe(collector, archive, options.json === true));
  };
  const reporting = every(clock, REPORT_MS, () => {
    report().catch((error: unknown) => printError(`sentinel collect: ${messageOf(error)}`));
  });
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  reporting.cancel();
  await collector.stop();
  await report();
  await archive.close();
  unlock();
}

/** Reads the key; at the first start makes it, and writes down beside it what units are given. */
function signingKeyOf(file: string, district: string): AcknowledgementKey {
  if (existsSync(file)) {
    if (readFileSync(file, "utf8").startsWith("-----BEGIN")) {
      throw new UsageError("--key signs what units are told; the certificate's key is --cert-key");
    }
    return readSigningKey(file);
  }
  const id = `collector-${randomBytes(4).toString("hex")}`;
  const owner = `collector of ${district}`;
  const made = makeSigningKey(file, id, owner);
  const entry = signerKeyEntry({ id, owner, key: made.publicKey, may: ["acknowledge"] });
  writeFileSync(`${file}.units.yaml`, `keys:\n${entry}\n`);
  printError(
    `sentinel collect: made the key ${id}; give your units ${file}.units.yaml (mqtt.collector.key)`,
  );
  return made;
}

async function describe(
  collector: Collector,
  archive: RecordArchive,
  json: boolean,
): Promise<string> {
  const streams = await archive.streams();
  const gaps = streams.reduce(
    (sum, stream) => sum + stream.gaps.reduce((all, [from, to]) => all + to - from + 1, 0),
    0,
  );
  const counters = collector.counters();
  const online = collector.online();
  const failure = collector.lastFailure();
  const codesReused = await archive.countReusedCodes();
  if (json) {
    return JSON.stringify({
      online,
      failure,
      ...counters,
      streams: streams.length,
      missing: gaps,
      codesReused,
    });
  }
  const { stored, duplicates, conflicts, refused } = counters;
  const unheard = collector.refusedFilter();
  const without = unheard === undefined ? "" : ` (without the units' states: ${unheard})`;
  const link = online ? `connected${without}` : `not connected (${failure ?? "connecting"})`;
  const bad = Object.values(refused).reduce((sum, count) => sum + count, 0);
  return `${link}: ${stored} stored, ${duplicates} duplicates dropped, ${gaps} missing, ${conflicts} conflicting, ${bad} refused, ${codesReused} codes used again`;
}
