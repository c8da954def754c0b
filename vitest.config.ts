import { defineConfig } from "vitest/config";

// Forks, not threads: native modules with an event loop of their own crash when a thread ends.
export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default"],
  },
});
