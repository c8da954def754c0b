/** Wrong usage of a verb: told in a line on stderr, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
