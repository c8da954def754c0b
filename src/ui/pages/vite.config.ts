/** Builds the unit's pages into `dist/pages`. */
import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";

/** Settings of every bundle of pages. */
export const bundle = (root: URL, outDir: URL): UserConfig => ({
  root: fileURLToPath(root),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: fileURLToPath(outDir),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
});

export default defineConfig(
  bundle(new URL(".", import.meta.url), new URL("../../../dist/pages", import.meta.url)),
);
