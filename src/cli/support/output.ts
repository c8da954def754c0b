/** What the command line prints, without control characters from outside. */
import { FileError } from "../../config/problems.ts";
import { printable, printableLines } from "../../base/printable.ts";
import { UsageError } from "./usage.ts";
import { errorText } from "../../base/errors.ts";

/** Prints one line, whatever is in it. */
export const printLine = (line: string): void => console.log(printable(line));

/** As `printLine`, where errors go. */
export const printError = (line: string): void => console.error(printable(line));

/** Has a stream write out control characters that come to it all the same, e.g. in another library's errors. */
export function guardOutput(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean =>
    write(typeof chunk === "string" ? printableLines(chunk) : chunk, ...rest);
}

/** Of a message that repeats an argument of the command line: the argument in one line. */
export function withoutRawArguments(message: string, given: readonly string[]): string {
  // An option and its value may stand in one argument.
  const parts = given.flatMap((each) => [each, each.slice(each.indexOf("=") + 1)]);
  return parts
    .filter((part) => part !== printable(part))
    .reduce((text, part) => text.replaceAll(part, printable(part)), message);
}

/** What an error says, in one line; a file's faults in a line each, and none more. */
export function messageOf(error: unknown): string {
  const message = errorText(error);
  const isClean = error instanceof FileError || error instanceof UsageError;
  return isClean ? message : printable(message);
}
