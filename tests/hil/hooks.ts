/** Puts this folder's small runner where the suites ask for vitest. */
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== "vitest") return next(specifier, context);
    return { url: new URL("vitest-face.ts", import.meta.url).href, shortCircuit: true };
  },
});
