/** How a verb reaches the broker: the same options everywhere. */
import { readFileSync } from "node:fs";
import { Option, type Command } from "commander";
import { brokerAddress } from "../../mqtt/broker-address.ts";
import type { MqttJsOptions } from "../../mqtt/mqttjs.ts";
import type { BrokerSecrets } from "../../mqtt/mqttjs-options.ts";
import { DEFAULT_ROOT } from "../../protocol/topics.ts";
import { UsageError } from "./usage.ts";

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
    .option("--ca <file>", "certificate authority of the broker, PEM; read at each connect")
    .option("--cert <file>", "the client certificate, PEM; read at each connect")
    .option(keyFlag, "its private key, PEM")
    .option("--username <name>", "where the broker asks for one")
    .option("--password-file <file>", "its password, in a file");
}

/**
 * The link's options. Its files are read at each connect, so that a verb that stays takes up a
 * renewed certificate.
 *
 * @throws UsageError for a URL or a file that cannot be used now
 */
export function linkOptions(url: string, options: BrokerOptions): MqttJsOptions {
  const { mqtt: version, ca, cert, key, username, passwordFile } = options;
  const readAll = (): BrokerSecrets => ({
    tls: {
      ...(ca === undefined ? {} : { ca: read("--ca", ca) }),
      ...(cert === undefined ? {} : { cert: read("--cert", cert) }),
      ...(key === undefined ? {} : { key: read("the private key", key) }),
    },
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined
      ? {}
      : { password: read("--password-file", passwordFile).replace(/\r?\n$/, "") }),
  });
  // Whoever typed the command hears now what can never work.
  readAll();
  try {
    brokerAddress(url);
  } catch (error) {
    throw UsageError.because(error, "--broker");
  }
  return { url, version, secrets: () => Promise.resolve().then(readAll) };
}

function read(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw UsageError.because(error, option);
  }
}
