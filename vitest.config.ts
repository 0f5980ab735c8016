import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/system/**"],
    // Tests that start the built program wait for whole processes, on machines of two cores.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    env: { NO_COLOR: "1" },
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/generated/**", "src/cli/main.ts"] },
  },
});
