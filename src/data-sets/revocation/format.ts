/** Revocation lists as a data set: the credentials that count no more, exactly or as a filter. */
import { isFilterFile } from "../../credential/trust/bloom.ts";
import { readRevocationFile } from "../../credential/trust/revocation-files.ts";
import type { RevocationList } from "../../credential/trust/revocation.ts";
import { limitJson, MIB, oldestOf, readSource, type InMemoryFormat } from "../format.ts";

export const revocationFormat: InMemoryFormat<readonly RevocationList[]> = {
  kind: "revocation",
  limits: { bytes: 64 * MIB, files: 16 },
  takesFolders: false,
  isReadInPieces: false,
  read(bytes, asOfMs) {
    return [readLists(bytes, asOfMs).map((list) => ({ ...list, asOfMs }))];
  },
  compose(sources, { nowMs }) {
    const lists = sources.flatMap(({ name, bytes, modifiedMs }) =>
      readSource(name, () => readLists(bytes, modifiedMs)),
    );
    const entries = lists.reduce(
      (sum, list) => sum + (list.entries?.size ?? 0) + (list.filter?.entries ?? 0),
      0,
    );
    const asOfMs = oldestOf(
      lists.map((list) => list.asOfMs),
      nowMs,
    );
    const warnings = lists.flatMap((list) => list.warnings ?? []);
    const files = sources.map(({ bytes }) => bytes);
    return { files, asOfMs, what: [`${entries} revoked`, ...warnings].join("; ") };
  },
};

function readLists(bytes: Uint8Array, modifiedMs: number): RevocationList[] {
  if (!isFilterFile(bytes)) limitJson(bytes, "an exact list, of which a filter can be made,");
  return readRevocationFile(bytes, modifiedMs);
}
