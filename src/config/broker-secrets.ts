/** What a unit's configuration names for its broker: certificates, key and password, read when they are needed. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { UnitConfig } from "./unit.ts";
import { errorText } from "../base/errors.ts";

type MqttConfig = NonNullable<UnitConfig["mqtt"]>;

export interface BrokerSecretTexts {
  /** PEM texts under the names the configuration has for their files. */
  tls: { ca?: string; cert?: string; key?: string };
  username?: string;
  password?: string;
}

/** The files by their settings. */
export function brokerFiles({ tls, passwordFile }: MqttConfig): Map<string, string> {
  const named: [string, string | undefined][] = [
    ["mqtt.tls.ca", tls?.ca],
    ["mqtt.tls.cert", tls?.cert],
    ["mqtt.tls.key", tls?.key],
    ["mqtt.passwordFile", passwordFile],
  ];
  return new Map(named.flatMap(([setting, file]) => (file === undefined ? [] : [[setting, file]])));
}

/**
 * Reads all of them.
 *
 * @param onProblem told of each file what is wrong with it, or that nothing is
 * @throws naming the settings and files that cannot be used
 */
export async function readBrokerSecrets(
  mqtt: MqttConfig,
  onProblem: (setting: string, problem: string | undefined) => void = () => {},
): Promise<BrokerSecretTexts> {
  const texts = new Map<string, string>();
  const problems: string[] = [];
  for (const [setting, file] of brokerFiles(mqtt)) {
    try {
      // A pipe would be waited for without an end.
      if (!(await stat(file)).isFile()) throw new Error("it is not a file");
      const text = await readFile(file, "utf8");
      if (setting.startsWith("mqtt.tls.")) checkPem(setting, text);
      texts.set(setting, text);
      onProblem(setting, undefined);
    } catch (error) {
      const message = errorText(error);
      const problem = message.includes(file) ? message : `${file}: ${message}`;
      problems.push(`${setting}: ${problem}`);
      onProblem(setting, problem);
    }
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
  const [ca, cert, key] = ["ca", "cert", "key"].map((name) => texts.get(`mqtt.tls.${name}`));
  const password = texts.get("mqtt.passwordFile");
  return {
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    ...(mqtt.username === undefined ? {} : { username: mqtt.username }),
    // An editor ends a file with a line's end; a password ends where its owner says.
    ...(password === undefined ? {} : { password: password.replace(/\r?\n$/, "") }),
  };
}

/** TLS would name no file, and go by the system's authorities where `ca` is empty. */
function checkPem(setting: string, text: string): void {
  const isKey = setting === "mqtt.tls.key";
  const read = isKey ? createPrivateKey : (pem: string) => new X509Certificate(pem);
  try {
    read(text);
  } catch (error) {
    const what = isKey ? "private key without a passphrase" : "certificate";
    throw new Error(`holds no ${what} in PEM`, { cause: error });
  }
}
