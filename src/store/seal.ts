/** Personal data, sealed under a key per holder and day, and forgotten by destroying the key. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { Database } from "better-sqlite3";
import type { RecordDraft } from "../core/record.ts";

type Personal = NonNullable<RecordDraft["personal"]>;

/** AES-256-GCM: 12-byte nonce, ciphertext, 16-byte tag (NIST SP 800-38D). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The sealed part of the store. The visit's random reference is all that links it to the chain. */
export class SealedPart {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Seals what is personal about one record. */
  put(seq: number, atMs: number, personal: Personal): void {
    const day = new Date(atMs).toISOString().slice(0, 10);
    const key = this.#key(holderReference(personal.holderPseudonym), day);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key.secret, nonce);
    const sealed = Buffer.concat([
      nonce,
      cipher.update(JSON.stringify(personal)),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    this.#database
      .prepare("INSERT INTO sealed (seq, key_id, data) VALUES (?, ?, ?)")
      .run(seq, key.id, sealed);
  }

  /** What was sealed, or undefined once its key is gone. */
  open(seq: number): Personal | undefined {
    const row = this.#database
      .prepare("SELECT data, secret FROM sealed JOIN seal_keys ON key_id = id WHERE seq = ?")
      .get(seq) as { data: Buffer; secret: Buffer } | undefined;
    if (row === undefined) return undefined;
    const { data, secret } = row;
    const decipher = createDecipheriv("aes-256-gcm", secret, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const text = Buffer.concat([
      decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ]);
    return JSON.parse(text.toString()) as Personal;
  }

  /** Destroys every key of one holder; returns how many days were forgotten. */
  forgetHolder(pseudonym: string): number {
    return this.#database
      .prepare("DELETE FROM seal_keys WHERE holder = ?")
      .run(holderReference(pseudonym)).changes;
  }

  /** Destroys every key of days before `day` (YYYY-MM-DD); returns how many. */
  forgetBefore(day: string): number {
    return this.#database.prepare("DELETE FROM seal_keys WHERE day < ?").run(day).changes;
  }

  #key(holder: string, day: string): { id: number; secret: Buffer } {
    const found = this.#database
      .prepare("SELECT id, secret FROM seal_keys WHERE holder = ? AND day = ?")
      .get(holder, day) as { id: number; secret: Buffer } | undefined;
    if (found !== undefined) return found;
    const secret = randomBytes(32);
    const { lastInsertRowid } = this.#database
      .prepare("INSERT INTO seal_keys (holder, day, secret) VALUES (?, ?, ?)")
      .run(holder, day, secret);
    return { id: Number(lastInsertRowid), secret };
  }
}

// The pseudonym itself must not stand beside the key that is to be forgotten with it.
function holderReference(pseudonym: string): string {
  return createHash("sha256").update("sealed-part/").update(pseudonym).digest("base64url");
}
