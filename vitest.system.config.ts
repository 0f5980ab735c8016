import { defineConfig } from "vitest/config";

/** Tests that need programs beyond npm's: see CONTRIBUTING.md. */
export default defineConfig({
  test: { include: ["test/system/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 30_000 },
});
