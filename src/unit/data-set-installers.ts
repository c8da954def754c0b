/** What a unit does with each kind of distributed set: read it to the end, then change over in one step. */
import { setImmediate as breath } from "node:timers/promises";
import type { DataSetKind } from "../core/data-set.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { RuleStore } from "../credential/formats/eu-dcc/business-rules.ts";
import type { RevocationStore } from "../credential/trust/revocation.ts";
import type { TrustSet, TrustStore } from "../credential/trust/trust.ts";
import {
  byBytes,
  DirectoryHash,
  directoryRows,
  directorySteps,
  readRevocationSet,
  readRulesSet,
  SET_LIMITS,
  trustPieces,
  type DirectoryStep,
} from "../credential/data-set-formats.ts";
import { readPolicySet } from "../config/policy.ts";
import type { DirectoryStore } from "../store/directory.ts";
import type { DirectoryRow } from "../core/evidence/directory.ts";
import type { Blob } from "../protocol/manifest.ts";
import {
  DataSetError,
  type PreparedDataSet,
  type DataSetVersion,
  type DataSetInstaller,
} from "../distribution/data-set.ts";
import { readWhole, type DataSetFile } from "../distribution/data-set-cache.ts";
import { errorText } from "../base/errors.ts";

/** Where sets go. */
export interface SetTargets {
  trust: TrustStore;
  revocation: RevocationStore;
  rules: RuleStore;
  directory: DirectoryStore;
  /** A policy is in force from now on. */
  onPolicy: (policy: Policy) => void;
}

/** Rows written or read at once: a few milliseconds of the store's time. */
const PORTION = 200;
/** A delta of up to so many steps is one transaction of a few milliseconds; a longer one is staged. */
const SMALL_DELTA = 500;

export function setInstallers(targets: SetTargets): Record<DataSetKind, DataSetInstaller> {
  const { trust, revocation, rules, directory, onPolicy } = targets;
  return {
    policy: {
      limits: SET_LIMITS.policy,
      async prepare(files) {
        const policies = await readAll(files, readPolicySet);
        return { activate: () => policies.forEach(onPolicy) };
      },
    },
    trust: {
      limits: SET_LIMITS.trust,
      async prepare(files, { asOfMs }) {
        const sets: TrustSet[] = [];
        await readAll(files, async (bytes) => {
          for (const piece of trustPieces(bytes, asOfMs)) {
            sets.push(piece);
            await breath();
          }
        });
        return { activate: () => trust.replaceAll(named(sets)) };
      },
    },
    revocation: {
      limits: SET_LIMITS.revocation,
      async prepare(files, { asOfMs }) {
        const lists = await readAll(files, (bytes) => readRevocationSet(bytes, asOfMs));
        return { activate: () => revocation.replaceAll(named(lists)) };
      },
    },
    rules: {
      limits: SET_LIMITS.rules,
      async prepare(files, { asOfMs }) {
        const books = await readAll(files, (bytes) => readRulesSet(bytes, asOfMs));
        return { activate: () => books.forEach((book) => rules.replace(book)) };
      },
    },
    directory: new DirectoryInstaller(directory),
  };
}

async function readAll<T>(
  files: readonly DataSetFile[],
  read: (bytes: Uint8Array) => T | Promise<T>,
): Promise<T[]> {
  const all: T[] = [];
  for (const [index, file] of files.entries()) {
    const bytes = await readWhole(file);
    try {
      all.push(await read(bytes));
    } catch (error) {
      const where = files.length === 1 ? "" : `file ${index + 1}: `;
      const what = errorText(error);
      throw new DataSetError("content-invalid", `${where}${what}`.slice(0, 300), { cause: error });
    }
  }
  return all;
}

/** What comes from the district has no file's name; its place in the set tells it apart. */
function named<T>(items: readonly T[]): [string, T][] {
  return items.map((item, index) => [`district/${index + 1}`, item]);
}

/** The directory lives in the store: written beside the one in force, in portions. */
class DirectoryInstaller implements DataSetInstaller {
  readonly limits = SET_LIMITS.directory;
  readonly #directory: DirectoryStore;

  constructor(directory: DirectoryStore) {
    this.#directory = directory;
  }

  active(): DataSetVersion | undefined {
    const version = this.#directory.version();
    const asOfMs = this.#directory.asOf();
    return version === undefined || asOfMs === undefined ? undefined : { version, asOfMs };
  }

  async prepare(files: readonly DataSetFile[], facts: DataSetVersion): Promise<PreparedDataSet> {
    const [file] = files;
    if (file === undefined) throw new DataSetError("content-invalid", "no file");
    const stage = await this.#emptyStage();
    for await (const row of directoryRows(file.read())) await stage.add(row);
    await stage.end();
    return this.#promotion(facts, stage.size);
  }

  async prepareDelta(
    delta: DataSetFile,
    whole: Blob,
    facts: DataSetVersion,
  ): Promise<PreparedDataSet> {
    const steps = await directorySteps(delta.read());
    const stage = steps.size > SMALL_DELTA ? await this.#emptyStage() : undefined;
    const hash = new DirectoryHash();
    for await (const row of merged(this.#rows(), steps)) {
      hash.add(row);
      await stage?.add(row);
    }
    await stage?.end();
    if (hash.hex() !== whole.sha256) {
      throw new DataSetError("whole-damaged", "the delta does not lead to the set it is for");
    }
    if (stage !== undefined) return this.#promotion(facts, stage.size);
    const all = [...steps.values()];
    const put = all.flatMap((step) => ("put" in step ? [step.put] : []));
    const remove = all.flatMap((step) => ("remove" in step ? [step.remove] : []));
    return { activate: () => this.#directory.apply({ put, remove, ...facts }) };
  }

  #promotion(facts: DataSetVersion, size: number): PreparedDataSet {
    return {
      activate: async () => {
        await this.#directory.activate({ ...facts, size });
        // What was in force until now; left where it lies, it would go before the next set comes.
        await this.#clear().catch(() => {});
      },
    };
  }

  async #clear(): Promise<void> {
    while (await this.#directory.clearStaging());
  }

  async #emptyStage(): Promise<Stage> {
    await this.#clear();
    return new Stage(this.#directory);
  }

  async *#rows(): AsyncIterable<DirectoryRow> {
    let after = "";
    for (;;) {
      const page = await this.#directory.page(after, PORTION);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.entry.pseudonym;
    }
  }
}

class Stage {
  readonly #directory: DirectoryStore;
  #rows: DirectoryRow[] = [];
  size = 0;

  constructor(directory: DirectoryStore) {
    this.#directory = directory;
  }

  async add(row: DirectoryRow): Promise<void> {
    this.size += 1;
    if (this.#rows.push(row) === PORTION) await this.end();
  }

  async end(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) await this.#directory.stage(rows);
  }
}

/** A set as it is after some steps, in order. */
async function* merged(
  rows: AsyncIterable<DirectoryRow>,
  steps: ReadonlyMap<string, DirectoryStep>,
): AsyncIterable<DirectoryRow> {
  const coming = [...steps].sort(([a], [b]) => byBytes(a, b));
  let next = 0;
  for await (const row of rows) {
    const { pseudonym } = row.entry;
    for (; next < coming.length; next++) {
      const [person = "", step] = coming[next] ?? [];
      if (byBytes(person, pseudonym) >= 0) break;
      if (step !== undefined && "put" in step) yield step.put;
    }
    if (!steps.has(pseudonym)) yield row;
  }
  for (const [, step] of coming.slice(next)) if ("put" in step) yield step.put;
}
