/**
 * The package as a library: {@link validate}, {@link plan} and {@link apply} do what the commands of these names do, with
 * variables and answers handed in; {@link reconcile} is the mission below them, with every part of the outside world handed in.
 * Nothing here touches the process or the console.
 *
 * @packageDocumentation
 */
import { isAbsolute } from "node:path";
import type { WireEvent } from "./api/client.js";
import type { Proposal } from "./apply/consent.js";
import type { MostChanges } from "./apply/policy.js";
import { tool } from "./generated/tool.js";
import type { Run } from "./model/run.js";
import type { SecretsToWrite } from "./plan/select.js";
import type { Part } from "./reconcile.js";
import { exitCodeOf as codeOf, type ExitCode } from "./report/exit-code.js";
import { jsonText } from "./report/json.js";
import type { RunOptions, Shard } from "./setup/options.js";
import { type Companions, runIn } from "./setup/run.js";

export type { Answered, ClientParts, ConnectionsApi, WireEvent } from "./api/client.js";
export { connectionsApi } from "./api/client.js";
export type { HttpAnswer, HttpRequest, Send } from "./api/http.js";
export type { Limit } from "./api/limit.js";
export { limitTo } from "./api/limit.js";
export type { Asking, Consent, Proposal } from "./apply/consent.js";
export type { MostChanges } from "./apply/policy.js";
export type { Recoveries } from "./apply/replace.js";
export { catalogue } from "./generated/catalogue.js";
export type { ConnectionDefinition } from "./generated/connection-definition.js";
export type { Files } from "./load/files.js";
export { type Given, type GivenFiles, nothingGiven, readGiven } from "./load/given.js";
export type { Account, AccountApi, EnvironmentFacts } from "./model/account.js";
export type { Catalogue, ProviderFacts } from "./model/catalogue.js";
export type { Json, JsonObject } from "./model/json.js";
export type { Outcome, OutcomeStatus } from "./model/outcome.js";
export type {
  Action,
  Change,
  Consequence,
  FieldChange,
  Plan,
  SecretChange,
  SecretState,
  Summary,
  UnclaimedRow,
} from "./model/plan.js";
export { type Problem, type ProblemCode, problemCodes } from "./model/problem.js";
export type { RecoveryDocument } from "./model/recovery.js";
export type { Run, TargetRun } from "./model/run.js";
export type { SavedPlan } from "./model/saved-plan.js";
export { KnownSecrets, Secret } from "./model/secret.js";
export type { SecretsToWrite } from "./plan/select.js";
export {
  type Connected,
  type EnvironmentRequest,
  type Invocation,
  type Part,
  type ReadingWorld,
  reconcile,
  type Target,
  type World,
} from "./reconcile.js";
export type { ExitCode } from "./report/exit-code.js";
export type { Lookup, Variables } from "./secrets/variables.js";
export { variablesOf } from "./secrets/variables.js";
export type { Shard } from "./setup/options.js";

/** What is checked. */
export interface ValidateOptions {
  /** An absolute path: where settings and definitions are looked for, and paths start. */
  readonly folder: string;
  /** What the environment is for a command: values of `${NAME}`, and the `FLEXPRICE_…` variables. None by itself. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** The settings file; `flexprice-sync.yaml` if it is there. */
  readonly config?: string;
  /** Environments of the settings, by names or globs. May be left out where there is one; to validate, all of them are meant. */
  readonly env?: readonly string[];
  /** Folders and files with definitions, in place of those of the settings, or of `connections`. */
  readonly paths?: readonly string[];
  /** Every variable that any definition names must be set and not empty. */
  readonly requireEnv?: boolean;
}

/** What is planned. */
export interface PlanOptions extends ValidateOptions {
  /** Definitions by name or file, globs allowed; all of them without. */
  readonly only?: readonly string[];
  /** A stable share of the environments. */
  readonly shard?: Shard;
  readonly baseUrl?: string;
  readonly environmentId?: string;
  /** Requests in flight to one host, 1 to 256; 8 without. */
  readonly parallelism?: number;
  /** For one request, in milliseconds; 30,000 without. */
  readonly timeoutMs?: number;
  readonly maxChanges?: MostChanges;
  /** Whose secrets are sent although nothing tells whether they differ: of definitions by name or file, or `"all"`. */
  readonly writeSecrets?: SecretsToWrite;
  readonly adopt?: boolean;
  readonly assumeSecrets?: boolean;
  /** Definitions by name or file whose connections are archived and created anew. */
  readonly replaces?: readonly string[];
  /** A file that the plan is saved in, for {@link ApplyOptions.planFile}. */
  readonly out?: string;
  /** How long a saved plan is good, in milliseconds; a day without. */
  readonly expiresInMs?: number;
  readonly onProgress?: (part: Part) => void;
  /** Every request and answer, without secrets. */
  readonly onEvent?: (event: WireEvent) => void;
}

/** What is carried out. */
export interface ApplyOptions extends Omit<PlanOptions, "out" | "expiresInMs"> {
  /**
   * Looks at what is about to be written, and says whether it may be. `true` agrees beforehand, as `--yes` does. Not needed for
   * a saved plan, which is a consent.
   */
  readonly consent?: true | ((proposal: Proposal) => boolean | Promise<boolean>);
  /** With a consent beforehand: also dangers of protected connections, and replaced connections. */
  readonly allowDangerous?: boolean;
  /** Begin nothing more after the first failure. */
  readonly failFast?: boolean;
  /** A saved plan: that is carried out and nothing else. */
  readonly planFile?: string;
  /** What a replace that broke off has left, to finish that. */
  readonly recoveryFile?: string;
}

/**
 * Reads and checks definitions and settings, without a network.
 *
 * @returns what is wrong, under `problems`
 * @throws TypeError, RangeError for options that cannot be; anything else is a bug of ours
 */
export function validate(options: ValidateOptions): Promise<Run> {
  return run("validate", options);
}

/**
 * What {@link apply} would do; reads only.
 *
 * @returns a plan for every environment under `targets`, and what is wrong under `problems`
 * @throws TypeError, RangeError for options that cannot be; anything else is a bug of ours
 */
export function plan(options: PlanOptions): Promise<Run> {
  return run("plan", options);
}

/**
 * Makes the service equal to the definitions; writes only what differs, and nothing without consent.
 *
 * @returns plans, and what became of each of their changes under `outcomes`; what is wrong under `problems`
 * @throws TypeError, RangeError for options that cannot be, before anything is done; anything else is a bug of ours
 */
export function apply(options: ApplyOptions): Promise<Run> {
  return run("apply", options);
}

/**
 * What the command of this run would exit with.
 *
 * @param detailed - 2 for a plan with changes, as `--detailed-exitcode` asks for
 */
export function exitCodeOf(run: Run, { detailed = false }: { readonly detailed?: boolean } = {}): ExitCode {
  return codeOf(run, { isDetailed: detailed });
}

/** The JSON document of a run as `--json` prints it, ending in a line feed; `schema/result.schema.json` describes it. */
export function jsonOf(run: Run, options: { readonly detailed?: boolean } = {}): string {
  return jsonText(run, tool, exitCodeOf(run, options));
}

type AnyOptions = ValidateOptions &
  Partial<Omit<PlanOptions, keyof ValidateOptions>> &
  Omit<ApplyOptions, keyof PlanOptions>;

async function run(command: RunOptions["command"], given: AnyOptions): Promise<Run> {
  // A key that is there without a value means the same as none.
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as AnyOptions;
  const { folder, variables = {}, consent, onProgress = nothing, onEvent = nothing, ...asked } = set;
  const { parallelism = 1, timeoutMs = 1 } = asked;
  if (typeof folder !== "string" || !isAbsolute(folder)) throw new TypeError("folder: it takes an absolute path.");
  if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > 256)
    throw new RangeError("parallelism: it takes a whole number from 1 to 256.");
  if (!(timeoutMs > 0)) throw new RangeError("timeoutMs: it takes a number of milliseconds above 0.");
  const options: RunOptions = {
    env: [],
    paths: [],
    only: [],
    requireEnv: false,
    failFast: false,
    allowDangerous: false,
    writeSecrets: "none",
    adopt: false,
    assumeSecrets: false,
    replaces: [],
    ...asked,
    command,
    yes: consent === true,
  };
  const companions: Companions = {
    onEvent,
    onProgress,
    onKept: nothing,
    announce: nothing,
    async confirm(proposal) {
      if (typeof consent !== "function") return "cannot-ask";
      return (await consent(proposal)) === true ? "yes" : "no";
    },
    problems: [],
  };
  return runIn(options, { environment: variables, workingFolder: folder }, companions);
}

function nothing(): void {}
