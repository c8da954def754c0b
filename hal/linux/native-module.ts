/** Modules that are compiled where they run: a machine without a compiler has their files, and no binary. */
import { BusError } from "../bus/errors.ts";
import type { BusErrorContext } from "../bus/errors.ts";
import { toBusError } from "./errno.ts";

/** How the module is built, for the person who reads why a line or a bus cannot be used. */
const MEND =
  "in the folder of the program run `node deploy/setup/native.mjs`; it needs make, g++ and python3";

/**
 * Loads such a module.
 * @throws BusError with what to do, where it is not there or not built for this Node
 */
export async function loadNative<T>(
  name: string,
  load: () => Promise<T>,
  context: BusErrorContext,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    // A message of many lines lists every place that was tried.
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    const detail = `the module ${name} cannot be loaded: ${why.replace(/ Tried:$/, "")}; ${MEND}`;
    throw new BusError(toBusError(error, context).kind, { ...context, detail }, { cause: error });
  }
}

/** What to do where the reason for a failure is such a module. */
export function nativeMend(detail: string): string | undefined {
  return detail.includes(MEND) ? MEND : undefined;
}
