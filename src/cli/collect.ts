/** `sentinel collect`: the far end, MQTT into SQLite, acknowledged after the commit. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { every } from "../../hal/clock.ts";
import { Archive } from "../district/archive.ts";
import { createCollector, type Collector } from "../district/collector.ts";
import { lockArchive } from "../district/lock.ts";
import { createMqttJsLink } from "../uplink/mqttjs-link.ts";
import { DEFAULT_ROOT } from "../uplink/topics.ts";

interface CollectOptions {
  broker: string;
  district: string;
  database: string;
  root: string;
  mqtt: "5" | "3.1.1" | "auto";
  ca?: string;
  cert?: string;
  key?: string;
  username?: string;
  passwordFile?: string;
  json?: boolean;
}

const EXAMPLES = `
Units whose configuration says "collector: true" keep each record until this collector has it on
its disk. Runs until it is stopped (Ctrl-C or SIGTERM); one at a time on a database.

Examples:
  sentinel collect --broker mqtt://127.0.0.1:1883 --district pudong --database collector.db
  sentinel audit verify --database collector.db`;

const REPORT_MS = 10_000;

/** The command, to be added to the program. */
export function collectCommand(): Command {
  return new Command("collect")
    .description("collect a district's records into a database")
    .requiredOption("--broker <url>", "e.g. mqtts://broker.example:8883")
    .requiredOption("--district <name>", "whose units")
    .requiredOption("--database <file>", "SQLite; made when it is not there")
    .option("--root <name>", "first level of all topics", DEFAULT_ROOT)
    .option("--mqtt <version>", "5, 3.1.1 or auto", "auto")
    .option("--ca <file>", "certificate authority of the broker, PEM")
    .option("--cert <file>", "the collector's certificate, PEM")
    .option("--key <file>", "the collector's private key, PEM")
    .option("--username <name>", "where the broker asks for one")
    .option("--password-file <file>", "its password, in a file")
    .option("--json", "print one line of JSON at each report")
    .addHelpText("after", EXAMPLES)
    .action(runCollect);
}

async function runCollect(options: CollectOptions): Promise<void> {
  const clock = createSystemClock();
  const unlock = lockArchive(options.database);
  const archive = new Archive(options.database);
  const collector = createCollector({
    link: createMqttJsLink(linkOptions(options)),
    archive,
    clock,
    chance: () => randomBytes(4).readUInt32LE() / 2 ** 32,
    district: options.district,
    root: options.root,
    onFailure: (error) => console.error(`sentinel collect: ${error.message}; trying again`),
  });
  collector.start();
  const report = (): void => console.log(describe(collector, archive, options.json === true));
  const reporting = every(clock, REPORT_MS, report);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  reporting.cancel();
  await collector.stop();
  report();
  archive.close();
  unlock();
}

function linkOptions(options: CollectOptions): Parameters<typeof createMqttJsLink>[0] {
  const read = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : readFileSync(path, "utf8");
  const { broker: url, mqtt: version, username } = options;
  const ca = read(options.ca);
  const cert = read(options.cert);
  const key = read(options.key);
  const password = read(options.passwordFile)?.trimEnd();
  return {
    url,
    version,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

function describe(collector: Collector, archive: Archive, json: boolean): string {
  const streams = archive.streams();
  const gaps = streams.reduce(
    (sum, stream) => sum + stream.gaps.reduce((all, [from, to]) => all + to - from + 1, 0),
    0,
  );
  const counters = collector.counters();
  const online = collector.online();
  const failure = collector.lastFailure();
  if (json) {
    return JSON.stringify({ online, failure, ...counters, streams: streams.length, missing: gaps });
  }
  const { stored, duplicates, conflicts, refused } = counters;
  const link = online ? "connected" : `not connected (${failure ?? "connecting"})`;
  const bad = Object.values(refused).reduce((sum, count) => sum + count, 0);
  return `${link}: ${stored} stored, ${duplicates} duplicates dropped, ${gaps} missing, ${conflicts} conflicting, ${bad} refused`;
}
