/** Emptying a unit for good, and proving it: everything goes, a signed certificate stays. */
import { createPublicKey, verify } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { eraseFileSync } from "../../base/erase.ts";
import { ordersFileOf, screenPageOf, staffTokenOf, wipingMarkerOf } from "../sidecar-files.ts";
import { canonicalJson } from "../../base/canonical-json.ts";
import { STANDBY_TABLES } from "../directory.ts";
import { asStoreError, StoreError } from "../errors.ts";
import { signingKeyFromSeed } from "../signing-key.ts";
import { Meta, UNIT_APPLICATION_ID } from "../schema.ts";
import { scrubLog } from "../../base/sqlite/scrub-log.ts";
import { clearCorruptionMarker, quarantinedDatabases, quarantinedFiles } from "../quarantine.ts";

/** What was wiped. The chain's head lets the district check that it had everything. */
export interface WipeStatement {
  type: "digital-sentinel-wipe";
  unit: string;
  epoch: string;
  wipedAtMs: number;
  /** Whether the clock that gave `wipedAtMs` could be believed. */
  clockTrusted: boolean;
  reason: string;
  head: { seq: number; hash: string };
  /** Rows that were there, by table; null where the table is damaged and cannot be counted. */
  rows: Readonly<Record<string, number | null>>;
  /** Records that had not been delivered and are lost with the wipe; null where nobody can say. */
  undelivered: number | null;
  /** Damaged databases of before that lay beside it and went with it. */
  setAside: number;
}

export interface WipeCertificate {
  statement: WipeStatement;
  /** Raw Ed25519 public key of the unit, base64url: the one its birth messages carried. */
  publicKey: string;
  /** Over the statement's canonical JSON, base64url. */
  signature: string;
}

const TABLES = [
  "records",
  "outbox",
  "sealed",
  "holder_keys",
  "directory",
  "tokens",
  "directory_beside",
  "tokens_beside",
  "settings",
  "meta",
] as const;

/**
 * Overwrites every file of the unit in place, then removes it. The unit must be stopped: its database
 * is locked until the certificate is kept. Flash storage may keep overwritten pages in spare blocks,
 * and a log-structured file system writes elsewhere: only disk encryption settles those.
 *
 * @param keep gets the certificate before anything goes: the key that signs it goes as well
 * @param rest erases what else goes with the unit; a wipe that was interrupted before is not finished
 * @throws StoreError when the file is not a unit's, is in use, or is too damaged to have its key read
 */
export function wipeUnit(
  path: string,
  moment: { wallMs: number; trusted: boolean },
  reason: string,
  keep: (certificate: WipeCertificate) => void = () => {},
  rest: () => void = () => {},
): WipeCertificate {
  const database = openExclusively(path);
  let certificate: WipeCertificate;
  try {
    certificate = certify(database, path, moment, reason);
    keep(certificate);
    writeFileSync(wipingMarkerOf(path), certificate.statement.unit, { flush: true });
    // The last close frees the log's blocks: they are overwritten before.
    scrubLogOf(database);
  } catch (error) {
    const known = asStoreError(error, `wiping ${path}`);
    throw known.kind === "damaged" && known !== error
      ? new StoreError("damaged", tooDamaged(path))
      : known;
  } finally {
    database.close();
  }
  eraseAll(path, rest);
  return certificate;
}

/** Whether a wipe was begun and not finished: the database itself may be gone already. */
export const isWipeUnfinished = (path: string): boolean => existsSync(wipingMarkerOf(path));

/**
 * Finishes a wipe that was interrupted after its certificate was kept.
 * @param rest as for `wipeUnit`
 * @returns whether there was one to finish
 */
export function finishWipe(path: string, rest: () => void = () => {}): boolean {
  if (!isWipeUnfinished(path)) return false;
  eraseAll(path, rest);
  return true;
}

/** Overwrites and removes whatever belongs to the unit; the marker goes last. */
function eraseAll(path: string, rest: () => void): void {
  const orders = ordersFileOf(path);
  const beside = ["", "-wal", "-shm", ".new", ".new-wal", ".new-shm"].map((end) => `${path}${end}`);
  const written = [orders, screenPageOf(path), staffTokenOf(path)];
  // What a power cut left of writing them anew holds the same.
  const unfinished = written.map((file) => `${file}.new`);
  for (const file of [...beside, ...written, ...unfinished, ...quarantinedFiles(path)]) {
    eraseFileSync(file);
  }
  rest();
  clearCorruptionMarker(path);
  rmSync(wipingMarkerOf(path), { force: true });
}

function scrubLogOf(database: Database.Database): void {
  try {
    scrubLog(database, 0);
  } catch (error) {
    // Damaged pages cannot be copied out of the log; the log itself is overwritten with the rest.
    if (!isDamage(error)) throw error;
  }
}

const isDamage = (error: unknown): boolean => asStoreError(error, "wiping").kind === "damaged";

/** Whether a certificate was signed by the key it names, and, if given, by the key of that unit. */
export function isCertificateValid(certificate: WipeCertificate, publicKey?: string): boolean {
  if (publicKey !== undefined && publicKey !== certificate.publicKey) return false;
  try {
    const jwk = { kty: "OKP", crv: "Ed25519", x: certificate.publicKey };
    return verify(
      null,
      Buffer.from(canonicalJson(certificate.statement)),
      createPublicKey({ key: jwk, format: "jwk" }),
      Buffer.from(certificate.signature, "base64url"),
    );
  } catch {
    return false;
  }
}

function certify(
  database: Database.Database,
  path: string,
  moment: { wallMs: number; trusted: boolean },
  reason: string,
): WipeCertificate {
  const meta = new Meta(database);
  const count = (table: string): number | null => {
    try {
      return Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    } catch (error) {
      if (isDamage(error)) return null;
      throw error;
    }
  };
  const seed = meta.get("signing-seed");
  if (seed === undefined) {
    throw new StoreError(
      "damaged",
      `${path} was emptied before, and its certificate made then: remove what is left of it`,
    );
  }
  const [seq, hash] = (meta.get("head") ?? "0:").split(":");
  const statement: WipeStatement = {
    type: "digital-sentinel-wipe",
    unit: meta.get("unit") ?? "",
    epoch: meta.get("epoch") ?? "",
    wipedAtMs: moment.wallMs,
    clockTrusted: moment.trusted,
    reason,
    head: { seq: Number(seq), hash: hash ?? "" },
    rows: Object.fromEntries(TABLES.map((table) => [table, count(table)])),
    undelivered: count("outbox"),
    setAside: quarantinedDatabases(path).length,
  };
  const identity = signingKeyFromSeed(Buffer.from(seed, "hex"));
  const signature = identity.sign(canonicalJson(statement));
  return { statement, publicKey: identity.publicKey, signature };
}

const tooDamaged = (path: string): string =>
  `${path} is too damaged to have its key read: start the unit once, which sets it aside, and wipe then; what was set aside is overwritten too`;

function openExclusively(path: string): Database.Database {
  const database = new Database(path, { fileMustExist: true, timeout: 500 });
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    if (database.pragma("application_id", { simple: true }) !== UNIT_APPLICATION_ID) {
      throw new StoreError("foreign", `${path} is not a unit's database: name another file`);
    }
    database.pragma("secure_delete = ON");
    database.exec(STANDBY_TABLES);
    // Takes the lock now, so that nobody is surprised half way.
    database.exec("BEGIN EXCLUSIVE; COMMIT");
    return database;
  } catch (error) {
    database.close();
    if (error instanceof StoreError) throw error;
    if (isDamage(error)) throw new StoreError("damaged", tooDamaged(path));
    throw new StoreError("disk", `${path} is in use: stop the unit first (${String(error)})`);
  }
}
