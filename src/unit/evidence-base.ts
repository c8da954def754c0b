/** Loads what a unit's decisions rest on: keys, trust lists, revocations, rules and the directory, from files. */
import { join } from "node:path";
import { errorText } from "../base/errors.ts";
import { isMissing, readText, type Files } from "../base/files.ts";
import { optional } from "../base/optional.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { DataSetKind } from "../core/data-set.ts";
import { TokenResolver } from "../credential/directory/resolver.ts";
import { RuleStore } from "../credential/formats/eu-dcc/business-rules.ts";
import {
  parseRuleDocuments,
  parseRuleJson,
  ruleSetOf,
} from "../credential/formats/eu-dcc/rule-files.ts";
import { readRevocationFile } from "../credential/trust/revocation-files.ts";
import { RevocationStore } from "../credential/trust/revocation.ts";
import { readTrustFile } from "../credential/trust/trust-files.ts";
import { TrustStore } from "../credential/trust/trust.ts";
import { createCredentialVerifier } from "../credential/verifier.ts";
import type { CredentialVerifier } from "../gateway/ports.ts";
import type { Store } from "../store/store.ts";
import { readDirectory } from "../data-sets/directory/entry.ts";
import type { Inputs } from "./inputs.ts";
import type { Platform } from "./platform.ts";

const KEY_BYTES = 32;

/** Something the unit was given cannot be used; the message names the file and how to fix it. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** The verifier of a unit, and the stores in which its trust, revocations and rules can be replaced. */
export interface EvidenceBase {
  verifier: CredentialVerifier;
  trust: TrustStore;
  revocation: RevocationStore;
  rules: RuleStore;
  /** Reads the files again, except for kinds that the district's data sets have replaced. Never rejects. */
  reload(except: readonly DataSetKind[]): Promise<void>;
}

export interface EvidenceBaseOptions {
  config: UnitConfig;
  platform: Pick<Platform, "chance" | "clock" | "files" | "log" | "resolver">;
  store: Store;
  inputs: Inputs;
  /** Called when the online resolver is left alone for a while, and when it answers again. */
  onReachable: (reachable: boolean) => void;
}

/**
 * Loads everything there is. A trust, revocation, rule or directory file that cannot be read is
 * reported to `inputs`, left out, and tried again: less is trusted meanwhile, never more. A key that
 * cannot be used in a file that is otherwise good is logged.
 * @throws SetupError when a key is missing or damaged: without it no holder could be recognised
 */
export async function loadEvidenceBase(options: EvidenceBaseOptions): Promise<EvidenceBase> {
  const { config, platform, store } = options;
  const districtKey = await districtKeyOf(platform.files, config.keys.district);
  const unitKey = await unitKeyOf(platform, config.keys.unit);
  const targets = {
    trust: new TrustStore(),
    revocation: new RevocationStore(),
    rules: new RuleStore(),
  };
  const files = new EvidenceFiles(options, targets);
  await files.load([]);
  const resolver = await resolverOf(options);
  const verifier = createCredentialVerifier({
    ...targets,
    directory: store.directory,
    districtKey,
    unitKey,
    directoryAsOf: () => store.directory.asOf(),
    ...optional({ resolver }),
  });
  return { verifier, ...targets, reload: (except) => files.load(except) };
}

type Targets = Pick<EvidenceBase, "trust" | "revocation" | "rules">;

/** The files of the configuration, and where their content goes. */
class EvidenceFiles {
  readonly #options: EvidenceBaseOptions;
  readonly #targets: Targets;

  constructor(options: EvidenceBaseOptions, targets: Targets) {
    this.#options = options;
    this.#targets = targets;
  }

  async load(except: readonly DataSetKind[]): Promise<void> {
    if (!except.includes("trust")) await this.#loadTrust();
    if (!except.includes("revocation")) await this.#loadRevocations();
    await this.#loadDirectory();
    if (!except.includes("rules")) await this.#loadRules();
  }

  async #loadTrust(): Promise<void> {
    for (const [index, file] of this.#options.config.trust.files.entries()) {
      await this.#take(`trust.files[${index}]`, file, (bytes, asOfMs) => {
        const set = readTrustFile(bytes, asOfMs);
        this.#targets.trust.replace(file, set);
        this.#warn(file, set.warnings);
      });
    }
  }

  async #loadRevocations(): Promise<void> {
    for (const [index, file] of this.#options.config.trust.revoked.entries()) {
      await this.#take(`trust.revoked[${index}]`, file, (bytes, asOfMs) => {
        const lists = readRevocationFile(bytes, asOfMs);
        this.#targets.revocation.replace(file, lists);
        for (const { warnings } of lists) this.#warn(file, warnings);
      });
    }
  }

  // A directory that the district counts is newer than any file this unit began with.
  async #loadDirectory(): Promise<void> {
    const { config, store } = this.#options;
    const file = config.trust.directory;
    if (file === undefined || store.directory.version() !== undefined) return;
    await this.#take("trust.directory", file, async (bytes, asOfMs) => {
      if (store.directory.version() !== undefined) return;
      // The file is the whole directory: a person who no longer stands in it is no longer known.
      const put = readDirectory(bytes.toString());
      await store.directory.apply({ replace: true, put, asOfMs });
    });
  }

  async #loadRules(): Promise<void> {
    const { config, platform } = this.#options;
    if (config.trust.rules === undefined) return;
    const { folder, valueSets, of } = config.trust.rules;
    await this.#take("trust.rules", valueSets, async (bytes, asOfMs) => {
      const documents = [...(await readDocuments(platform.files, folder)), parseRuleJson(bytes)];
      this.#targets.rules.replace(
        ruleSetOf(parseRuleDocuments(documents, "pass-over"), of, asOfMs),
      );
    });
  }

  #take(
    setting: string,
    file: string,
    load: (bytes: Buffer, asOfMs: number) => void | Promise<void>,
  ): Promise<void> {
    const { files, clock } = this.#options.platform;
    return this.#options.inputs.take(setting, file, async () => {
      const modifiedMs = Math.round((await files.facts(file)).modifiedMs);
      // A file cannot be newer than now; a clock that is not trusted does not know what now is.
      const asOfMs = clock.wallTrusted() ? Math.min(modifiedMs, clock.wallMs()) : modifiedMs;
      await load(await files.read(file), asOfMs);
    });
  }

  #warn(file: string, warnings: readonly string[] = []): void {
    for (const warning of warnings) {
      this.#options.platform.log("data-not-loaded", { problem: `${file}: ${warning}` });
    }
  }
}

/** Every JSON file under a folder, in the order of their names. */
async function readDocuments(files: Files, folder: string): Promise<unknown[]> {
  const names = (await files.list(folder, { recursive: true }))
    .filter((name) => name.endsWith(".json"))
    .sort();
  return Promise.all(
    names.map(async (name) => parseRuleJson(await files.read(join(folder, name)))),
  );
}

async function resolverOf(options: EvidenceBaseOptions): Promise<TokenResolver | undefined> {
  const { config, platform, inputs, onReachable } = options;
  if (config.resolver === undefined) return undefined;
  const { url, deadlineMs, secret } = config.resolver;
  const bearer = secret === undefined ? undefined : bearerIn(platform.files, secret);
  if (secret !== undefined && bearer !== undefined) {
    await inputs.take("resolver.secret", secret, async () => void (await bearer()));
  }
  const client = platform.resolver(url, bearer);
  return new TokenResolver({ client, clock: platform.clock, deadlineMs, onReachable });
}

const bearerIn = (files: Files, file: string) => async (): Promise<string> => {
  const secret = (await readText(files, file)).trim();
  if (secret === "") throw new Error("there is nothing in it");
  return secret;
};

async function districtKeyOf(files: Files, file: string): Promise<Uint8Array> {
  const text = await readText(files, file).catch((error: unknown) => {
    // One that only cannot be read must not be replaced by a new one: it would know none of the district's holders.
    if (!isMissing(error)) {
      throw new SetupError(`${file}: the district's key cannot be read (${errorText(error)})`);
    }
    throw new SetupError(
      `${file}: the district's key is not there; every unit of a district has the same one ` +
        `(64 hexadecimal digits, e.g. from "openssl rand -hex 32")`,
    );
  });
  return keyFrom(text, file);
}

/** The unit's own key never leaves it, so the unit makes it at its first start. */
async function unitKeyOf(
  { files, chance }: EvidenceBaseOptions["platform"],
  file: string,
): Promise<Uint8Array> {
  try {
    return keyFrom(await readText(files, file), file);
  } catch (error) {
    // Only where there is none: a key that cannot be read must not be overwritten.
    if (!isMissing(error)) throw error;
    const key = Buffer.from(chance.bytes(KEY_BYTES));
    await files
      .replace(file, `${key.toString("hex")}\n`, { durable: true })
      .catch((cause: unknown) => {
        throw new SetupError(
          `${file}: the unit's own key cannot be made (${errorText(cause)}); ` +
            `its folder must be writable at the first start`,
        );
      });
    return key;
  }
}

function keyFrom(text: string, file: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}\s*$/.test(text)) {
    throw new SetupError(`${file}: expected a key of 64 hexadecimal digits and nothing else`);
  }
  return Buffer.from(text.trim(), "hex");
}
