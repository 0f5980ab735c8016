import { defineConfig } from "vitest/config";

/**
 * Tests that meet the sharp parts inside their own process: those that start the built program never see a mutant. The files
 * that are mutated, and why those: stryker.config.mjs.
 */
export default defineConfig({
  test: {
    include: [
      "test/api/{retry,sender}.test.ts",
      "test/apply/{apply,create,environment,lost-create,outcomes,write}.test.ts",
      "test/fetch/fetch.test.ts",
      "test/model/secret.test.ts",
      "test/plan/{ownership,stale}.test.ts",
      "test/report/{exit-code,shown}.test.ts",
      "test/state/{merge,next-stamp,stamp,units}.test.ts",
    ],
    // The same chance in every run: what a mutant meets must not depend on luck.
    setupFiles: ["test/support/same-chance.ts"],
    env: { NO_COLOR: "1" },
  },
});
