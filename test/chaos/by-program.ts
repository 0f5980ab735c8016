import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recoveryFileOf } from "../../src/model/recovery.js";
import {
  type Asked,
  CANARY,
  FINGERPRINT_KEY,
  fileOf,
  givenUpIn,
  type Runner,
  type RunnerOf,
  recoveredIn,
  type Told,
  wishesOf,
} from "./runner.js";
import type { Scenario, Wanted } from "./scenario.js";
import { API_KEY, type ChaoticService, ENVIRONMENT } from "./service.js";

/** The built program, as a user's shell would start it, end it with signals, and kill it. @param program - its file */
export function byProgram(program: string): RunnerOf {
  return (scenario, service) => new ByProgram(program, scenario, service);
}

/** What a process needs before it asks the service for the first time. */
const START_MS = 120;
/** Real time: what a run inside the test does in a tenth of that. */
const SLOWER = 3;

class ByProgram implements Runner {
  readonly #program: string;
  readonly #scenario: Scenario;
  readonly #service: ChaoticService;
  readonly #folder = mkdtempSync(join(tmpdir(), "flexprice-sync-chaos-"));

  constructor(program: string, scenario: Scenario, service: ChaoticService) {
    this.#program = program;
    this.#scenario = scenario;
    this.#service = service;
    mkdirSync(join(this.#folder, "connections"));
  }

  set wanted(wanted: readonly Wanted[]) {
    writeFileSync(join(this.#folder, "connections", "fleet.yaml"), fileOf(wanted));
  }

  recoveries(): readonly string[] {
    return recoveredIn(readdirSync(this.#folder));
  }

  hasFile(name: string): boolean {
    return existsSync(join(this.#folder, name));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async run(asked: Asked): Promise<Told | undefined> {
    const child = spawn(process.execPath, [this.#program, ...this.#words(asked)], {
      cwd: this.#folder,
      env: this.#variables(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      text += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    const kill = (signal: NodeJS.Signals, ms: number) => setTimeout(() => child.kill(signal), START_MS + ms * SLOWER);
    const { crashAfterMs, ends } = asked;
    const timers = [
      ...(crashAfterMs === undefined ? [] : [kill("SIGKILL", crashAfterMs)]),
      ...(ends === undefined ? [] : [kill("SIGINT", ends.afterMs), kill("SIGINT", ends.afterMs + ends.graceMs)]),
    ];
    const signal = await new Promise<NodeJS.Signals | null>((resolve) =>
      child.once("close", (_code, by) => resolve(by)),
    );
    for (const timer of timers) clearTimeout(timer);
    // A second signal can come when there is nothing left but to end.
    if (signal !== null) return undefined;
    return toldIn(stdout, text, child.exitCode);
  }

  #words(asked: Asked): readonly string[] {
    const { command, out, planFile, recovers, only = [], replaces = [], isCalm = false } = asked;
    const { parallelism, failFast } = this.#scenario;
    const { adopt, writeSecrets } = wishesOf(this.#scenario, asked);
    const isWrite = command !== "plan";
    return [
      command,
      ...(planFile === undefined ? [] : [planFile]),
      ...["--json", "--debug", "--parallelism", String(parallelism)],
      ...(isCalm ? [] : ["--timeout", "1"]),
      ...(out === undefined ? [] : ["--out", out]),
      ...(recovers === undefined ? [] : ["--recover", recoveryFileOf(recovers)]),
      ...only.flatMap((name) => ["--only", name]),
      ...replaces.flatMap((name) => ["--replace", name]),
      ...(isWrite && planFile === undefined ? ["--yes"] : []),
      ...(isWrite ? ["--allow-dangerous"] : []),
      ...(isWrite && failFast ? ["--fail-fast"] : []),
      ...(adopt ? ["--adopt"] : []),
      ...(writeSecrets ? ["--write-secrets"] : []),
    ];
  }

  #variables(): Readonly<Record<string, string>> {
    return {
      PATH: process.env["PATH"] ?? "",
      FLEXPRICE_API_KEY: API_KEY,
      FLEXPRICE_BASE_URL: this.#service.sandbox.baseUrl,
      FLEXPRICE_ENVIRONMENT_ID: ENVIRONMENT,
      SECRET: CANARY,
      ...(this.#scenario.hasKey ? { FLEXPRICE_SYNC_FINGERPRINT_KEY: FINGERPRINT_KEY } : {}),
      ...(this.#scenario.owner === undefined ? {} : { FLEXPRICE_SYNC_OWNER: this.#scenario.owner }),
      ...(this.#scenario.stamps ? {} : { FLEXPRICE_SYNC_STAMP: "off" }),
    };
  }
}

interface Document {
  readonly exit_code: number;
  readonly targets: readonly {
    readonly summary?: Readonly<Record<string, number>>;
    readonly changes: readonly {
      readonly name: string;
      readonly action: string;
      readonly id?: string;
      readonly outcome?: { readonly status: Told["outcomes"][number]["status"]; readonly id?: string };
    }[];
  }[];
  readonly problems: readonly { readonly code: string; readonly severity: string; readonly message: string }[];
}

function documentIn(stdout: string): Document | undefined {
  try {
    return JSON.parse(stdout) as Document;
  } catch {
    return undefined;
  }
}

function toldIn(stdout: string, text: string, exitCode: number | null): Told {
  const document = documentIn(stdout);
  if (document === undefined) {
    const bug = `INTERNAL: it ended with ${exitCode} and wrote no document: ${text.slice(0, 500)}`;
    return { exitCode: exitCode ?? 1, outcomes: [], errors: [bug], gaveUp: [], text };
  }
  const { exit_code: said, targets, problems } = document;
  const [target] = targets;
  const different =
    said === exitCode ? [] : [`INTERNAL: the document says ${said}, the process ended with ${exitCode}`];
  return {
    exitCode: said,
    ...(target?.summary === undefined ? {} : { summary: target.summary }),
    outcomes: (target?.changes ?? []).flatMap(({ name, action, id, outcome }) =>
      outcome === undefined
        ? []
        : [
            {
              name,
              action,
              status: outcome.status,
              ...(id === undefined ? {} : { id }),
              ...(outcome.id === undefined ? {} : { made: outcome.id }),
            },
          ],
    ),
    errors: [
      ...problems.filter(({ severity }) => severity === "error").map(({ code, message }) => `${code}: ${message}`),
      ...different,
    ],
    gaveUp: text.split("\n").flatMap((line) => {
      const [, method, url, reason] = /^debug: \[.*\] (\S+) (\S+) try .*: failed after \d+ ms: (.*)$/.exec(line) ?? [];
      return method === undefined || url === undefined ? [] : givenUpIn({ method, url, reason: reason ?? "" });
    }),
    text,
  };
}
