/** Personal data at rest: AES-256-GCM under a key per holder and day; forgetting destroys the key. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
} from "node:crypto";
import type Database from "better-sqlite3";
import { DAY_MS } from "../core/time.ts";
import { asStoreError, StoreError } from "./errors.ts";
import { scrubLog } from "../base/sqlite/scrub-log.ts";
import { preparing, type Prepare } from "../base/sqlite/statements.ts";

/** What links a record to a person. */
export interface PersonalData {
  holderPseudonym: string;
  maskedName?: string;
  codeReference?: string;
}

export type RandomBytes = (length: number) => Uint8Array;

const NONCE_BYTES = 12; // NIST SP 800-38D §8.2.2
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Keys kept ready for use; making one ready costs more than using it. */
const READY_KEYS = 512;

/** A personal part as it lies on the disk, with its key. */
export interface EncryptedRow {
  id: number;
  key: Uint8Array;
  nonce: Uint8Array;
  box: Uint8Array;
}

/** Seals, opens and forgets. Everything but `forget` and `purge` runs inside the caller's transaction. */
export class PersonalDataTable {
  readonly #database: Database.Database;
  readonly #prepare: Prepare;
  readonly #tagKey: KeyObject;
  readonly #ready = new Map<number, KeyObject>();
  readonly #random: RandomBytes;
  readonly #scope: string;
  readonly #waitMs: number;
  /** Keys were destroyed, and the log could not be overwritten since. */
  #logHoldsKeys = false;

  /**
   * @param scope unit and epoch; bound into every box, so that none can be moved to another record
   * @param tagKey secret of this unit: the key table must not name a holder to who steals the file
   * @param waitMs how long destroying a key waits for another process; a unit's commits wait as long
   */
  constructor(
    database: Database.Database,
    scope: string,
    tagKey: Uint8Array,
    random: RandomBytes,
    waitMs = 0,
  ) {
    this.#database = database;
    this.#prepare = preparing(database);
    this.#scope = scope;
    this.#tagKey = createSecretKey(tagKey);
    this.#random = random;
    this.#waitMs = waitMs;
  }

  /** @param atMs when the record was made; its UTC day chooses the key */
  encrypt(seq: number, atMs: number, personal: PersonalData): void {
    const { id, key } = this.#keyFor(personal.holderPseudonym, Math.floor(atMs / DAY_MS));
    const nonce = this.#random(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(this.#bound(seq));
    const box = Buffer.concat([
      cipher.update(JSON.stringify(personal), "utf8"),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    this.#prepare("INSERT INTO sealed (seq, key_id, nonce, box) VALUES (?, ?, ?, ?)").run(
      seq,
      id,
      nonce,
      box,
    );
  }

  /** The personal part of a record, or nothing when it never had one or was forgotten. */
  decrypt(seq: number): PersonalData | undefined {
    const row = this.#prepare<[number], EncryptedRow>(
      `SELECT holder_keys.id, key, nonce, box FROM sealed
         JOIN holder_keys ON holder_keys.id = key_id WHERE seq = ?`,
    ).get(seq);
    return row === undefined ? undefined : this.decryptRow(seq, row);
  }

  /** Opens what was just read from the tables. */
  decryptRow(seq: number, row: EncryptedRow): PersonalData | undefined {
    const end = row.box.length - TAG_BYTES;
    const key = this.#readyKey(row.id, row.key);
    const decipher = createDecipheriv("aes-256-gcm", key, row.nonce)
      .setAAD(this.#bound(seq))
      .setAuthTag(row.box.subarray(end));
    try {
      const text = Buffer.concat([decipher.update(row.box.subarray(0, end)), decipher.final()]);
      return JSON.parse(text.toString("utf8")) as PersonalData;
    } catch {
      // A box that was tampered with says nothing; the chain beside it still verifies.
      return undefined;
    }
  }

  /** Destroys all keys of one holder. @returns how many records lost their link to the person */
  forget(holderPseudonym: string): number {
    return this.#destroy("holder_tag = ?", this.#tag(holderPseudonym));
  }

  /** Destroys the keys of every day before the one `beforeMs` lies in. */
  purge(beforeMs: number): number {
    return this.#destroy("day < ?", Math.floor(beforeMs / DAY_MS));
  }

  /** After a transaction that was undone: the ids of keys it made are given again, to other keys. */
  rolledBack(): void {
    this.#ready.clear();
  }

  #destroy(where: string, value: Uint8Array | number): number {
    this.#ready.clear();
    try {
      const links = this.#database
        .transaction(() => {
          const { changes } = this.#prepare(
            `DELETE FROM sealed WHERE key_id IN (SELECT id FROM holder_keys WHERE ${where})`,
          ).run(value);
          const keys = this.#prepare(`DELETE FROM holder_keys WHERE ${where}`).run(value).changes;
          if (keys > 0) this.#logHoldsKeys = true;
          return changes;
        })
        .immediate();
      if (!this.#logHoldsKeys) return links;
      // The write-ahead log still holds old pages with the keys.
      if (!scrubLog(this.#database, this.#waitMs)) {
        throw new StoreError(
          "disk",
          "the keys are destroyed, but another process uses the database and its log still holds them: try again",
        );
      }
      this.#logHoldsKeys = false;
      return links;
    } catch (error) {
      throw asStoreError(error, "destroying keys");
    }
  }

  #keyFor(holder: string, day: number): { id: number; key: KeyObject } {
    const tag = this.#tag(holder);
    const found = this.#prepare<[Uint8Array, number], { id: number; key: Uint8Array }>(
      "SELECT id, key FROM holder_keys WHERE holder_tag = ? AND day = ?",
    ).get(tag, day);
    if (found !== undefined) return { id: found.id, key: this.#readyKey(found.id, found.key) };
    const key = this.#random(KEY_BYTES);
    const { lastInsertRowid } = this.#prepare(
      "INSERT INTO holder_keys (holder_tag, day, key) VALUES (?, ?, ?)",
    ).run(tag, day, key);
    const id = Number(lastInsertRowid);
    return { id, key: createSecretKey(key) };
  }

  // Only for a key that was just read from its table: a destroyed one must not live on in here.
  #readyKey(id: number, bytes: Uint8Array): KeyObject {
    const known = this.#ready.get(id);
    if (known !== undefined) return known;
    if (this.#ready.size >= READY_KEYS) this.#ready.clear();
    const key = createSecretKey(bytes);
    this.#ready.set(id, key);
    return key;
  }

  #tag(holder: string): Uint8Array {
    return createHmac("sha256", this.#tagKey).update(holder).digest();
  }

  #bound(seq: number): Uint8Array {
    return Buffer.from(`${this.#scope}/${seq}`);
  }
}
