/** One kind of data set on the unit's disk: the last good one, and the parts of the next. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isMissing, type Files } from "../base/files.ts";
import { chunkLength, type Blob } from "../protocol/manifest.ts";

/** Content that is here and hashes right. */
export interface DataSetFile {
  readonly sha256: string;
  readonly size: number;
  /** In portions, in order; may be read more than once. */
  read(): AsyncIterable<Uint8Array>;
  /** It lies beside the manifest already: a file that did not change is neither fetched nor written. */
  readonly stored?: true;
}

const MANIFEST = "manifest.jws";
const PARTS = "parts";

/** SHA-256, hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** All of a file at once, for kinds whose sets are small enough. */
export async function readWhole(file: DataSetFile): Promise<Buffer> {
  const portions: Uint8Array[] = [];
  for await (const portion of file.read()) portions.push(portion);
  return Buffer.concat(portions);
}

/**
 * The folder of one kind: `manifest.jws` names what is in force, files lie beside it under their
 * hash, `parts/` holds what has come of the next set. The manifest is renamed into its place last,
 * so a crash at any moment leaves either the old set or the new one.
 */
export class DataSetCache {
  readonly #files: Files;
  readonly #folder: string;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** The signed manifest of the last good set; nothing when there never was one. */
  async manifest(): Promise<Uint8Array | undefined> {
    return await this.#files.read(join(this.#folder, MANIFEST)).catch(unlessAbsent);
  }

  /** A file of the last good set, or nothing when it is missing or is not what its name says. */
  async file(blob: Blob): Promise<DataSetFile | undefined> {
    const path = join(this.#folder, blob.sha256);
    const found = await this.#files.facts(path).catch(unlessAbsent);
    if (found?.size !== blob.size) return undefined;
    const file = fileOf(blob, () => this.#files.stream(path));
    return (await hashOf(file)) === blob.sha256 ? { ...file, stored: true } : undefined;
  }

  /** Which parts of a blob are here and undamaged. */
  async chunksOf(blob: Blob): Promise<Set<string>> {
    const here = new Set<string>();
    for (const [index, part] of blob.parts.entries()) {
      const bytes = await this.#files.read(this.#part(part)).catch(unlessAbsent);
      if (bytes?.length === chunkLength(blob, index) && sha256Of(bytes) === part) here.add(part);
    }
    return here;
  }

  async putChunk(sha256: string, bytes: Uint8Array): Promise<void> {
    // Not synced: a part that a power cut damaged is found by its hash and asked for again.
    await this.#files.replace(this.#part(sha256), [bytes], { durable: false });
  }

  /** A blob whose parts are all here, or nothing when together they do not make it. */
  async assemble(blob: Blob): Promise<DataSetFile | undefined> {
    const file = fileOf(blob, () => this.#portions(blob));
    return (await hashOf(file)) === blob.sha256 ? file : undefined;
  }

  /** Erases parts that belong to nothing which is still wanted: a directory of people may lie in them. */
  async keepOnlyChunks(wanted: ReadonlySet<string>): Promise<void> {
    const folder = join(this.#folder, PARTS);
    for (const name of (await this.#files.list(folder).catch(unlessAbsent)) ?? []) {
      if (!wanted.has(name)) await this.#files.erase(join(folder, name));
    }
  }

  /**
   * Makes a set the last good one, durably. `files` are kept beside the manifest; a kind that keeps
   * its content elsewhere gives none.
   */
  async store(manifest: Uint8Array, files: readonly DataSetFile[]): Promise<void> {
    for (const file of files) {
      if (file.stored === true) continue;
      const path = join(this.#folder, file.sha256);
      await this.#files.replace(path, file.read(), { durable: true });
    }
    await this.#files.replace(join(this.#folder, MANIFEST), [manifest], { durable: true });
    const kept = new Set([MANIFEST, PARTS, ...files.map(({ sha256 }) => sha256)]);
    for (const name of await this.#files.list(this.#folder)) {
      if (!kept.has(name)) await this.#files.erase(join(this.#folder, name));
    }
    await this.#files.eraseFolder(join(this.#folder, PARTS));
  }

  #part(sha256: string): string {
    return join(this.#folder, PARTS, sha256);
  }

  async *#portions(blob: Blob): AsyncIterable<Uint8Array> {
    for (const part of blob.parts) yield await this.#files.read(this.#part(part));
  }
}

// In portions, so that the hash of a long file does not hold up the door.
async function hashOf(file: DataSetFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const portion of file.read()) hash.update(portion);
  return hash.digest("hex");
}

function fileOf({ sha256, size }: Blob, read: () => AsyncIterable<Uint8Array>): DataSetFile {
  return { sha256, size, read };
}

function unlessAbsent(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}
