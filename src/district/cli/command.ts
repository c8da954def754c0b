/** `sentinel command`: makes and signs a command, sends it, and tells what the unit made of it. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { commandKeyEntry, KEY_ID } from "../../config/command-keys.ts";
import { parseYamlText } from "../../config/yaml-text.ts";
import { CREDENTIAL_REASONS, DECISION_REASONS, type ReasonCode } from "../../core/reason.ts";
import { COMMAND_NAMES, type CommandName } from "../../core/command.ts";
import { audienceOf } from "../../protocol/command.ts";
import { LONGEST_COMMAND } from "../../protocol/command.ts";
import { LONGEST_VALIDITY_MS } from "../../protocol/command.ts";
import { COMMAND_TOKEN_TYPE } from "../../protocol/command.ts";
import { type Command as UnitCommand } from "../../protocol/command.ts";
import { createMqttJsLink } from "../../mqtt/mqttjs.ts";
import { sendCommand, sendToAll, type CommandReport } from "../command-client.ts";
import { signToken } from "../../protocol/signed-token.ts";
import { districtTopics, unitTopics } from "../../protocol/topics.ts";
import {
  linkOptions,
  withBrokerOptions,
  type BrokerOptions,
} from "../../cli/support/broker-options.ts";
import { makeSigningKey, nextCounter, readSigningKey } from "../../cli/support/signing-key.ts";
import { printLine } from "../../cli/support/output.ts";
import { UsageError } from "../../cli/support/usage.ts";

type Print = (line: string) => void;

const EXAMPLES = `
From nothing:
  sentinel command keygen --id ops-1 --owner "Duty desk" --out ops-1.key.json > command-keys.yaml
  (the unit: "commands: {keys: /etc/sentinel/command-keys.yaml}" in unit.yaml, and a restart)
  sentinel command release --unit clinic-east-1 --district fengxian --key ops-1.key.json \\
    --why "delivery at the back door" --broker mqtts://broker.example:8883 --ca ca.pem

A new key overlaps the old: paste its entry below the old one, restart the units, change over, and
take the old entry out.
With --all instead of --unit the same signed command goes to every unit of the district that the
broker knows; each is named with its answer.

Exit status: 0 when the unit (with --all: every one) did it, 1 when one refused or did not answer, 2
when used wrongly.`;

/** The verb with its own verbs, ready to be added to the program. @param print where its lines go */
export function commandCommand(print: Print = printLine): Command {
  const command = new Command("command")
    .description("command a unit from afar, by a signed message")
    .addCommand(keygenCommand(print))
    .addHelpText("after", EXAMPLES);
  command.addCommand(
    sending(print, "release", "open the gate once, or let one visit's visitor in", (options) => ({
      name: "release",
      ...(options.visit === undefined ? {} : { visitRef: options.visit }),
      ...(options.confirm === undefined ? {} : { confirm: options.confirm }),
    }))
      .option("--visit <reference>", "of the visit it is about, as its records have it")
      .option("--confirm <findings>", "what is overruled, with commas, e.g. code-red", findings),
  );
  for (const [name, what] of [
    ["lock-down", "let nobody in, until it is lifted"],
    ["evacuate", "hold the way open and tell people to leave, until it is lifted"],
  ] as const) {
    command.addCommand(
      toAllToo(sending(print, name, what, ({ lift }) => ({ name, active: lift !== true }))).option(
        "--lift",
        "end it",
      ),
    );
  }
  command.addCommand(
    toAllToo(
      sending(print, "message", "show a text on the screen", (options) => ({
        name: "message",
        text: options.text,
        forMs: options.seconds * 1_000,
      })),
    )
      .requiredOption("--text <words>", "at most 200 characters")
      .option("--seconds <count>", "how long it stays", seconds(86_400), 600),
  );
  command.addCommand(
    toAllToo(
      sending(
        print,
        "settings",
        "change the unit's settings, all or none of them",
        (options, counter) => ({
          name: "settings",
          version: options.settingsVersion ?? counter,
          values: readValues(options.values),
        }),
      ),
    )
      .requiredOption(
        "--values <file>",
        "YAML or JSON: all that is to differ from the unit's own file",
      )
      .option(
        "--settings-version <number>",
        "above the one in force; default the time",
        wholeNumber,
      ),
  );
  return command;
}

interface KeygenOptions {
  id: string;
  owner: string;
  may: CommandName[];
  out: string;
}

function keygenCommand(print: Print): Command {
  return new Command("keygen")
    .exitOverride()
    .description("make a key to command with; prints the public part as the unit's file wants it")
    .requiredOption("--id <name>", "names the key in every command and record, e.g. ops-2026")
    .requiredOption("--owner <name>", "who holds it: a desk or a shift rather than a person")
    .option("--may <names>", "what it may command, with commas", commandNames, [...COMMAND_NAMES])
    .requiredOption("--out <file>", "the secret part; readable by its owner only")
    .action(({ id, owner, may, out }: KeygenOptions) => {
      if (!KEY_ID.test(id)) throw new UsageError("--id: letters, digits, dots and hyphens");
      const { publicKey } = makeSigningKey(out, id, owner);
      print("keys:");
      for (const line of commandKeyEntry({ id, owner, key: publicKey, may }).split("\n"))
        print(line);
    });
}

interface SendOptions extends BrokerOptions {
  /** Nothing with `--all`. */
  unit?: string;
  all?: boolean;
  district: string;
  signKey: string;
  why: string;
  broker?: string;
  valid: number;
  timeout: number;
  json?: boolean;
}

function sending(
  print: Print,
  name: CommandName,
  description: string,
  commandOf: (options: OwnOptions, counter: number) => UnitCommand,
): Command {
  const command = new Command(name)
    .exitOverride()
    .description(description)
    .option("--unit <id>", "which unit")
    .requiredOption("--district <name>", "whose unit")
    .requiredOption("--key <file>", "the secret key that signs, from keygen")
    .requiredOption("--why <reason>", "stands in the unit's records, at most 200 characters")
    .option(
      "--broker <url>",
      "e.g. mqtts://broker.example:8883; without it the signed text is printed",
    )
    .option(
      "--valid <seconds>",
      "afterwards it counts no more",
      seconds(LONGEST_VALIDITY_MS / 1_000),
      60,
    )
    .option("--timeout <seconds>", "how long to wait for the answer", seconds(600), 20)
    .option("--json", "one JSON object");
  return withBrokerOptions(command, "--cert-key <file>").action(
    async (options: CommandLine & OwnOptions) => {
      await run(print, options, (counter) => commandOf(options, counter));
    },
  );
}

/** To let one person in is for one door. */
function toAllToo(command: Command): Command {
  return command.option("--all", "every unit of the district, instead of --unit");
}

/** What the verbs have of their own; commander sees to it that a verb's are there. */
interface OwnOptions {
  lift?: boolean;
  text: string;
  seconds: number;
  values: string;
  settingsVersion?: number;
  visit?: string;
  confirm?: ReasonCode[];
}

/** As commander gives it: `--key` signs here, and the certificate's key has another name. */
type CommandLine = Omit<SendOptions, "signKey" | "key"> & { key: string; certKey?: string };

async function run(
  print: Print,
  { key: signKey, certKey, ...rest }: CommandLine,
  commandOf: (counter: number) => UnitCommand,
): Promise<void> {
  const options: SendOptions = {
    ...rest,
    signKey,
    ...(certKey === undefined ? {} : { key: certKey }),
  };
  const { unit, broker } = options;
  const topics = topicsOf(options);
  const { commandId, token, command } = sign(options, commandOf);
  if (broker === undefined) {
    const topic = topics?.command(command.name);
    if (options.json === true) print(JSON.stringify({ topic, commandId, payload: token }));
    else for (const line of [`${topic}`, token]) print(line);
    return;
  }
  const errand = {
    link: createMqttJsLink(linkOptions(broker, options)),
    clock: createSystemClock(),
    name: command.name,
    commandId,
    payload: token,
    validSeconds: options.valid,
    timeoutMs: options.timeout * 1_000,
  };
  if (topics === undefined || unit === undefined) {
    const { district, root } = options;
    tellAll(print, options, commandId, await sendToAll({ ...errand, district, root }));
    return;
  }
  const report = await sendCommand({ ...errand, topics });
  print(options.json === true ? JSON.stringify({ commandId, ...report }) : inWords(report, unit));
  if (report.result !== "done") process.exitCode = 1;
}

function tellAll(
  print: Print,
  { json, district }: SendOptions,
  commandId: string,
  reports: ReadonlyMap<string, CommandReport>,
): void {
  if (json === true) {
    print(JSON.stringify({ commandId, units: Object.fromEntries(reports) }));
  } else if (reports.size === 0) {
    print(`no unit of ${district} has been on this broker`);
  } else for (const [unit, report] of reports) print(inWords(report, unit));
  const done = [...reports.values()].filter(({ result }) => result === "done");
  if (reports.size === 0 || done.length < reports.size) process.exitCode = 1;
}

function sign(
  options: SendOptions,
  commandOf: (counter: number) => UnitCommand,
): { commandId: string; token: string; command: UnitCommand } {
  const { district, unit, why, valid } = options;
  if (why.trim() === "" || why.length > 200) throw new UsageError("--why: 1 to 200 characters");
  const key = readSigningKey(options.signKey);
  const nowMs = Date.now();
  const counter = nextCounter(options.signKey, nowMs);
  const command = commandOf(counter);
  const commandId = randomUUID();
  const nowSeconds = Math.floor(nowMs / 1_000);
  const claims = {
    aud: audienceOf(district, unit),
    jti: commandId,
    nbf: nowSeconds,
    exp: nowSeconds + valid,
    cnt: counter,
    why,
    cmd: command,
  };
  const token = signToken(claims, COMMAND_TOKEN_TYPE, key.id, key.secret);
  if (token.length > LONGEST_COMMAND) {
    throw new UsageError(
      `the command has ${token.length} bytes; a unit looks at ${LONGEST_COMMAND}`,
    );
  }
  return { commandId, token, command };
}

/** Of the unit; nothing where the command is for all. */
function topicsOf(options: SendOptions): ReturnType<typeof unitTopics> | undefined {
  const { district, unit, all, root, broker } = options;
  if ((unit === undefined) === (all !== true)) {
    throw new UsageError("say which unit: --unit <id>, or --all where the command has it");
  }
  if (all === true && broker === undefined) {
    throw new UsageError("--all needs --broker, to ask it which units there are");
  }
  try {
    if (unit !== undefined) return unitTopics(district, unit, root);
    districtTopics(district, root);
    return undefined;
  } catch (error) {
    throw UsageError.because(error);
  }
}

/** What became of it, in a line. */
function inWords({ result, detail }: CommandReport, unit: string): string {
  switch (result) {
    case "done":
      return `${unit} did it: ${detail}`;
    case "refused":
      return `${unit} refused: ${detail}`;
    case "no-answer":
      return `${unit} did not answer: ${detail}`;
  }
}

// A few repeated lines are fine, a bomb of them is not.
const MOST_ALIASES = 100;

function readValues(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    const { document, problems } = parseYamlText(readFileSync(file, "utf8"));
    const [problem] = problems;
    if (problem !== undefined) throw new Error(`${problem.message} (line ${problem.line ?? 1})`);
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    throw UsageError.because(error, `--values ${file}`);
  }
  // An empty file is every setting as the unit's own file has it.
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new UsageError(`--values: ${file} holds no settings, e.g. "retentionDays: 7"`);
  }
  return value as Record<string, unknown>;
}

function seconds(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > most) {
      throw new InvalidArgumentError(`expected whole seconds from 1 to ${most}.`);
    }
    return value;
  };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("expected a whole number above 0.");
  }
  return value;
}

function findings(text: string): ReasonCode[] {
  return text.split(",").map((each) => {
    const known = [...CREDENTIAL_REASONS, ...DECISION_REASONS];
    const found = known.find((code) => code === each.trim());
    if (found === undefined) throw new InvalidArgumentError(`"${each}" is no finding of a unit.`);
    return found;
  });
}

function commandNames(text: string): CommandName[] {
  return text.split(",").map((each) => {
    const found = COMMAND_NAMES.find((name) => name === each.trim());
    if (found === undefined) {
      throw new InvalidArgumentError(`expected some of ${COMMAND_NAMES.join(", ")}.`);
    }
    return found;
  });
}
