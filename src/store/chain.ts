/** The hash chain of a unit's records: any changed, missing or reordered record breaks it. */
import { createHash } from "node:crypto";
import type { RecordBody } from "../core/record.ts";

/** What a record's hash covers. */
export interface ChainedRecord {
  unitId: string;
  /** Changes when a unit starts a new chain, after a wipe. */
  epoch: string;
  seq: number;
  key: string;
  /** Epoch ms as the unit believed, and whether it could be believed. */
  atMs: number;
  wallTrusted: boolean;
  body: RecordBody;
}

/** The hash before the first record. */
export const CHAIN_START = Buffer.alloc(32);

/** JSON with sorted keys and no spaces: the same content always gives the same bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** SHA-256 over the previous hash and the record's canonical bytes. */
export function chainHash(previous: Uint8Array, record: ChainedRecord): Buffer {
  return createHash("sha256").update(previous).update(canonicalJson(record)).digest();
}
