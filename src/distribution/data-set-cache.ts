/** One kind of data set on the unit's disk: the last good one, and the parts of the next. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { eraseFile, eraseFolder } from "../base/erase.ts";
import { partLength, type Blob } from "../protocol/manifest.ts";

/** Content that is here and hashes right. */
export interface SetFile {
  readonly sha256: string;
  readonly size: number;
  /** In portions, in order; may be read more than once. */
  read(): AsyncIterable<Uint8Array>;
  /** It lies beside the manifest already: a file that did not change is neither fetched nor written. */
  readonly stored?: true;
}

const MANIFEST = "manifest.jws";
const PARTS = "parts";
const UNFINISHED = ".new";
const PORTION = 1_048_576;

/** SHA-256, hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** All of a file at once, for kinds whose sets are small enough. */
export async function wholeOf(file: SetFile): Promise<Buffer> {
  const portions: Uint8Array[] = [];
  for await (const portion of file.read()) portions.push(portion);
  return Buffer.concat(portions);
}

/**
 * The folder of one kind: `manifest.jws` names what is in force, files lie beside it under their
 * hash, `parts/` holds what has come of the next set. The manifest is renamed into its place last,
 * so a crash at any moment leaves either the old set or the new one.
 */
export class Shelf {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The signed manifest of the last good set; nothing when there never was one. */
  async manifest(): Promise<Uint8Array | undefined> {
    return await readFile(join(this.#folder, MANIFEST)).catch(unlessAbsent);
  }

  /** A file of the last good set, or nothing when it is missing or is not what its name says. */
  async file(blob: Blob): Promise<SetFile | undefined> {
    const path = join(this.#folder, blob.sha256);
    const found = await stat(path).catch(unlessAbsent);
    if (found?.size !== blob.size) return undefined;
    const file = fileOf(blob, () => createReadStream(path, { highWaterMark: PORTION }));
    return (await hashOf(file)) === blob.sha256 ? { ...file, stored: true } : undefined;
  }

  /** Which parts of a blob are here and undamaged. */
  async partsOf(blob: Blob): Promise<Set<string>> {
    const here = new Set<string>();
    for (const [index, part] of blob.parts.entries()) {
      const bytes = await readFile(this.#part(part)).catch(unlessAbsent);
      if (bytes?.length === partLength(blob, index) && sha256Of(bytes) === part) here.add(part);
    }
    return here;
  }

  async putPart(sha256: string, bytes: Uint8Array): Promise<void> {
    await mkdir(join(this.#folder, PARTS), { recursive: true, mode: 0o700 });
    // Not synced: a part that a power cut damaged is found by its hash and asked for again.
    await replaceFile(this.#part(sha256), [bytes], false);
  }

  /** A blob whose parts are all here, or nothing when together they do not make it. */
  async assembled(blob: Blob): Promise<SetFile | undefined> {
    const file = fileOf(blob, () => this.#portions(blob));
    return (await hashOf(file)) === blob.sha256 ? file : undefined;
  }

  /** Erases parts that belong to nothing which is still wanted: a directory of people may lie in them. */
  async keepParts(wanted: ReadonlySet<string>): Promise<void> {
    const folder = join(this.#folder, PARTS);
    for (const name of (await readdir(folder).catch(unlessAbsent)) ?? []) {
      if (!wanted.has(name)) await eraseFile(join(folder, name));
    }
  }

  /**
   * Makes a set the last good one, durably. `files` are kept beside the manifest; a kind that keeps
   * its content elsewhere gives none.
   */
  async keep(manifest: Uint8Array, files: readonly SetFile[]): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const file of files) {
      if (file.stored === true) continue;
      await replaceFile(join(this.#folder, file.sha256), file.read(), true);
    }
    await replaceFile(join(this.#folder, MANIFEST), [manifest], true);
    await syncFolder(this.#folder);
    const kept = new Set([MANIFEST, PARTS, ...files.map(({ sha256 }) => sha256)]);
    for (const name of await readdir(this.#folder)) {
      if (!kept.has(name)) await eraseFile(join(this.#folder, name));
    }
    await eraseFolder(join(this.#folder, PARTS));
  }

  #part(sha256: string): string {
    return join(this.#folder, PARTS, sha256);
  }

  async *#portions(blob: Blob): AsyncIterable<Uint8Array> {
    for (const part of blob.parts) yield await readFile(this.#part(part));
  }
}

// In portions, so that the hash of a long file does not hold up the door.
async function hashOf(file: SetFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const portion of file.read()) hash.update(portion);
  return hash.digest("hex");
}

function fileOf({ sha256, size }: Blob, read: () => AsyncIterable<Uint8Array>): SetFile {
  return { sha256, size, read };
}

async function replaceFile(
  path: string,
  portions: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  durable: boolean,
): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`;
  const handle = await open(unfinished, "w", 0o600);
  try {
    for await (const portion of portions) await handle.writeFile(portion);
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, path);
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
