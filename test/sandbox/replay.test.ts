import { readFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { catalogue } from "../../src/generated/catalogue.js";
import { startSandbox } from "../../src/sandbox/server.js";

/*
 * Requests that were recorded against the service's own handlers, with the answers and what was stored afterwards. The
 * sandbox must agree with all of them that are about providers it has a schema of.
 */

interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly save?: string;
  readonly status: number;
  readonly response: unknown;
  readonly stored?: Stored;
}

interface Stored {
  readonly secrets: unknown;
  readonly metadata: unknown;
  readonly sync_config: unknown;
}

interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

const { scenarios } = JSON.parse(
  readFileSync(new URL("../fixtures/service/exchanges.json", import.meta.url), "utf8"),
) as { scenarios: readonly Scenario[] };

function providersOf({ steps }: Scenario): readonly string[] {
  return steps.flatMap(({ method, body }) => {
    const provider = (body as { provider_type?: unknown } | undefined)?.provider_type;
    return method === "POST" && typeof provider === "string" && provider !== "salesforce" ? [provider] : [];
  });
}

const known = scenarios.filter((scenario) =>
  providersOf(scenario).every((provider) => Object.hasOwn(catalogue.providers, provider)),
);

/** Replaces what a recording cannot hold (ids, times, actors) by the names that stand for it there. */
function named(text: string, names: ReadonlyMap<string, string>): unknown {
  let replaced = text;
  for (const [value, name] of names) replaced = replaced.replaceAll(value, `<${name}>`);
  return JSON.parse(replaced.replaceAll(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/g, '"<time>"'));
}

describe("recorded requests are answered as they were", () => {
  it("for all scenarios about the providers that have a schema", () => {
    expect(known.map(({ name }) => name)).toEqual([
      "an empty list is null",
      "create: shape and checks",
      "create is flat; the nested form stores nothing",
      "one live connection a provider, except s3",
      "delete archives",
      "update: name, metadata, sync_config",
      "managed s3",
      ...["stripe", "s3", "hubspot", "razorpay", "chargebee", "quickbooks", "flexprice"].map(
        (provider) => `secrets of ${provider}`,
      ),
    ]);
  });

  it.each(known.map((scenario) => [scenario.name, scenario] as const))("%s", async (_name, { steps }) => {
    const apiKey = "sk_replay";
    const sandbox = await startSandbox({ catalogue, port: 0, apiKey, environmentId: "env_replay", seed: [] });
    onTestFinished(sandbox.close);
    const names = new Map<string, string>([
      ["env_replay", "environment"],
      ["flexprice-sandbox-exports", "managed bucket"],
    ]);
    const saved = new Map<string, string>();
    for (const [index, step] of steps.entries()) {
      const path = step.path.replaceAll(/<(\w+)>/g, (whole, name: string) => saved.get(name) ?? whole);
      const body = step.raw ?? (step.body === undefined ? undefined : JSON.stringify(step.body));
      const response = await fetch(sandbox.baseUrl + path, {
        method: step.method,
        headers: { "x-api-key": apiKey, "content-type": "application/json" },
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      const where = `step ${index}: ${step.method} ${step.path} ${body ?? ""}`;
      expect(response.status, where).toBe(step.status);
      const answer = text === "" ? {} : (JSON.parse(text) as Record<string, string>);
      if (step.save !== undefined && answer["id"] !== undefined) {
        names.set(answer["id"], step.save);
        saved.set(step.save, answer["id"]);
      }
      if (answer["tenant_id"] !== undefined) names.set(answer["tenant_id"], "tenant");
      if (answer["created_by"] !== undefined && answer["created_by"] !== "") names.set(answer["created_by"], "actor");
      const shown = text === "" ? "" : named(text, names);
      expect(withManagedRegion(shown), where).toEqual(sorted(step.response));
      if (step.stored !== undefined) {
        const id = step.save === undefined ? path.split("/").at(-1) : answer["id"];
        const stored = sandbox.store.find(id ?? "");
        const kept = { secrets: stored.secrets, metadata: stored.metadata, sync_config: stored.syncConfig };
        const text = JSON.stringify(kept).replaceAll("kept-by-flexprice", "<managed>");
        expect(withManagedRegion(named(text, names)), where).toEqual(step.stored);
      }
    }
  });
});

/** The recording's name for the region that the service fills in; it is a plain AWS region here. */
function withManagedRegion(value: unknown): unknown {
  const text = JSON.stringify(sorted(value));
  return JSON.parse(
    text.includes("<managed bucket>") ? text.replaceAll('"region":"us-east-1"', '"region":"<managed region>"') : text,
  );
}

/** Lists of connections come in no order, in the recording as in the sandbox. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("connections" in value) || !Array.isArray(value.connections))
    return value;
  return {
    ...value,
    connections: [...value.connections].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1)),
  };
}
