/** Reads the certificates and keys a unit's configuration names. */
import { readFile } from "node:fs/promises";
import type { UnitConfig } from "./unit.ts";

/** PEM texts under the names the configuration has for their files. */
export async function readTls(
  files: NonNullable<UnitConfig["mqtt"]>["tls"],
): Promise<{ ca?: string; cert?: string; key?: string }> {
  const read = Object.entries(files ?? {}).flatMap(([name, file]) =>
    file === undefined ? [] : [readFile(file, "utf8").then((text) => [name, text] as const)],
  );
  return Object.fromEntries(await Promise.all(read));
}
