/** Where a unit finds and keeps its files: a disk, or in virtual time the memory of the simulation. */

export interface FileFacts {
  /** False for folders, pipes and devices. */
  isFile: boolean;
  size: number;
  /** Epoch ms. */
  modifiedMs: number;
}

/** What can be written: all at once, or in portions. */
export type FileContent = string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Every method rejects with an error that `isMissing` recognises where the file is not there. */
export interface Files {
  facts(path: string): Promise<FileFacts>;
  read(path: string): Promise<Buffer>;
  /** The content in portions, in order. */
  stream(path: string): AsyncIterable<Uint8Array>;
  /** Names of what lies in a folder; with `recursive` paths relative to it. */
  list(folder: string, options?: { recursive?: boolean }): Promise<string[]>;
  /**
   * Replaces a file in one step, for its owner only; makes its folder where there is none. A reader
   * sees the old content or the new one, also after a power cut.
   *
   * @param options.durable the content is on the disk when this resolves
   */
  replace(path: string, content: FileContent, options: { durable: boolean }): Promise<void>;
  /** Removes a file and what its blocks held. A file that is not there is erased already. */
  erase(path: string): Promise<void>;
  /** The same for everything below a folder. */
  eraseFolder(folder: string): Promise<void>;
}

/** The text of a file. */
export async function readText(files: Files, path: string): Promise<string> {
  return (await files.read(path)).toString("utf8");
}

/** Whether a file could not be read because there is none. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
