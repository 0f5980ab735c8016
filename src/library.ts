/**
 * The package as a library: {@link validate}, {@link plan} and {@link apply} do what the commands of these names do, with
 * variables and answers handed in; {@link reconcile} is the mission below them, with every part of the outside world handed in.
 * Nothing of our own here touches the process or the console.
 *
 * @packageDocumentation
 */
import type { WireEvent } from "./api/wire-event.js";
import type { Proposal } from "./apply/consent.js";
import type { MostChanges } from "./apply/policy.js";
import { tool } from "./generated/tool.js";
import type { Run } from "./model/run.js";
import type { SecretsToWrite } from "./plan/select.js";
import type { Part } from "./reconcile.js";
import { exitCodeOf as codeOf, type ExitCode } from "./report/exit-code.js";
import { jsonText } from "./report/json.js";
import { conflictIn } from "./setup/conflicts.js";
import { handedIn } from "./setup/handed-in.js";
import { Interruption } from "./setup/interruption.js";
import type { RunOptions, Shard } from "./setup/options.js";
import { type Companions, runIn } from "./setup/run.js";

export type { Answered, ClientParts } from "./api/client.js";
export type { ConnectionsApi } from "./api/connections.js";
export { connectionsApi } from "./api/connections.js";
export type { HttpAnswer, HttpRequest, Send } from "./api/http.js";
export type { Limit } from "./api/limit.js";
export { limitTo } from "./api/limit.js";
export { Pace } from "./api/pace.js";
export type { WireEvent } from "./api/wire-event.js";
export type { Asking, Consent, Proposal } from "./apply/consent.js";
export type { MostChanges } from "./apply/policy.js";
export type { Recoveries } from "./apply/replace.js";
export { catalogue } from "./generated/catalogue.js";
export type { ConnectionDefinition } from "./generated/connection-definition.js";
export type { Files } from "./load/files.js";
export { type Given, type GivenFiles, nothingGiven, readGiven } from "./load/given.js";
export type { Account, AccountApi, EnvironmentFacts } from "./model/account.js";
export type { Catalogue, ProviderFacts } from "./model/catalogue.js";
export type { Interrupt } from "./model/interrupt.js";
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
export { BrokenOff } from "./setup/broken-off.js";
export { neverInterrupted } from "./setup/interruption.js";
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
  /** For the whole run, in milliseconds; behind it nothing is begun or repeated. */
  readonly deadlineMs?: number;
  /** Addresses beyond this machine may be plain `http:`. */
  readonly insecureHttp?: boolean;
  /** A file with certificates, in PEM form, of authorities that are trusted, too. */
  readonly caFile?: string;
  /**
   * Ends the run early: nothing more is begun, and requests under way have five seconds to come to their end. The run comes back as
   * a value, with `RUN.INTERRUPTED` among its problems.
   */
  readonly signal?: AbortSignal;
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

/** What came of a run. */
export interface LibraryRun extends Run {
  /** The first thing that one of the functions threw that listen: it is yours, and the run went on. */
  readonly listenerFault?: unknown;
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
  /** Told before a connection is archived: what only it has is kept in this file. */
  readonly onKept?: (id: string, file: string) => void;
}

/**
 * Reads and checks definitions and settings, without a network.
 *
 * @returns what is wrong, under `problems`
 * @throws TypeError for options that cannot be; anything else is a bug of ours
 */
export function validate(options: ValidateOptions): Promise<LibraryRun> {
  return run("validate", options);
}

/**
 * What {@link apply} would do; reads only.
 *
 * @returns a plan for every environment under `targets`, and what is wrong under `problems`
 * @throws TypeError for options that cannot be; anything else is a bug of ours
 */
export function plan(options: PlanOptions): Promise<LibraryRun> {
  return run("plan", options);
}

/**
 * Makes the service equal to the definitions; writes only what differs, and nothing without consent.
 *
 * @returns plans, and what became of each of their changes under `outcomes`; what is wrong under `problems`
 * @throws TypeError for options that cannot be, and what `consent` throws, before anything is done; {@link BrokenOff} for a bug of
 *   ours after a write was sent
 */
export function apply(options: ApplyOptions): Promise<LibraryRun> {
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

async function run(command: "validate" | "plan" | "apply", given: AnyOptions): Promise<LibraryRun> {
  const checked = handedIn(command, given) as unknown as AnyOptions;
  const { folder, variables = {}, consent, signal, onProgress, onEvent, onKept, ...asked } = checked;
  const options: RunOptions = {
    env: [],
    paths: [],
    only: [],
    requireEnv: false,
    insecureHttp: false,
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
  const conflict = conflictIn(options);
  if (conflict !== undefined) throw new TypeError(`${conflict.message} ${conflict.hint ?? ""}`.trim());
  if (options.planFile !== undefined && typeof consent === "function")
    throw new TypeError("consent: a saved plan is a consent, and nobody is asked again; look at it before.");
  const listeners = new Listeners();
  const interrupt = new Interruption();
  const end = () => interrupt.end("interrupted");
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted === true) end();
  const companions: Companions = {
    interrupt,
    onEvent: listeners.guarded(onEvent),
    onProgress: listeners.guarded(onProgress),
    onKept: listeners.guarded(onKept),
    announce: () => {},
    async confirm(proposal) {
      if (typeof consent !== "function") return "cannot-ask";
      return (await consent(proposal)) === true ? "yes" : "no";
    },
    problems: [],
  };
  try {
    const done = await runIn(options, { environment: variables, workingFolder: folder }, companions);
    return listeners.fault === undefined ? done : { ...done, listenerFault: listeners.fault };
  } finally {
    signal?.removeEventListener("abort", end);
    interrupt.close();
  }
}

/** Functions that somebody listens with: what they throw is theirs, and never reaches the run. */
class Listeners {
  /** The first thing that one of them threw. */
  fault: unknown;

  guarded<Parts extends readonly unknown[]>(
    listener: ((...parts: Parts) => unknown) | undefined,
  ): (...parts: Parts) => void {
    return (...parts) => {
      try {
        Promise.resolve(listener?.(...parts)).catch((fault: unknown) => this.#note(fault));
      } catch (fault) {
        this.#note(fault);
      }
    };
  }

  #note(fault: unknown): void {
    this.fault ??= fault ?? new Error("a listener threw nothing");
  }
}
