import { onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import type { SeedConnection } from "../../src/sandbox/seed.js";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.js";

export interface SandboxForTest {
  readonly store: Sandbox["store"];
  /** The variables that lead a run to it. */
  readonly env: Readonly<Record<string, string>>;
}

/** The sandbox, listening until the test ends: the service's own rules, for what a simple server would not catch. */
export async function sandbox(connections: readonly SeedConnection[] = []): Promise<SandboxForTest> {
  const apiKey = "sk_sandbox_for_test";
  const environmentId = "env_sandbox";
  const started = await startSandbox({ catalogue, port: 0, apiKey, environmentId, seed: { connections } });
  onTestFinished(() => started.close());
  const env = {
    FLEXPRICE_API_KEY: apiKey,
    FLEXPRICE_BASE_URL: started.baseUrl,
    FLEXPRICE_ENVIRONMENT_ID: environmentId,
  };
  return { store: started.store, env };
}
