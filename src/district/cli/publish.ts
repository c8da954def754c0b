/** `sentinel publish`: signs a set of data for a district's units, serves it, and tells who has it. */
import { randomBytes } from "node:crypto";
import { Command, InvalidArgumentError } from "commander";
import { delay, type Clock } from "../../../hal/clock.ts";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { KEY_ID, signerKeyEntry } from "../../config/signer-keys.ts";
import { DATA_SET_KINDS, type DataSetKind } from "../../core/data-set.ts";
import { DAY_MS } from "../../core/time.ts";
import { optional } from "../../base/optional.ts";
import { DATA_SET_FORMATS } from "../../data-sets/index.ts";
import { PublishedSets } from "../distributor-folder.ts";
import { Distributor, type UnitSets } from "../distributor.ts";
import { audienceOf } from "../../protocol/command.ts";
import type { DataSetReport } from "../../protocol/data-set-reports.ts";
import type { DataSetErrorCode } from "../../protocol/data-set-reports.ts";
import { createMqttJsLink } from "../../mqtt/mqttjs.ts";
import { unitTopics } from "../../protocol/topics.ts";
import {
  linkOptions,
  withBrokerOptions,
  type BrokerOptions,
} from "../../cli/support/broker-options.ts";
import { readDataSetContent } from "./data-set-content.ts";
import { makeSigningKey, readSigningKey } from "../../cli/support/signing-key.ts";
import { printLine } from "../../cli/support/output.ts";
import { UsageError } from "../../cli/support/usage.ts";

type Print = (line: string) => void;

const EXAMPLES = `
From nothing:
  sentinel publish keygen --id data-1 --owner "District office" --out data-1.key.json > data-keys.yaml
  (the units: "data: {keys: /etc/sentinel/data-keys.yaml}" in unit.yaml, and a restart)
  sentinel publish directory people.jsonl --district fengxian --key data-1.key.json \\
    --broker mqtts://broker.example:8883 --ca ca.pem --cert operator.pem --cert-key operator-key.pem

It stays and serves what was published, this and before, until it is stopped (Ctrl-C or SIGTERM), and
prints which unit has which version. With --once it ends when every unit that is there has it.
"sentinel publish serve" serves without publishing anything new: units that were away ask then.

A set's date is the oldest its files name themselves, else when they were last changed; --as-of says
that they are still right. What a unit does not take leaves it with its last good set and that date.
Exit status: 0 when every unit took it, 1 when one did not, 2 when used wrongly.`;

/** As commander gives it: `--key` signs here, and the certificate's key has another name. */
interface ServeOptions extends Omit<BrokerOptions, "key"> {
  district: string;
  broker: string;
  folder: string;
  certKey?: string;
  json?: boolean;
}

interface PublishOptions extends ServeOptions {
  key: string;
  unit: string[];
  validDays: number;
  asOf?: string;
  of?: string[];
  setVersion?: number;
  once?: boolean;
  within: number;
}

const many = (value: string, former: string[]): string[] => [...former, value];

/** The verb with its own verbs, ready to be added to the program. @param print where its lines go */
export function publishCommand(print: Print = printLine): Command {
  const command = new Command("publish")
    .description("give units signed data: policy, directory, trust, revocation, rules")
    .addHelpText("after", EXAMPLES);
  for (const kind of DATA_SET_KINDS) command.addCommand(setCommand(print, kind));
  return command.addCommand(serveCommand(print)).addCommand(keygenCommand(print));
}

const WHAT: Readonly<Record<DataSetKind, { description: string; file: string }>> = {
  policy: { description: "what the door asks for", file: "YAML" },
  directory: { description: "who is known: the whole of it each time", file: "JSON lines" },
  trust: { description: "whose credentials hold: all of them each time", file: "as for verify" },
  revocation: { description: "what was called back: all of it each time", file: "as for verify" },
  rules: {
    description: "business rules for EU certificates, with their value sets: all of them each time",
    file: "JSON, or a folder of it",
  },
};

function setCommand(print: Print, kind: DataSetKind): Command {
  const { description, file } = WHAT[kind];
  const command = new Command(kind)
    .exitOverride()
    .description(description)
    .argument("<file...>", file)
    .requiredOption("--key <file>", "the secret key that signs, from keygen")
    .option("--unit <id>", "for this unit only; repeatable; default all of the district", many, [])
    .option("--valid-days <count>", "no unit takes it later than this", wholeFrom(1, 3_650), 30)
    .option("--as-of <time>", "the date of the data, ISO 8601 or now")
    .option("--set-version <number>", "above every former one; default the time", wholeFrom(1))
    .option("--once", "end when every unit that is there has it, or has refused it")
    .option("--within <seconds>", "with --once: give up then", wholeFrom(1, 86_400), 600);
  if (kind === "rules") {
    command.option(
      "--of <place>",
      "whose rules admit: a country, or `ES-CT`; repeatable",
      many,
      [],
    );
  }
  return withServeOptions(command).action(async (files: string[], options: PublishOptions) => {
    await publish(print, kind, files, options);
  });
}

function withServeOptions(command: Command): Command {
  command
    .requiredOption("--district <name>", "whose units")
    .requiredOption("--broker <url>", "e.g. mqtts://broker.example:8883")
    .option("--folder <path>", "what was published, and the count of versions", "published")
    .option("--json", "one line of JSON for each report");
  return withBrokerOptions(command, "--cert-key <file>");
}

function keygenCommand(print: Print): Command {
  return new Command("keygen")
    .exitOverride()
    .description("make a key to sign data with; prints the public part as the units' file wants it")
    .requiredOption("--id <name>", "names the key in everything it signs, e.g. data-2026")
    .requiredOption("--owner <name>", "who holds it: an office rather than a person")
    .option("--may <sets>", "what it may sign, with commas", setKinds, [...DATA_SET_KINDS])
    .requiredOption("--out <file>", "the secret part; readable by its owner only")
    .action(
      ({ id, owner, may, out }: { id: string; owner: string; may: DataSetKind[]; out: string }) => {
        if (!KEY_ID.test(id)) throw new UsageError("--id: letters, digits, dots and hyphens");
        const { publicKey } = makeSigningKey(out, id, owner);
        print("keys:");
        for (const line of signerKeyEntry({ id, owner, key: publicKey, may }).split("\n"))
          print(line);
      },
    );
}

function serveCommand(print: Print): Command {
  const command = new Command("serve")
    .exitOverride()
    .description("serve what was published before, until it is stopped");
  return withServeOptions(command).action(async (options: ServeOptions) => {
    const sets = openFolder(options.folder);
    await serving(print, options, sets, (_distributor, stopped) => stopped);
  });
}

async function publish(
  print: Print,
  kind: DataSetKind,
  files: readonly string[],
  options: PublishOptions,
): Promise<void> {
  const key = readSigningKey(options.key);
  const content = readDataSetContent(kind, files, { asOf: options.asOf, of: options.of });
  const sets = openFolder(options.folder);
  const nowMs = Date.now();
  const { district, unit, validDays, setVersion } = options;
  for (const each of unit) unitTopics(district, each);
  const audiences =
    unit.length === 0 ? [audienceOf(district)] : unit.map((each) => audienceOf(district, each));
  const published = guarded(() =>
    sets.add({
      kind,
      files: content.files,
      audiences,
      asOfMs: content.asOfMs,
      nowMs,
      expiresMs: nowMs + validDays * DAY_MS,
      keyId: key.id,
      key: key.secret,
      ...(setVersion === undefined ? {} : { version: setVersion }),
      ...optional({ delta: DATA_SET_FORMATS[kind].delta }),
    }),
  );
  const version = Math.max(...published.map(({ manifest }) => manifest.version));
  const asOf = new Date(content.asOfMs).toISOString();
  print(
    options.json === true
      ? JSON.stringify({ published: kind, version, asOf, what: content.what })
      : `${kind} version ${version}: ${content.what}, as of ${asOf}`,
  );
  await serving(print, options, sets, async (distributor, stopped, clock) => {
    if (options.once !== true) return stopped;
    const wanted = new Set(unit);
    const done = allHave(distributor, { kind, version, wanted }, clock, options.within * 1_000);
    const missing = await Promise.race([done, stopped.then(() => [])]);
    for (const name of missing) print(`${name} does not have it`);
    if (missing.length > 0) process.exitCode = 1;
  });
}

/** With some verbs the options hold `key` too: that one signs, and is none of the broker's business. */
function brokerOptionsOf(options: ServeOptions): BrokerOptions {
  const { certKey, root, mqtt, ca, cert, username, passwordFile } = options;
  return {
    root,
    mqtt,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(certKey === undefined ? {} : { key: certKey }),
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}

async function serving(
  print: Print,
  options: ServeOptions,
  sets: PublishedSets,
  work: (distributor: Distributor, stopped: Promise<void>, clock: Clock) => Promise<void>,
): Promise<void> {
  const clock = createSystemClock();
  const told = new Map<string, string>();
  const distributor = new Distributor({
    link: createMqttJsLink(linkOptions(options.broker, brokerOptionsOf(options))),
    sets,
    clock,
    chance: () => randomBytes(4).readUInt32LE() / 2 ** 32,
    clientId: `publisher-${options.district}-${randomBytes(4).toString("hex")}`,
    district: options.district,
    root: options.root,
    onReport: (unit, state) => {
      for (const line of describe(unit, state, options.json === true)) {
        const [name, text] = line;
        if (told.get(name) === text) continue;
        told.set(name, text);
        print(text);
      }
    },
  });
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  distributor.start();
  try {
    await work(distributor, stopped, clock);
  } finally {
    await distributor.stop();
  }
}

/** How long the broker may take to tell of the units it knows. */
const GATHER_MS = 2_000;
const LOOK_MS = 200;

/** What a unit tries again by itself. */
const PASSING: readonly DataSetErrorCode[] = [
  "clock-untrusted",
  "parts-missing",
  "part-damaged",
  "disk",
];

/** Resolves with the units that do not have a version when waiting is over; nobody at all is missing too. */
async function allHave(
  distributor: Distributor,
  { kind, version, wanted }: { kind: DataSetKind; version: number; wanted: ReadonlySet<string> },
  clock: Clock,
  withinMs: number,
): Promise<string[]> {
  const beganMs = clock.monotonicMs();
  let onlineAtMs: number | undefined;
  for (;;) {
    await delay(clock, LOOK_MS);
    const nowMs = clock.monotonicMs();
    if (distributor.online()) onlineAtMs ??= nowMs;
    const there = [...distributor.units()].filter(
      ([unit, { online }]) => online && (wanted.size === 0 || wanted.has(unit)),
    );
    const absent = [...wanted].filter((unit) => !there.some(([name]) => name === unit));
    const report = ({ sets }: UnitSets): DataSetReport => sets[kind] ?? {};
    const missing = there.filter(([, unit]) => (report(unit).version ?? 0) < version);
    const refused = missing.filter(([, unit]) => {
      const { error } = report(unit);
      return error?.version === version && !PASSING.includes(error.reason);
    });
    const gathered = onlineAtMs !== undefined && nowMs - onlineAtMs >= GATHER_MS;
    const over = nowMs - beganMs >= withinMs;
    if (over || (gathered && absent.length === 0 && missing.length === refused.length)) {
      const names = [...absent, ...missing.map(([unit]) => unit)];
      const nobody = there.length === 0 && names.length === 0;
      return nobody ? [distributor.lastFailure() ?? "no unit is there: nobody"] : names;
    }
  }
}

/** A line for each set of a unit, with what it is about. */
function describe(unit: string, { online, sets }: UnitSets, json: boolean): [string, string][] {
  return DATA_SET_KINDS.flatMap((kind): [string, string][] => {
    const report = sets[kind];
    if (report === undefined || Object.keys(report).length === 0) return [];
    const about = `${unit} ${kind}`;
    if (json) return [[about, JSON.stringify({ unit, online, set: kind, ...report })]];
    return [[about, `${about}: ${inWords(report)}${online ? "" : " (offline)"}`]];
  });
}

function inWords({ version, asOfMs, loading, error }: DataSetReport): string {
  const parts = [
    version === undefined
      ? "none yet"
      : `version ${version} as of ${new Date(asOfMs ?? 0).toISOString()}`,
  ];
  if (loading !== undefined) parts.push(`fetching ${loading}`);
  if (error !== undefined) {
    const which = error.version === undefined ? "" : ` version ${error.version}`;
    const detail = error.detail === undefined ? "" : ` (${error.detail})`;
    parts.push(`NOT TAKEN${which}: ${error.reason}${detail}`);
  }
  return parts.join(", ");
}

function openFolder(folder: string): PublishedSets {
  return guarded(() => new PublishedSets(folder));
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw UsageError.because(error);
  }
}

function wholeFrom(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

function setKinds(text: string): DataSetKind[] {
  return text.split(",").map((each) => {
    const found = DATA_SET_KINDS.find((kind) => kind === each.trim());
    if (found === undefined) {
      throw new InvalidArgumentError(`expected some of ${DATA_SET_KINDS.join(", ")}.`);
    }
    return found;
  });
}
