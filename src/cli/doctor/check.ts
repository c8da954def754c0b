/** One check of `sentinel doctor`, and what it found. */

import { nativeModuleFix } from "../../../hal/linux/native-module.ts";
import { errorText } from "../../base/errors.ts";

/** How one part was found. `absent`: the configuration does not have it, or it cannot be tried. */
export interface Finding {
  what: string;
  state: "ok" | "failed" | "absent";
  detail: string;
  mend?: string;
}

export interface Check {
  what: string;
  /** Resolves with what was found where all is well; rejects with what is wrong. `undefined`: not there. */
  run: (() => Promise<string>) | undefined;
  /** Why there is nothing to check, where that is not the configuration. */
  absent?: string;
  /** What to do where it failed; it may depend on how. */
  fix: string | ((detail: string) => string);
}

/** Does the check. */
export async function findingOf({ what, run, absent, fix }: Check): Promise<Finding> {
  if (run === undefined) {
    return { what, state: "absent", detail: absent ?? "not in the configuration" };
  }
  try {
    return { what, state: "ok", detail: await run() };
  } catch (error) {
    const detail = errorText(error);
    const advice = nativeModuleFix(detail) ?? (typeof fix === "string" ? fix : fix(detail));
    return { what, state: "failed", detail, mend: advice };
  }
}
