/** Reads revocation lists from files: SMART Health Card lists, EU batches, our own, Bloom filters. */
import { z } from "zod";
import { BloomFilter } from "./bloom.ts";
import { DAY_MS } from "../../core/time.ts";
import { timeOf } from "../../base/dates.ts";
import { parseJson } from "../../base/json.ts";
import { FORMATS, type RevocationNamespace } from "../formats/index.ts";
import type { RevocationEntry, RevocationList } from "./revocation.ts";
import { TrustFileError, readUsable } from "./trust-file-error.ts";

/** Names our own list files. */
export const REVOCATIONS_KIND = "digital-sentinel-revocations";

const NUMBERS = new Map(
  FORMATS.flatMap(({ signed }) => signed?.revocation ?? []).map(({ namespace, normalise }) => [
    namespace,
    normalise,
  ]),
);

/** Whose numbers a list may have. */
export const REVOCATION_NAMESPACES: readonly string[] = [...NUMBERS.keys()];

const Own = z.object({
  kind: z.literal(REVOCATIONS_KIND),
  namespace: z.enum(REVOCATION_NAMESPACES),
  asOf: z.iso.datetime({ offset: true }),
  revoked: z.array(z.string().min(1)).default([]),
  superseded: z.array(z.string().min(1)).default([]),
  /** Numbers that filters of the same namespace hit wrongly. */
  cleared: z.array(z.string().min(1)).exactOptional(),
});
export type RevocationFile = z.infer<typeof Own>;

/** spec.smarthealth.cards, § Revocation: ids may end in the time (seconds) before which they are meant. */
const CardList = z.object({
  kid: z.string().min(1),
  method: z.literal("rid"),
  ctr: z.number().int().min(1),
  rids: z.array(z.unknown()),
});
const Rid = z.string().regex(/^[A-Za-z0-9_-]{1,24}(\.\d{1,12})?$/);

/** eHealth Network, EU DCC revocation: batches of hashes, base64. */
const EuBatch = z.object({
  hashType: z.enum(["SIGNATURE", "UCI", "COUNTRYCODEUCI"]),
  entries: z.array(z.unknown()),
  /** When the gateway drops the batch; what is no time ends nothing. */
  expires: z.unknown().optional(),
});

const EuEntry = z.object({ hash: z.string().regex(/^[A-Za-z0-9+/_-]+={0,2}$/) });

const EU_NAMESPACES: Readonly<Record<z.infer<typeof EuBatch>["hashType"], RevocationNamespace>> = {
  SIGNATURE: "eu-dcc-signature",
  UCI: "eu-dcc-uci",
  COUNTRYCODEUCI: "eu-dcc-country-uci",
};

/**
 * Reads one file of lists.
 * @param importedAtMs a list's date where the file does not give its own (epoch ms)
 * @throws TrustFileError where the content is none of the kinds, or damaged
 */
export function readRevocationFile(bytes: Uint8Array, importedAtMs: number): RevocationList[] {
  const filter = BloomFilter.fromBytes(bytes);
  if (filter !== undefined) return [filterList(filter)];
  const json = parseJson(bytes);
  if (json === undefined) {
    throw new TrustFileError("", "neither a revocation list in JSON nor a filter");
  }
  if (!Array.isArray(json)) return [readList(json, importedAtMs)];
  // A batch of a kind to come must not deactivate the others.
  const { items, warnings } = readUsable(json, (each: unknown, index) => {
    return [readList(each, importedAtMs, `${index}`)];
  });
  const [first, ...others] = items;
  if (first === undefined || warnings.length === 0) return items;
  return [{ ...first, warnings: [...(first.warnings ?? []), ...warnings] }, ...others];
}

function filterList({ filter, label }: NonNullable<ReturnType<typeof BloomFilter.fromBytes>>) {
  const { namespace } = label;
  if (!REVOCATION_NAMESPACES.includes(namespace)) {
    throw new TrustFileError("namespace", `"${namespace}" is none that is known here`);
  }
  return { namespace, asOfMs: Date.parse(label.asOf), filter };
}

function readList(json: unknown, importedAtMs: number, where = ""): RevocationList {
  if (typeof json !== "object" || json === null) throw new TrustFileError(where, "not an object");
  if ("kind" in json) return ownList(checked(Own, json, where));
  if ("rids" in json || "method" in json) {
    return cardList(checked(CardList, json, where), importedAtMs, where);
  }
  if ("hashType" in json) return euList(checked(EuBatch, json, where), importedAtMs, where);
  throw new TrustFileError(
    where,
    "neither a SMART Health Card list, nor an EU batch, nor one of ours",
  );
}

function checked<T>(schema: z.ZodType<T>, json: unknown, where: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TrustFileError(pathOf(where, ...(issue?.path ?? [])), issue?.message ?? "invalid");
}

/** A path in a file, from the list it stands in. */
function pathOf(...parts: PropertyKey[]): string {
  return parts
    .map(String)
    .filter((part) => part !== "")
    .join(".");
}

/** A list with what could not be read of it. */
function withWarnings(list: RevocationList, warnings: readonly string[]): RevocationList {
  return warnings.length === 0 ? list : { ...list, warnings };
}

function ownList({
  namespace,
  asOf,
  revoked,
  superseded,
  cleared = [],
}: RevocationFile): RevocationList {
  const warnings: string[] = [];
  const numbersOf = (field: string, written: readonly string[]): string[] =>
    written.map((each, index) => numberAt(pathOf(field, index), namespace, each, warnings));
  const entries = new Map<string, RevocationEntry>();
  for (const number of numbersOf("superseded", superseded)) {
    entries.set(number, { verdict: "superseded" });
  }
  for (const number of numbersOf("revoked", revoked)) entries.set(number, { verdict: "revoked" });
  const list = withWarnings({ namespace, asOfMs: Date.parse(asOf), entries }, warnings);
  const known = new Set(numbersOf("cleared", cleared));
  return known.size === 0 ? list : { ...list, cleared: known };
}

/** A number as it is looked up; one that no credential can have gets a warning. */
function numberAt(where: string, namespace: string, written: string, warnings: string[]): string {
  const number = NUMBERS.get(namespace)?.(written.trim());
  if (number === undefined)
    warnings.push(`${where}: no number of ${namespace}: it revokes nothing`);
  return number ?? written.trim();
}

/** A number as credentials are looked up by it; as it is written where no credential can have it. */
export function revocationNumber(namespace: string, written: string): string {
  return NUMBERS.get(namespace)?.(written.trim()) ?? written.trim();
}

function cardList(
  { kid, ctr, rids }: z.infer<typeof CardList>,
  asOfMs: number,
  where: string,
): RevocationList {
  const { items, warnings } = readUsable(rids, (rid, index) => [
    checked(Rid, rid, pathOf(where, "rids", index)),
  ]);
  const entries = new Map<string, RevocationEntry>();
  for (const each of items) {
    const [rid = "", before] = each.split(".");
    const key = `${kid} ${rid}`;
    const beforeMs = before === undefined ? Infinity : Number(before) * 1000;
    // An id listed twice is meant as widely as the wider of the two.
    const widest = Math.max(beforeMs, entries.get(key)?.beforeMs ?? -Infinity);
    entries.set(key, { verdict: "revoked", beforeMs: widest });
  }
  const list = {
    namespace: "smart-health-card",
    asOfMs,
    entries,
    keyId: kid,
    counter: ctr,
  } as const;
  return withWarnings(list, warnings);
}

/** The end of a day, where a batch states only the day. */
function endOf(expires: string): number {
  const ms = timeOf(expires);
  return /t/i.test(expires) ? ms : ms + DAY_MS;
}

function euList(batch: z.infer<typeof EuBatch>, asOfMs: number, where: string): RevocationList {
  const { hashType, entries, expires } = batch;
  const expiresAtMs = typeof expires === "string" ? endOf(expires) : Number.NaN;
  const verdict = { verdict: "revoked" as const };
  const { items, warnings } = readUsable(entries, (entry, index) => [
    checked(EuEntry, entry, pathOf(where, "entries", index)),
  ]);
  const namespace = EU_NAMESPACES[hashType];
  const hashes = items.map(({ hash }, index) => {
    const place = pathOf(where, "entries", index, "hash");
    return [numberAt(place, namespace, hash, warnings), verdict] as const;
  });
  const list = { namespace, asOfMs, entries: new Map(hashes) };
  return withWarnings(Number.isNaN(expiresAtMs) ? list : { ...list, expiresAtMs }, warnings);
}
