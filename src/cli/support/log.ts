/** The log of a unit: one JSON line an event. */
import { pino, type Logger } from "pino";
import { printableLines } from "../../base/printable.ts";

/**
 * Characters that JSON leaves alone and terminals obey are written out, as JSON reads them.
 * @param to a file, or a descriptor: standard output
 */
export function createLogger(unitId: string, to: string | number = 1): Logger {
  const output = pino.destination({ dest: to, sync: true });
  const write = (line: string): boolean => output.write(printableLines(line));
  return pino({ base: { unitId } }, { write });
}
