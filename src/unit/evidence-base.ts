/** What a real unit's decisions rest on: keys, trust lists, revocations and the directory, from files. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../hal/clock.ts";
import type { UnitConfig } from "../config/unit.ts";
import { RuleStore } from "../credential/formats/eu-dcc/business-rules.ts";
import { TokenResolver } from "../credential/directory/resolver.ts";
import { readRevocationFile } from "../credential/trust/revocation-files.ts";
import { RevocationStore } from "../credential/trust/revocation.ts";
import {
  parseRuleJson,
  parseRuleDocuments,
  ruleSetOf,
} from "../credential/formats/eu-dcc/rule-files.ts";
import { readTrustFile } from "../credential/trust/trust-files.ts";
import { TrustStore } from "../credential/trust/trust.ts";
import { createCredentialVerifier } from "../credential/verifier.ts";
import { readDirectory } from "./directory-file.ts";
import type { Inputs } from "./inputs.ts";
import type { CredentialVerifier } from "../gateway/ports.ts";
import { createResolverClient } from "../linux/https-resolver.ts";
import type { Store } from "../store/store.ts";

const KEY_BYTES = 32;

/** Something the unit was given cannot be used; the message names the file and the mend. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** The verifier of a unit, and the stores its trust, revocations and rules can be replaced in. */
export interface EvidenceBase {
  verifier: CredentialVerifier;
  trust: TrustStore;
  revocation: RevocationStore;
  rules: RuleStore;
}

/**
 * Loads everything there is. A trust, revocation, rule or directory file that cannot be read is told to
 * `inputs`, left out, and tried again: less is trusted meanwhile, never more. A key that cannot be
 * used in a file that is else good is told to `onWarning`. `onReachable` hears when the online
 * resolver is given up for a while, and when it answers again.
 * @throws SetupError when a key is missing or damaged: without it nobody could be recognised
 */
export async function loadEvidenceBase(
  config: UnitConfig,
  store: Store,
  clock: Clock,
  inputs: Inputs,
  onWarning: (problem: string) => void,
  onReachable: (reachable: boolean) => void = () => {},
): Promise<EvidenceBase> {
  const districtKey = await districtKeyOf(config.keys.district);
  const unitKey = await unitKeyOf(config.keys.unit);
  const trust = new TrustStore();
  const revocation = new RevocationStore();
  const attempt = (
    setting: string,
    file: string,
    load: (bytes: Buffer, asOfMs: number) => void | Promise<void>,
  ): Promise<void> =>
    inputs.take(setting, file, async () => {
      const { mtimeMs } = await stat(file);
      await load(await readFile(file), Math.min(Math.round(mtimeMs), clock.wallMs()));
    });
  for (const [index, file] of config.trust.files.entries()) {
    await attempt(`trust.files[${index}]`, file, (bytes, asOfMs) => {
      const set = readTrustFile(bytes, asOfMs);
      trust.replace(file, set);
      for (const warning of set.warnings ?? []) onWarning(`${file}: ${warning}`);
    });
  }
  for (const [index, file] of config.trust.revoked.entries()) {
    await attempt(`trust.revoked[${index}]`, file, (bytes, asOfMs) => {
      const lists = readRevocationFile(bytes, asOfMs);
      revocation.replace(file, lists);
      for (const warning of lists.flatMap(({ warnings = [] }) => warnings)) {
        onWarning(`${file}: ${warning}`);
      }
    });
  }
  // A directory that the district counts is newer than any file this unit began with.
  if (config.trust.directory !== undefined && store.directory.version() === undefined) {
    await attempt("trust.directory", config.trust.directory, async (bytes, asOfMs) => {
      if (store.directory.version() !== undefined) return;
      const entries = readDirectory(bytes.toString());
      await store.directory.upsert(entries, Math.round(asOfMs));
    });
  }
  const rules = new RuleStore();
  if (config.trust.rules !== undefined) {
    const { folder, valueSets, of } = config.trust.rules;
    await attempt("trust.rules", valueSets, async (bytes, asOfMs) => {
      const documents = [...(await readDocuments(folder)), parseRuleJson(bytes)];
      rules.replace(ruleSetOf(parseRuleDocuments(documents, "pass-over"), of, asOfMs));
    });
  }
  const resolver = await resolverOf(config, clock, inputs, onReachable);
  const verifier = createCredentialVerifier({
    trust,
    revocation,
    directory: store.directory,
    districtKey,
    unitKey,
    directoryAsOf: () => store.directory.asOf(),
    rules,
    ...(resolver === undefined ? {} : { resolver }),
  });
  return { verifier, trust, revocation, rules };
}

/** Every JSON file under a folder, in the order of their names. */
async function readDocuments(folder: string): Promise<unknown[]> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith(".json")).sort();
  return Promise.all(files.map(async (name) => parseRuleJson(await readFile(join(folder, name)))));
}

async function resolverOf(
  { resolver }: UnitConfig,
  clock: Clock,
  inputs: Inputs,
  onReachable: (reachable: boolean) => void,
): Promise<TokenResolver | undefined> {
  if (resolver === undefined) return undefined;
  const { url, deadlineMs, secret } = resolver;
  const bearer = secret === undefined ? undefined : bearerIn(secret);
  if (secret !== undefined) {
    await inputs.take("resolver.secret", secret, async () => void (await bearerIn(secret)()));
  }
  const client = createResolverClient(url, bearer);
  return new TokenResolver({ client, clock, deadlineMs, onReachable });
}

const bearerIn = (file: string) => async (): Promise<string> => {
  const secret = (await readFile(file, "utf8")).trim();
  if (secret === "") throw new Error("there is nothing in it");
  return secret;
};

async function districtKeyOf(file: string): Promise<Uint8Array> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new SetupError(
      `${file}: the district's key is not there; every unit of a district has the same one ` +
        `(64 hexadecimal digits, e.g. from "openssl rand -hex 32")`,
    );
  });
  return keyFrom(text, file);
}

/** The unit's own key never leaves it, so the unit makes it at its first start. */
async function unitKeyOf(file: string): Promise<Uint8Array> {
  try {
    return keyFrom(await readFile(file, "utf8"), file);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    const key = randomBytes(KEY_BYTES);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, `${key.toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    return key;
  }
}

function keyFrom(text: string, file: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}\s*$/.test(text)) {
    throw new SetupError(`${file}: expected a key of 64 hexadecimal digits and nothing else`);
  }
  return Buffer.from(text.trim(), "hex");
}
