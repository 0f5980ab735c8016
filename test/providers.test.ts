import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { startSandbox } from "../src/sandbox/server.js";
import { wholeOf } from "./contract/rules/credentials.js";
import { fieldFacts } from "./contract/suite.js";
import { folderWith } from "./support/folder.js";
import { run, targetOf } from "./support/program.js";
import { catalogue } from "./support/steps.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const facts = fieldFacts(new URL("fixtures/service/", import.meta.url));

/** Everything that is needed to create one, every secret from a variable. */
function definitionOf(provider: string): { readonly text: string; readonly variables: Record<string, string> } {
  const known = catalogue.providers[provider];
  const whole: Record<string, string> = { ...wholeOf(provider, facts), environment: "sandbox" };
  const fields = Object.keys(known?.fields ?? {});
  const variables = Object.fromEntries(fields.map((field) => [`V_${field}`, whole[field] ?? "v1"]));
  const lines = fields.map((field) => {
    const isSecret = known?.fields[field]?.secret;
    return `    ${field}: ${isSecret ? `\${V_${field}}` : JSON.stringify(whole[field] ?? "v1")}\n`;
  });
  const credentials = lines.length === 0 ? "" : `encrypted_secret_data:\n  ${provider}:\n${lines.join("")}`;
  const region = "sync_config:\n  aws_marketplace: { region: us-east-1 }\n";
  const needed = known?.requiredSyncConfig.length === 0 ? "sync_config:\n  invoice: { outbound: true }\n" : region;
  return {
    text: `name: One\nprovider_type: ${provider}\n${credentials}metadata: { team: billing }\n${needed}`,
    variables,
  };
}

describe("every provider", () => {
  it.each(Object.keys(catalogue.providers))(
    "%s is validated, planned and created with all it has, and then there is nothing to do",
    async (provider) => {
      const apiKey = "sk_providers";
      const environmentId = "env_providers";
      const sandbox = await startSandbox({ catalogue, port: 0, apiKey, environmentId, seed: {} });
      onTestFinished(sandbox.close);
      const { text, variables } = definitionOf(provider);
      const cwd = folderWith({ "connections/one.yaml": text });
      const env = {
        ...variables,
        FLEXPRICE_API_KEY: apiKey,
        FLEXPRICE_BASE_URL: sandbox.baseUrl,
        FLEXPRICE_ENVIRONMENT_ID: environmentId,
      };
      expect(await run(["validate"], { cwd, env })).toMatchObject({ code: 0, stderr: "" });
      const planned = targetOf(await run(["plan", "--json"], { cwd, env }));
      expect(planned.summary).toMatchObject({ create: 1, unresolved: 0 });
      const applied = await run(["apply", "--yes", "--json"], { cwd, env });
      expect(targetOf(applied).changes[0]?.outcome?.status).toBe("created");
      expect(applied.code).toBe(0);
      const again = await run(["plan", "--json", "--detailed-exitcode"], { cwd, env });
      expect(again.code).toBe(0);
      expect(targetOf(again).summary).toMatchObject({ create: 0, update: 0, unchanged: 1, blocked: 0 });
      // Every credential arrived, also the one that a create drops and an update takes.
      const [row] = sandbox.store.live();
      const shown = Object.entries(row?.secrets ?? {}).filter(([, value]) => value !== "");
      expect(shown.map(([field]) => field).sort()).toEqual(
        Object.keys(catalogue.providers[provider]?.fields ?? {}).sort(),
      );
    },
  );
});

describe("a new provider", () => {
  it("is one more file: no code changes for it", async () => {
    const copy = folderWith();
    for (const name of ["src", "schema", "package.json", "package-lock.json", "esbuild.config.mjs", "README.md"])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const tabs = JSON.parse(readFileSync(join(root, "schema/providers/tabs.json"), "utf8"));
    const acme = { ...tabs, title: "Acme Pay", "x-provider": "acme_pay" };
    writeFileSync(join(copy, "schema/providers/acme_pay.json"), JSON.stringify(acme));
    const execute = promisify(execFile);
    await execute(process.execPath, ["schema/compile.mjs"], { cwd: copy });
    await execute(process.execPath, ["esbuild.config.mjs"], { cwd: copy });
    mkdirSync(join(copy, "connections"));
    const text = (key: string) =>
      `name: A\nprovider_type: acme_pay\nencrypted_secret_data:\n  acme_pay:\n    ${key}: \${K}\n`;
    const cli = (...args: string[]) =>
      execute(process.execPath, ["dist/cli.js", ...args], { cwd: copy, env: { K: "v1" } });
    writeFileSync(join(copy, "connections/a.yaml"), text("api_key"));
    expect((await cli("validate")).stdout).toBe("Validate: 1 definition in 1 file, 0 errors, 0 warnings.\n");
    writeFileSync(join(copy, "connections/a.yaml"), text("api_kee"));
    await expect(cli("validate")).rejects.toMatchObject({ code: 3, stderr: expect.stringContaining("a.yaml:5:5") });
  }, 60_000);
});
