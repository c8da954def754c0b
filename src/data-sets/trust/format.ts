/** Trust lists as a data set: the keys and certificates whose signatures count. */
import { readTrustFile } from "../../credential/trust/trust-files.ts";
import type { TrustSet } from "../../credential/trust/trust.ts";
import { limitJson, MIB, oldestOf, readSource, type InMemoryFormat } from "../format.ts";

/** As many as are read in a few milliseconds. */
const CERTIFICATES_AT_ONCE = 50;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

export const trustFormat: InMemoryFormat<TrustSet> = {
  kind: "trust",
  limits: { bytes: 4 * MIB, files: 16 },
  takesFolders: false,
  isReadInPieces: true,
  read: trustPieces,
  compose(sources, { nowMs }) {
    const sets = sources.map(({ name, bytes, modifiedMs }) =>
      readSource(name, () => {
        // As the unit reads it: what cannot be read in pieces is refused here already.
        for (const _piece of trustPieces(bytes, modifiedMs));
        return readTrustFile(bytes, modifiedMs);
      }),
    );
    const keys = sets.reduce((sum, set) => sum + set.keys.length, 0);
    const warnings = sets.flatMap((set) => set.warnings ?? []);
    const asOfMs = oldestOf(
      sets.map((set) => set.asOfMs),
      nowMs,
    );
    const files = sources.map(({ bytes }) => bytes);
    return { files, asOfMs, what: [`${keys} keys`, ...warnings].join("; ") };
  },
};

function* trustPieces(bytes: Uint8Array, asOfMs: number): Iterable<TrustSet> {
  const text = Buffer.from(bytes).toString("utf8");
  const isJson = /^\s*[[{]/.test(text);
  const certificates = isJson ? [] : (text.match(CERTIFICATE) ?? []);
  if (certificates.length === 0) {
    limitJson(bytes, "a key set");
    yield { ...readTrustFile(bytes, asOfMs), asOfMs };
  }
  for (let at = 0; at < certificates.length; at += CERTIFICATES_AT_ONCE) {
    const some = certificates.slice(at, at + CERTIFICATES_AT_ONCE).join("\n");
    yield { ...readTrustFile(some, asOfMs), asOfMs };
  }
}
