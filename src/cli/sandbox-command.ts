import { randomBytes, randomInt } from "node:crypto";
import { catalogue } from "../generated/catalogue.js";
import { error, isError, messageOf } from "../model/problem.js";
import type { ExitCode } from "../report/exit-code.js";
import { counted, printable } from "../report/text.js";
import type { Faults } from "../sandbox/faults.js";
import type { SandboxOptions } from "./options.js";
import type { Output } from "./output.js";
import { noSeed, readSeed } from "./seed-file.js";
import type { Terminal } from "./terminal.js";

/** `sandbox`: serves until a signal comes. What it prints on stdout are the variables that lead to it. */
export async function sandboxCommand(options: SandboxOptions, terminal: Terminal, output: Output): Promise<ExitCode> {
  const apiKey = options.key ?? `sk_sandbox_${randomBytes(12).toString("hex")}`;
  const environmentId = options.environmentId ?? `env_${randomBytes(13).toString("hex")}`;
  const seed =
    options.seed === undefined ? noSeed : readSeed(options.seed, environmentId, terminal.workingFolder ?? "/");
  if (seed.problems.some(isError)) {
    output.failure("sandbox", seed.problems, 3);
    return 3;
  }
  // Drawn here, so that what chance did can be told and repeated.
  const faults = options.faults === undefined ? undefined : { seed: randomInt(2 ** 32), ...options.faults };
  const { startSandbox } = await import("../sandbox/server.js");
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;
  try {
    sandbox = await startSandbox({
      catalogue,
      port: options.port,
      apiKey,
      environmentId,
      seed: seed.file,
      ...(faults === undefined ? {} : { faults }),
      onAnswer: (method, path, { status, fault }) => {
        const words = [method, printable(path), status, fault].filter((word) => word !== undefined);
        if (options.verbose || options.debug) output.note(`${words.join(" ")}\n`);
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
  const signal = new Promise<130 | 143>((resolve) => terminal.onSignal(resolve));
  const made = options.key === undefined ? { sandbox: { api_key: apiKey } } : {};
  output.result("sandbox", lines, made, { targets: [target] });
  const content = counted(sandbox.startedWith, "connection");
  if (!options.quiet) {
    output.note(`The sandbox listens on ${sandbox.baseUrl} with ${content}; Ctrl-C ends it.\n`);
    if (faults !== undefined) output.note(`${faultsLine(faults, options.faults?.seed === undefined)}\n`);
  }
  const exitCode = await signal;
  await sandbox.close();
  return exitCode;
}

function faultsLine({ spec, rules, seed }: Faults, isSeedDrawn: boolean): string {
  const isByChance = rules.some(({ which }) => which.kind === "share");
  const again = isByChance && isSeedDrawn ? ` With seed=${seed} chance does the same again.` : "";
  return `Faults are on: ${printable(spec)}.${again}`;
}
