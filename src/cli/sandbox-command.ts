import { randomBytes } from "node:crypto";
import { catalogue } from "../generated/catalogue.js";
import { type SchemaViolation, validateSeed } from "../generated/validators.js";
import { LARGEST_FILE } from "../load/load.js";
import { readYaml, type YamlDocument } from "../load/yaml-source.js";
import { dotted } from "../model/location.js";
import { error, isError, messageOf, type Problem } from "../model/problem.js";
import { counted, printable } from "../report/text.js";
import type { SeedConnection } from "../sandbox/seed.js";
import type { SandboxOptions } from "./arguments.js";
import type { ExitCode } from "./exit-code.js";
import { nodeFiles } from "./node-files.js";
import type { Output } from "./output.js";
import type { Terminal } from "./terminal.js";

/** `sandbox`: serves until a signal comes. What it prints on stdout are the variables that lead to it. */
export async function sandboxCommand(options: SandboxOptions, terminal: Terminal, output: Output): Promise<ExitCode> {
  const seed =
    options.seed === undefined
      ? { connections: [], problems: [] }
      : readSeed(options.seed, terminal.workingFolder ?? "/");
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
      onAnswer: (method, path, status) => {
        if (options.verbose || options.debug) output.note(`${method} ${printable(path)} ${status}\n`);
      },
      onFault: (fault) =>
        output.note(`${fault.stack ?? fault.message}\nthis is a bug in the sandbox of flexprice-sync\n`),
    });
  } catch (cause) {
    const hint = "give another --port; --port 0 takes a free one.";
    const detail = `the sandbox cannot listen on 127.0.0.1:${options.port}: ${messageOf(cause)}.`;
    output.failure("sandbox", [error("SANDBOX.NO_PORT", detail, { hint })], 1);
    return 1;
  }
  const target = { environment: "default", baseUrl: sandbox.baseUrl, environmentId, isConfirmed: true };
  // A key that somebody gave may be one that is used elsewhere: it is not repeated.
  const keyLine =
    options.key === undefined
      ? `export FLEXPRICE_API_KEY=${apiKey}\n`
      : "# FLEXPRICE_API_KEY is the key that was given\n";
  const lines = `export FLEXPRICE_BASE_URL=${sandbox.baseUrl}\n${keyLine}export FLEXPRICE_ENVIRONMENT_ID=${environmentId}\n`;
  // Listened for before anybody can know that the sandbox is there.
  const signal = terminal.untilSignal();
  output.result("sandbox", lines, [target], options.key === undefined ? { sandbox: { api_key: apiKey } } : {});
  const content = counted(seed.connections.length, "connection");
  if (!options.quiet) output.note(`The sandbox listens on ${sandbox.baseUrl} with ${content}; Ctrl-C ends it.\n`);
  const exitCode = await signal;
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
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(files.read(path, LARGEST_FILE));
  } catch (cause) {
    return refused([unusable(`${file} cannot be read: ${messageOf(cause)}.`)]);
  }
  const { documents, problems } = readYaml(text, file);
  if (problems.length > 0) return refused(problems);
  const [document] = documents;
  if (document === undefined) return refused([unusable(`${file} is empty.`)]);
  if (!validateSeed(document.data))
    return refused((validateSeed.errors ?? []).map((violation) => wordsFor(violation, document)));
  const connections = (document.data as unknown as { connections: readonly SeedConnection[] | null }).connections ?? [];
  const faults = connections.flatMap((connection, index) => faultsOf(connection, index, connections, document));
  return faults.length > 0 ? refused(faults) : { connections, problems: [] };
}

function refused(problems: readonly Problem[]): Seed {
  return { connections: [], problems };
}

function unusable(detail: string, place?: Problem["place"]): Problem {
  const hint = "`flexprice-sync schema seed` prints its form; a saved answer of GET /v1/connections fits.";
  return error("SANDBOX.BAD_SEED", detail, { hint, ...(place === undefined ? {} : { place }) });
}

function wordsFor({ instancePath, message = "is wrong" }: SchemaViolation, document: YamlDocument): Problem {
  const pointer = instancePath
    .split("/")
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return unusable(`${dotted(pointer) || "the document"} ${message}.`, document.locate(pointer, "value"));
}

/** What the schema cannot say: providers that have a schema, ids that stand once. */
function faultsOf(
  { id, provider_type: type }: SeedConnection,
  index: number,
  all: readonly SeedConnection[],
  document: YamlDocument,
): readonly Problem[] {
  const at = (key: string) => document.locate(["connections", index, key], "value");
  const known = Object.keys(catalogue.providers).join(", ");
  const isKnown = Object.hasOwn(catalogue.providers, type);
  const isTwin = id !== undefined && all.findIndex((other) => other.id === id) < index;
  return [
    ...(isKnown ? [] : [unusable(`connections[${index}].provider_type is not one of ${known}.`, at("provider_type"))]),
    ...(isTwin ? [unusable(`connections[${index}].id stands there already.`, at("id"))] : []),
  ];
}
