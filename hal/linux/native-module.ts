/** Modules that are compiled where they run: a machine without a compiler has their files, and no binary. */
import { BusError } from "../bus/errors.ts";
import type { BusErrorContext } from "../bus/errors.ts";
import { toBusError } from "./errno.ts";

/** How the module is built, for the person who reads why a line or a bus cannot be used. */
const MEND =
  "install a compiler (sudo apt-get install g++) and run deploy/install.sh again, in a checkout `node deploy/setup/native.mjs`";

/**
 * Loads such a module.
 * @throws BusError with what to do, where it is not there or not built for this Node
 */
export async function loadNativeModule<T>(
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
export function nativeModuleFix(detail: string): string | undefined {
  return detail.includes(MEND) ? MEND : undefined;
}

/** The modules that are compiled: the board's lines take the one, the two-wire bus the other. */
const LOADS = { onoff: () => import("onoff"), "i2c-bus": () => import("i2c-bus") };

/**
 * Loads these modules, and uses none.
 * @throws BusError with what to do, for the first that cannot be loaded
 */
export async function tryNativeModules(names: readonly (keyof typeof LOADS)[]): Promise<void> {
  for (const name of names) {
    await loadNativeModule<unknown>(name, LOADS[name], {
      bus: "this machine",
      during: "loading modules",
    });
  }
}
