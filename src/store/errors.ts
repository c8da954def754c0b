/** What can go wrong between a record and the disk, by kind. */
import { errorText } from "../base/errors.ts";

/**
 * - `full`: the outbox is at its limit and its policy is to refuse
 * - `damaged`: the file is not a database this version can trust
 * - `foreign`: the database belongs to another unit, or to another program
 * - `closed`: the store was closed before the request was carried out
 * - `invalid`: what was given cannot be stored
 * - `disk`: the database refused (no space, I/O error, locked)
 */
export type StoreErrorKind = "full" | "damaged" | "foreign" | "closed" | "invalid" | "disk";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  readonly context: Readonly<Record<string, string | number>>;

  constructor(
    kind: StoreErrorKind,
    message: string,
    context: Readonly<Record<string, string | number>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.kind = kind;
    this.context = context;
  }
}

/** Gives a failure of the database its kind; what is one of ours already stays as it is. */
export function asStoreError(error: unknown, during: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = errorText(error);
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const kind = code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB" ? "damaged" : "disk";
  return new StoreError(kind, `${during}: ${message}`, { code }, { cause: error });
}
