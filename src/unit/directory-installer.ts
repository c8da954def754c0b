/** Puts a directory of people into the unit's store: a whole set, or the steps of a delta. */
import type { DirectoryRow } from "../core/evidence/directory.ts";
import { directoryFormat } from "../data-sets/directory/format.ts";
import {
  byBytes,
  DirectoryHash,
  directoryRows,
  directorySteps,
  type DirectoryStep,
} from "../data-sets/directory/lines.ts";
import type { DataSetFile } from "../distribution/data-set-cache.ts";
import {
  DataSetError,
  type DataSetInstaller,
  type DataSetVersion,
  type PreparedDataSet,
} from "../distribution/data-set.ts";
import type { Blob } from "../protocol/manifest.ts";
import type { DirectoryStore } from "../store/directory.ts";

/** Rows written or read at once: a few milliseconds of the store's time. */
const PORTION_ROWS = 200;
/** A delta of up to so many steps is one transaction of a few milliseconds; a longer one is staged. */
const SMALL_DELTA_STEPS = 500;

/** Writes the next directory to the store in portions, next to the active one. */
export class DirectoryInstaller implements DataSetInstaller {
  readonly limits = directoryFormat.limits;
  readonly #directory: DirectoryStore;

  constructor(directory: DirectoryStore) {
    this.#directory = directory;
  }

  active(): DataSetVersion | undefined {
    const version = this.#directory.version();
    const asOfMs = this.#directory.asOf();
    return version === undefined || asOfMs === undefined ? undefined : { version, asOfMs };
  }

  async prepare(files: readonly DataSetFile[], dataSet: DataSetVersion): Promise<PreparedDataSet> {
    const [file] = files;
    if (file === undefined) throw new DataSetError("content-invalid", "no file");
    const stage = await this.#emptyStage();
    for await (const row of directoryRows(file.read())) await stage.add(row);
    await stage.end();
    return this.#staged(dataSet, stage.size);
  }

  async prepareDelta(
    delta: DataSetFile,
    whole: Blob,
    dataSet: DataSetVersion,
  ): Promise<PreparedDataSet> {
    const steps = await directorySteps(delta.read());
    const stage = steps.size > SMALL_DELTA_STEPS ? await this.#emptyStage() : undefined;
    const hash = new DirectoryHash();
    for await (const row of merged(this.#rows(), steps)) {
      hash.add(row);
      await stage?.add(row);
    }
    await stage?.end();
    if (hash.hex() !== whole.sha256) {
      throw new DataSetError("whole-damaged", "the delta does not lead to the set it is for");
    }
    if (stage !== undefined) return this.#staged(dataSet, stage.size);
    const all = [...steps.values()];
    const put = all.flatMap((step) => ("put" in step ? [step.put] : []));
    const remove = all.flatMap((step) => ("remove" in step ? [step.remove] : []));
    return { activate: () => this.#directory.apply({ put, remove, ...dataSet }) };
  }

  #staged(dataSet: DataSetVersion, size: number): PreparedDataSet {
    return {
      activate: async () => {
        await this.#directory.activate({ ...dataSet, size });
        // Removes the former set now; otherwise the next set would have to wait for it.
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
      const page = await this.#directory.page(after, PORTION_ROWS);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.entry.pseudonym;
    }
  }
}

/** Rows of the next directory, gathered into portions. */
class Stage {
  readonly #directory: DirectoryStore;
  #rows: DirectoryRow[] = [];
  size = 0;

  constructor(directory: DirectoryStore) {
    this.#directory = directory;
  }

  async add(row: DirectoryRow): Promise<void> {
    this.size += 1;
    if (this.#rows.push(row) === PORTION_ROWS) await this.end();
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
