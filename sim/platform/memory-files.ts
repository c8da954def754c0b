/** The files of a simulated unit: a disk without one, so that a run needs no file system. */
import { dirname } from "node:path";
import type { FileContent, FileFacts, Files } from "../../src/base/files.ts";

interface StoredFile {
  content: Buffer;
  modifiedMs: number;
}

/** Files in memory. They outlive the unit's restarts, as a disk does. */
export class MemoryFiles implements Files {
  readonly #nowMs: () => number;
  readonly #files = new Map<string, StoredFile>();

  /** @param nowMs dates what is written */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Lays a file down at once, as an installer does before the unit starts. */
  put(path: string, content: string | Uint8Array, modifiedMs = this.#nowMs()): void {
    this.#files.set(path, { content: Buffer.from(content), modifiedMs });
  }

  /** The content of a file; undefined where there is none. */
  peek(path: string): Buffer | undefined {
    return this.#files.get(path)?.content;
  }

  async facts(path: string): Promise<FileFacts> {
    const { content, modifiedMs } = this.#file(path);
    return { isFile: true, size: content.length, modifiedMs };
  }

  async read(path: string): Promise<Buffer> {
    return Buffer.from(this.#file(path).content);
  }

  async *stream(path: string): AsyncIterable<Uint8Array> {
    yield await this.read(path);
  }

  async list(folder: string, { recursive = false } = {}): Promise<string[]> {
    const inside = [...this.#files.keys()]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1));
    const names = recursive ? inside : inside.map((name) => name.split("/")[0] ?? name);
    return [...new Set(names)].sort();
  }

  async replace(path: string, content: FileContent): Promise<void> {
    const portions: Uint8Array[] = [];
    if (typeof content === "string") portions.push(Buffer.from(content));
    else for await (const portion of content) portions.push(portion);
    this.put(path, Buffer.concat(portions));
  }

  async erase(path: string): Promise<void> {
    this.#files.delete(path);
  }

  async eraseFolder(folder: string): Promise<void> {
    for (const path of this.#files.keys()) {
      if (dirname(path) === folder || path.startsWith(`${folder}/`)) this.#files.delete(path);
    }
  }

  #file(path: string): StoredFile {
    const found = this.#files.get(path);
    if (found !== undefined) return found;
    throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {
      code: "ENOENT",
    });
  }
}
