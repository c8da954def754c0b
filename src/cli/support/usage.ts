/** Wrong usage of a verb: told on stderr, exit status 2. */
import { FileError } from "../../config/problems.ts";
import { printable } from "../../base/printable.ts";
import { errorText } from "../../base/errors.ts";

export class UsageError extends Error {
  override readonly name = "UsageError";

  /** @param message one line: what stands in it from outside makes no others */
  constructor(message: string, options: { asItIs?: boolean } = {}) {
    super(options.asItIs === true ? message : printable(message));
  }

  /**
   * Wrong usage because of what something said: of a file, a line for each of its faults.
   * @param about names what it is about
   */
  static because(error: unknown, about?: string): UsageError {
    const message = errorText(error);
    const said = error instanceof FileError ? message : printable(message);
    const prefix = about === undefined ? "" : `${printable(about)}: `;
    return new UsageError(`${prefix}${said}`, { asItIs: true });
  }
}
