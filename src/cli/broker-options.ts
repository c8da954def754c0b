/** How a verb reaches the broker: the same options everywhere. */
import { readFileSync } from "node:fs";
import { Option, type Command } from "commander";
import type { MqttJsOptions } from "../uplink/mqttjs-link.ts";
import { DEFAULT_ROOT } from "../uplink/topics.ts";

export interface BrokerOptions {
  root: string;
  mqtt: "5" | "3.1.1" | "auto";
  ca?: string;
  cert?: string;
  key?: string;
  username?: string;
  passwordFile?: string;
}

/** Adds them to a verb; `--key` is left to verbs that sign with a key of their own. */
export function withBrokerOptions(command: Command, keyFlag = "--key <file>"): Command {
  return command
    .option("--root <name>", "first level of all topics", DEFAULT_ROOT)
    .addOption(
      new Option("--mqtt <version>", "protocol").choices(["5", "3.1.1", "auto"]).default("auto"),
    )
    .option("--ca <file>", "certificate authority of the broker, PEM")
    .option("--cert <file>", "the client certificate, PEM")
    .option(keyFlag, "its private key, PEM")
    .option("--username <name>", "where the broker asks for one")
    .option("--password-file <file>", "its password, in a file");
}

/** The link's options, its files read. */
export function linkOptions(url: string, options: BrokerOptions): MqttJsOptions {
  const { mqtt: version, ca, cert, key, username, passwordFile } = options;
  const read = (path: string): string => readFileSync(path, "utf8");
  return {
    url,
    version,
    tls: {
      ...(ca === undefined ? {} : { ca: read(ca) }),
      ...(cert === undefined ? {} : { cert: read(cert) }),
      ...(key === undefined ? {} : { key: read(key) }),
    },
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: read(passwordFile).trimEnd() }),
  };
}
