/** The files of this machine's disk. */
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { eraseFile, eraseFolder } from "../base/erase.ts";
import type { FileContent, Files } from "../base/files.ts";

const UNFINISHED = ".new";
const PORTION_BYTES = 1_048_576;

export const diskFiles: Files = {
  async facts(path) {
    const found = await stat(path);
    return { isFile: found.isFile(), size: found.size, modifiedMs: found.mtimeMs };
  },
  read: (path) => readFile(path),
  stream: (path) => createReadStream(path, { highWaterMark: PORTION_BYTES }),
  list: (folder, { recursive = false } = {}) => readdir(folder, { recursive }),
  async replace(path, content, { durable }) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await write(`${path}${UNFINISHED}`, content, durable);
    await rename(`${path}${UNFINISHED}`, path);
    // The name is on the disk when its folder is.
    if (durable) await syncFolder(dirname(path));
  },
  erase: eraseFile,
  eraseFolder,
};

async function write(path: string, content: FileContent, durable: boolean): Promise<void> {
  const handle = await open(path, "w", 0o600);
  try {
    if (typeof content === "string") await handle.writeFile(content);
    else for await (const portion of content) await handle.writeFile(portion);
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
