/** Errors and warnings of trust and revocation files that cannot be used, or not wholly. */

/** A file that cannot be used, with the path to the error. Nothing of it becomes active. */
export class TrustFileError extends Error {
  override name = "TrustFileError";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === "" ? problem : `${path}: ${problem}`);
    this.path = path;
  }
}

/** The usable items of a file, and warnings about the others. */
export interface Usable<T> {
  items: T[];
  warnings: string[];
}

/**
 * Reads each item by itself: one key of a kind that is not known here must not cost the others
 * (RFC 7517 §5). What is left out is named in a warning.
 * @throws TrustFileError the first error, where nothing is left
 */
export function readUsable<S, T>(
  items: readonly S[],
  read: (item: S, index: number) => readonly T[],
): Usable<T> {
  const usable: Usable<T> = { items: [], warnings: [] };
  const faults: TrustFileError[] = [];
  for (const [index, item] of items.entries()) {
    try {
      usable.items.push(...read(item, index));
    } catch (error) {
      if (!(error instanceof TrustFileError)) throw error;
      faults.push(error);
    }
  }
  if (usable.items.length === 0 && faults[0] !== undefined) throw faults[0];
  usable.warnings = faults.map(({ message }) => `left out: ${message}`);
  return usable;
}
