/** What is said of a trust or revocation file that cannot be used. */

/** A file that cannot be used, with the path to the fault. Nothing of it comes into force. */
export class TrustFileError extends Error {
  override name = "TrustFileError";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === "" ? problem : `${path}: ${problem}`);
    this.path = path;
  }
}
