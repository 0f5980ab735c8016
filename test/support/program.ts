import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { onTestFinished } from "vitest";
import { schemas } from "../../src/generated/schemas.js";

/** The built program; `npm test` builds it first. */
export const program = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** The whole environment but for PATH: nothing of the machine's leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs the built program to its end, as a user's shell would, without a terminal. */
export function run(args: readonly string[], { cwd, env = {}, input }: RunOptions): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], { cwd, env: { PATH: process.env["PATH"] ?? "", ...env } });
  child.stdin.end(input ?? "");
  return ended(child);
}

/** Starts the built program and leaves it running until the test ends. */
export function start(args: readonly string[], { cwd, env = {} }: RunOptions): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

/** The last line of a text. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

const isResult = new Ajv2020({ allErrors: true, strict: false }).compile(schemas.result);

export interface ResultDocument {
  readonly command: string | null;
  readonly exit_code: number;
  readonly targets: readonly TargetDocument[];
  readonly problems: readonly ProblemDocument[];
}

export interface ProblemDocument {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly environments?: readonly string[];
}

export interface TargetDocument {
  readonly environment: string;
  readonly base_url: string;
  readonly environment_id: string | null;
  readonly summary: Readonly<Record<string, number>>;
  readonly unclaimed: readonly {
    readonly id: string;
    readonly name: string;
    readonly stamped: boolean;
    readonly owner?: string;
  }[];
  readonly changes: readonly ChangeDocument[];
}

export interface ChangeDocument {
  readonly action: string;
  readonly name: string;
  readonly provider_type: string;
  readonly id?: string;
  readonly stamp: boolean;
  readonly file: string;
  readonly line: number;
  readonly fields: readonly {
    readonly path: string;
    readonly kind: string;
    readonly before?: unknown;
    readonly after?: unknown;
    readonly state?: string;
    readonly variable?: string;
  }[];
  readonly secrets: readonly {
    readonly path: string;
    readonly variable?: string;
    readonly state: string;
    readonly sent_along?: true;
    readonly recorded?: true;
  }[];
  readonly dangers: readonly string[];
  readonly outcome?: {
    readonly status: string;
    readonly attempts: number;
    readonly http_status?: number;
    readonly id?: string;
    readonly message?: string;
    readonly differs?: readonly string[];
  };
}

/** The one JSON document on stdout, held against its published schema. */
export function documentOf({ stdout, code }: Ended): ResultDocument {
  if (!stdout.endsWith("}\n")) throw new Error(`stdout is not one document and a line feed: ${stdout}`);
  const document: unknown = JSON.parse(stdout);
  if (!isResult(document)) throw new Error(`not as published: ${JSON.stringify(isResult.errors)}\n${stdout}`);
  const result = document as ResultDocument;
  if (result.exit_code !== code) throw new Error(`exit_code is ${result.exit_code}, the process ended with ${code}`);
  return result;
}

/** The only target of a document. */
export function targetOf(ended: Ended): TargetDocument {
  const [target, ...more] = documentOf(ended).targets;
  if (target === undefined || more.length > 0) throw new Error(`expected one target: ${ended.stdout}\n${ended.stderr}`);
  return target;
}
