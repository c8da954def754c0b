/** What a real unit's decisions rest on: keys, trust lists, revocations and the directory, from files. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { UnitConfig } from "./config/unit.ts";
import type { DirectoryEntry } from "./core/directory.ts";
import { readRevocationFile } from "./credential/revocation-files.ts";
import { RevocationStore } from "./credential/revocation.ts";
import { readTrustFile } from "./credential/trust-files.ts";
import { TrustStore } from "./credential/trust.ts";
import { createCredentialVerifier } from "./credential/verifier.ts";
import type { CredentialVerifier } from "./gateway/ports.ts";
import type { Store } from "./store/store.ts";

const KEY_BYTES = 32;

/** Something the unit was given cannot be used; the message names the file and the mend. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/**
 * Loads everything there is. A trust, revocation or directory file that cannot be read is told to
 * `onProblem` and left out: less is trusted then, never more.
 * @throws SetupError when a key is missing or damaged: without it nobody could be recognised
 */
export async function loadEvidenceBase(
  config: UnitConfig,
  store: Store,
  nowMs: number,
  onProblem: (problem: string) => void,
): Promise<CredentialVerifier> {
  const districtKey = await districtKeyOf(config.keys.district);
  const unitKey = await unitKeyOf(config.keys.unit);
  const trust = new TrustStore();
  const revocation = new RevocationStore();
  const attempt = async (
    file: string,
    load: (bytes: Buffer, asOfMs: number) => void | Promise<void>,
  ) => {
    try {
      const { mtimeMs } = await stat(file);
      await load(await readFile(file), Math.min(mtimeMs, nowMs));
    } catch (error) {
      onProblem(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const file of config.trust.files) {
    await attempt(file, (bytes, asOfMs) =>
      trust.replace(file, readTrustFile(bytes.toString(), asOfMs)),
    );
  }
  for (const file of config.trust.revoked) {
    await attempt(file, (bytes, asOfMs) =>
      revocation.replace(file, readRevocationFile(bytes, asOfMs)),
    );
  }
  if (config.trust.directory !== undefined) {
    await attempt(config.trust.directory, async (bytes, asOfMs) => {
      const entries = readDirectory(bytes.toString());
      await store.directory.upsert(entries, Math.round(asOfMs));
    });
  }
  return createCredentialVerifier({
    trust,
    revocation,
    directory: store.directory,
    districtKey,
    unitKey,
    directoryAsOf: () => store.directory.asOf(),
  });
}

async function districtKeyOf(file: string): Promise<Uint8Array> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new SetupError(
      `${file}: the district's key is not there; every unit of a district has the same one ` +
        `(64 hexadecimal digits, e.g. from "openssl rand -hex 32")`,
    );
  });
  return keyFrom(text, file);
}

/** The unit's own key never leaves it, so the unit makes it at its first start. */
async function unitKeyOf(file: string): Promise<Uint8Array> {
  try {
    return keyFrom(await readFile(file, "utf8"), file);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    const key = randomBytes(KEY_BYTES);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${key.toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    return key;
  }
}

function keyFrom(text: string, file: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}\s*$/.test(text)) {
    throw new SetupError(`${file}: expected a key of 64 hexadecimal digits and nothing else`);
  }
  return Buffer.from(text.trim(), "hex");
}

const testResult = z.enum(["negative", "positive", "pending"]);
const entrySchema: z.ZodType<DirectoryEntry> = z.strictObject({
  pseudonym: z.string().min(16).max(64),
  maskedName: z.string().max(16).exactOptional(),
  birthYear: z.number().int().min(1900).max(2200).exactOptional(),
  roles: z.array(z.string()).default([]),
  colour: z.enum(["green", "yellow", "red"]).exactOptional(),
  nucleicAcidTests: z
    .array(
      z.strictObject({
        result: testResult,
        sampledAtMs: z.number(),
        reportedAtMs: z.number().exactOptional(),
      }),
    )
    .default([]),
  antigenTests: z
    .array(z.strictObject({ result: testResult, sampledAtMs: z.number() }))
    .default([]),
  vaccination: z
    .strictObject({
      doses: z.number().int().min(0),
      dosesNeeded: z.number().int().exactOptional(),
      lastDoseAtMs: z.number(),
      product: z.string().exactOptional(),
    })
    .exactOptional(),
  asOfMs: z.number(),
});

/** JSON lines; one bad line refuses the file, so that nobody is half known. */
function readDirectory(text: string): DirectoryEntry[] {
  return text.split("\n").flatMap((row, index) => {
    if (row.trim() === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(row);
    } catch {
      throw new Error(`line ${index + 1} is not JSON`);
    }
    const parsed = entrySchema.safeParse(value);
    if (parsed.success) return [parsed.data];
    const [problem] = parsed.error.issues;
    throw new Error(`line ${index + 1}: ${problem?.path.join(".")}: ${problem?.message}`);
  });
}
