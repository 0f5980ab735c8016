import { onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import { faultsIn } from "../../src/sandbox/faults.js";
import type { SeedConnection } from "../../src/sandbox/seed.js";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.js";

export interface SandboxForTest {
  readonly store: Sandbox["store"];
  /** Methods of the requests that it has dealt with. */
  readonly told: readonly string[];
  /** The variables that lead a run to it. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The sandbox, listening until the test ends: the service's own rules, for what a simple server would not catch.
 *
 * @param faults - what goes wrong on purpose, as `--faults` takes it
 */
export async function sandbox(connections: readonly SeedConnection[] = [], faults?: string): Promise<SandboxForTest> {
  const apiKey = "sk_sandbox_for_test";
  const environmentId = "env_sandbox";
  const wrong = faults === undefined ? {} : { faults: faultsIn(faults, Object.keys(catalogue.providers)) };
  const told: string[] = [];
  const started = await startSandbox({
    catalogue,
    port: 0,
    apiKey,
    environmentId,
    seed: { connections },
    ...wrong,
    onAnswer: (method) => told.push(method),
  });
  onTestFinished(() => started.close());
  const env = {
    FLEXPRICE_API_KEY: apiKey,
    FLEXPRICE_BASE_URL: started.baseUrl,
    FLEXPRICE_ENVIRONMENT_ID: environmentId,
  };
  return { store: started.store, env, told };
}
