import { randomBytes } from "node:crypto";
import { catalogue } from "../generated/catalogue.js";
import { validateSeed } from "../generated/validators.js";
import { LARGEST_FILE } from "../load/load.js";
import { readYaml } from "../load/yaml-source.js";
import { error, isError, type Problem } from "../model/problem.js";
import type { SeedConnection } from "../sandbox/seed.js";
import type { SandboxOptions } from "./arguments.js";
import type { ExitCode } from "./exit-code.js";
import { nodeFiles } from "./node-files.js";
import type { Output } from "./output.js";
import type { Terminal } from "./terminal.js";

/** `sandbox`: serves until a signal comes. What it prints on stdout are the variables that lead to it. */
export async function sandboxCommand(options: SandboxOptions, terminal: Terminal, output: Output): Promise<ExitCode> {
  const seed =
    options.seed === undefined ? { connections: [], problems: [] } : readSeed(options.seed, terminal.workingFolder);
  if (seed.problems.some(isError)) {
    output.failure("sandbox", seed.problems, 3);
    return 3;
  }
  const { startSandbox } = await import("../sandbox/server.js");
  const { ulid } = await import("../sandbox/store.js");
  const apiKey = options.key ?? `sk_sandbox_${randomBytes(12).toString("hex")}`;
  const environmentId = options.environmentId ?? `env_${ulid(Date.now())}`;
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  try {
    sandbox = await startSandbox({
      catalogue,
      port: options.port,
      apiKey,
      environmentId,
      seed: seed.connections,
      onFault: (fault) =>
        output.note(`${fault.stack ?? fault.message}\nthis is a bug in the sandbox of flexprice-sync\n`),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = "give another --port; --port 0 takes a free one.";
    output.failure(
      "sandbox",
      [error("SANDBOX.NO_PORT", `the sandbox cannot listen on 127.0.0.1:${options.port}: ${reason}.`, { hint })],
      1,
    );
    return 1;
  }
  const target = { environment: "default", baseUrl: sandbox.baseUrl, environmentId, isConfirmed: true };
  // A key that somebody gave may be one that is used elsewhere: it is not repeated.
  const keyLine = options.key === undefined ? `export FLEXPRICE_API_KEY=${apiKey}\n` : "";
  const lines = `export FLEXPRICE_BASE_URL=${sandbox.baseUrl}\n${keyLine}export FLEXPRICE_ENVIRONMENT_ID=${environmentId}\n`;
  output.result("sandbox", lines, [target]);
  output.note(
    `The sandbox listens on ${sandbox.baseUrl} with ${seed.connections.length} connections; Ctrl-C ends it.\n`,
  );
  const exitCode = await terminal.untilSignal();
  await sandbox.close();
  return exitCode;
}

interface Seed {
  readonly connections: readonly SeedConnection[];
  readonly problems: readonly Problem[];
}

function readSeed(path: string, workingFolder: string): Seed {
  const files = nodeFiles(workingFolder);
  const file = files.shown(path);
  const refused = (detail: string, place?: Problem["place"]): Seed => {
    const hint = "`flexprice-sync schema seed` prints its form; a saved answer of GET /v1/connections fits.";
    return {
      connections: [],
      problems: [error("SANDBOX.BAD_SEED", detail, { hint, ...(place === undefined ? {} : { place }) })],
    };
  };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(files.read(path, LARGEST_FILE));
  } catch (cause) {
    return refused(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`);
  }
  const { documents, problems } = readYaml(text, file);
  if (problems.length > 0) return { connections: [], problems };
  const [document] = documents;
  if (document === undefined) return refused(`${file} is empty.`);
  if (!validateSeed(document.data)) {
    const [first] = validateSeed.errors ?? [];
    const pointer = (first?.instancePath ?? "")
      .split("/")
      .slice(1)
      .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    return refused(
      `${first?.instancePath || "the document"} ${first?.message ?? "is wrong"}.`,
      document.locate(pointer, "value"),
    );
  }
  const { connections } = document.data as unknown as { connections: readonly SeedConnection[] | null };
  const unknown = connections?.findIndex(({ provider_type: type }) => !Object.hasOwn(catalogue.providers, type)) ?? -1;
  if (unknown >= 0) {
    const known = Object.keys(catalogue.providers).join(", ");
    return refused(
      `the provider is not one of ${known}.`,
      document.locate(["connections", unknown, "provider_type"], "value"),
    );
  }
  return { connections: connections ?? [], problems: [] };
}
