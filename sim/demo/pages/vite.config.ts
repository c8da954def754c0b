/** Builds the pages of the simulated doorway, the unit's screens among them, into `dist/demo-pages`. */
import { defineConfig } from "vite";
import { bundle } from "../../../src/ui/pages/vite.config.ts";

export default defineConfig(
  bundle(new URL(".", import.meta.url), new URL("../../../dist/demo-pages", import.meta.url)),
);
