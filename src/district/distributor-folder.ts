/** What a district has published, in a folder: signed manifests, and the bytes they promise. */
import { createHash, type KeyObject } from "node:crypto";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { z } from "zod";
import { DATA_SET_KINDS, type DataSetKind } from "../core/data-set.ts";
import {
  MAX_CHUNKS,
  CHUNK_BYTES,
  chunkLength,
  readManifest,
  signManifest,
  type Blob,
  type DeltaBlob,
  type Manifest,
} from "../protocol/manifest.ts";

/** A set to be published. */
export interface NewSet {
  kind: DataSetKind;
  files: readonly Uint8Array[];
  /** `district/all`, or `district/unit` for each unit it is for. */
  audiences: readonly string[];
  asOfMs: number;
  nowMs: number;
  expiresMs: number;
  keyId: string;
  key: KeyObject;
  /** Where the next version number must be a certain one; else the time in seconds, or one more. */
  version?: number;
  /** The way from an earlier first file to the new one, for kinds that have such. */
  delta?: (base: Uint8Array, next: Uint8Array) => Uint8Array;
}

/** A manifest as it is published. */
export interface Published {
  kind: DataSetKind;
  audience: string;
  token: string;
  manifest: Manifest;
}

const bookSchema = z.strictObject({
  /** The highest version ever given. */
  version: z.number().int().min(0),
  /** Signed manifests by audience. */
  manifests: z.record(z.string(), z.string()),
  /** First files of the last versions: what deltas start from. */
  history: z.array(z.strictObject({ version: z.number().int(), sha256: z.string() })),
});
type Book = z.infer<typeof bookSchema>;

/** Versions that a delta leads from. */
const BASES = 4;
/** A delta that is not much smaller than the whole is not worth its place in the manifest. */
const WORTHWHILE = 1 / 3;
const LARGEST_DELTA = 8 * 1_048_576;
const SECOND_MS = 1_000;

interface Place {
  file: string;
  offset: number;
  length: number;
}

/** Several may read a folder, one at a time adds to it; what was added is on the disk. */
export class PublishedSets {
  readonly #folder: string;
  readonly #books = new Map<DataSetKind, Book>();
  readonly #parts = new Map<string, Place>();

  /** @throws Error naming the file that cannot be used */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, "files"), { recursive: true, mode: 0o700 });
    this.#own(join(folder, "files"));
    for (const kind of DATA_SET_KINDS) this.#books.set(kind, this.#read(kind));
    this.#index();
  }

  /** Reads again what another process has published here; whether there was anything new. */
  refresh(): boolean {
    let changed = false;
    for (const kind of DATA_SET_KINDS) {
      const book = this.#read(kind);
      if (book.version === this.#book(kind).version) continue;
      this.#books.set(kind, book);
      changed = true;
    }
    if (changed) this.#index();
    return changed;
  }

  /**
   * Signs and keeps a new version; nothing is sent yet.
   * @throws Error where a version was given before, or where it would not fit into a manifest
   */
  add(set: NewSet): Published[] {
    const { kind, files, audiences, nowMs } = set;
    this.refresh();
    const book = this.#book(kind);
    const version = set.version ?? Math.max(book.version + 1, Math.floor(nowMs / SECOND_MS));
    if (version <= book.version) {
      throw new Error(`version ${version} is not above ${book.version}, which was given before`);
    }
    const blobs = files.map((bytes) => this.#keep(bytes));
    const deltas = this.#deltas(set, book, partsOf(blobs));
    const sign = (audience: string): string =>
      signManifest(
        {
          kind,
          version,
          audience,
          asOfMs: set.asOfMs,
          issuedAtMs: nowMs,
          expiresMs: set.expiresMs,
          files: blobs,
          deltas,
        },
        set.keyId,
        set.key,
      );
    const toAll = audiences.some((audience) => audience.endsWith("/all"));
    const manifests = { ...(toAll ? {} : book.manifests) };
    for (const audience of audiences) {
      const token = sign(audience);
      if (manifestIn(token) === undefined) throw new Error("it does not fit into a manifest");
      manifests[audience] = token;
    }
    const [first] = blobs;
    const newest = first === undefined ? [] : [{ version, sha256: first.sha256 }];
    const history = [...newest, ...book.history].slice(0, BASES + 1);
    this.#write(kind, { version, manifests, history });
    this.#index();
    this.#tidy();
    return this.manifests().filter((each) => each.kind === kind);
  }

  /** Every manifest in force. */
  manifests(): Published[] {
    return [...this.#books].flatMap(([kind, { manifests }]) =>
      Object.entries(manifests).flatMap(([audience, token]): Published[] => {
        const manifest = manifestIn(token);
        return manifest === undefined ? [] : [{ kind, audience, token, manifest }];
      }),
    );
  }

  /** The bytes of a part, if any manifest in force names it. */
  part(sha256: string): Uint8Array | undefined {
    const place = this.#parts.get(sha256);
    if (place === undefined) return undefined;
    const handle = openSync(place.file, "r");
    try {
      const bytes = Buffer.alloc(place.length);
      return readSync(handle, bytes, 0, place.length, place.offset) === place.length
        ? bytes
        : undefined;
    } finally {
      closeSync(handle);
    }
  }

  #deltas({ delta, files }: NewSet, book: Book, wholeParts: number): DeltaBlob[] {
    const [next] = files;
    if (delta === undefined || next === undefined) return [];
    const deltas: DeltaBlob[] = [];
    for (const { version, sha256 } of book.history.slice(0, BASES)) {
      const file = this.#file(sha256);
      if (!existsSync(file)) continue;
      const bytes = delta(readFileSync(file), next);
      if (bytes.length > Math.min(LARGEST_DELTA, next.length * WORTHWHILE)) continue;
      const blob = blobOf(bytes);
      if (wholeParts + partsOf([...deltas, blob]) > MAX_CHUNKS) continue;
      deltas.push({ ...this.#keep(bytes), base: version });
    }
    return deltas;
  }

  #keep(bytes: Uint8Array): Blob {
    const blob = blobOf(bytes);
    const file = this.#file(blob.sha256);
    if (!existsSync(file)) {
      this.#putFile(file, bytes);
    }
    return blob;
  }

  #book(kind: DataSetKind): Book {
    return this.#books.get(kind) ?? { version: 0, manifests: {}, history: [] };
  }

  #read(kind: DataSetKind): Book {
    const file = join(this.#folder, `${kind}.json`);
    if (!existsSync(file)) return { version: 0, manifests: {}, history: [] };
    try {
      return bookSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    } catch (error) {
      throw new Error(
        `${file} cannot be read; without it old version numbers would be given again`,
        { cause: error },
      );
    }
  }

  #write(kind: DataSetKind, book: Book): void {
    const file = join(this.#folder, `${kind}.json`);
    const text = `${JSON.stringify(book, null, 2)}\n`;
    this.#putFile(file, text);
    this.#books.set(kind, book);
  }

  /** All of it or nothing. */
  #putFile(file: string, content: Uint8Array | string): void {
    const next = `${file}.new`;
    writeFileSync(next, content, { mode: 0o600, flush: true });
    this.#own(next);
    renameSync(next, file);
  }

  /** Where root publishes into a service's folder, the service can read it. */
  #own(path: string): void {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = statSync(this.#folder);
    const now = statSync(path);
    if (now.uid !== uid || now.gid !== gid) chownSync(path, uid, gid);
  }

  /** Where each part lies. */
  #index(): void {
    this.#parts.clear();
    for (const { manifest } of this.manifests()) {
      for (const blob of [...manifest.files, ...manifest.deltas]) {
        blob.parts.forEach((part, index) => {
          const offset = index * CHUNK_BYTES;
          const length = chunkLength(blob, index);
          this.#parts.set(part, { file: this.#file(blob.sha256), offset, length });
        });
      }
    }
  }

  /** Files that nothing refers to any more go. */
  #tidy(): void {
    const kept = new Set<string>();
    for (const { history } of this.#books.values()) {
      for (const { sha256 } of history) kept.add(sha256);
    }
    for (const { manifest } of this.manifests()) {
      for (const blob of [...manifest.files, ...manifest.deltas]) kept.add(blob.sha256);
    }
    for (const name of readdirSync(join(this.#folder, "files"))) {
      if (!kept.has(name)) rmSync(join(this.#folder, "files", name));
    }
  }

  #file(sha256: string): string {
    return join(this.#folder, "files", sha256);
  }
}

function partsOf(blobs: readonly Blob[]): number {
  return blobs.reduce((sum, { parts }) => sum + parts.length, 0);
}

/** Bytes cut into parts. */
export function blobOf(bytes: Uint8Array): Blob {
  const hash = (portion: Uint8Array): string => createHash("sha256").update(portion).digest("hex");
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    parts.push(hash(bytes.subarray(at, at + CHUNK_BYTES)));
  }
  return { sha256: hash(bytes), size: bytes.length, parts };
}

// These are our own words, kept in our own folder: units check the signature, here only the content counts.
function manifestIn(token: string): Manifest | undefined {
  const [, body = ""] = token.split(".");
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
    return readManifest(claims as Record<string, unknown>);
  } catch {
    return undefined;
  }
}
