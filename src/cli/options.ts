import type { MostChanges } from "../apply/policy.js";
import type { SecretsToWrite } from "../plan/select.js";
import type { SchemaName, Shard, Shell } from "./option-values.js";

/** What every command takes. */
export interface CommonOptions {
  readonly json: boolean;
  readonly color: "auto" | "always" | "never";
  readonly progress: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
}

/** Where a command goes. */
export interface SiteOptions extends CommonOptions {
  /** The settings file. */
  readonly config?: string;
  /** Patterns of environments. */
  readonly env: readonly string[];
  readonly shard?: Shard;
  /** Folders and files with definitions. */
  readonly paths: readonly string[];
  readonly baseUrl?: string;
  readonly environmentId?: string;
  readonly parallelism?: number;
  readonly timeoutMs?: number;
}

/** Files for further reports. */
export interface Into {
  readonly json?: string;
  readonly markdown?: string;
  readonly html?: string;
  readonly sarif?: string;
}

export interface ReconcileOptions extends SiteOptions {
  readonly command: "validate" | "plan" | "apply" | "prune";
  readonly only: readonly string[];
  readonly requireEnv: boolean;
  readonly detailedExitcode: boolean;
  readonly maxChanges?: MostChanges;
  readonly yes: boolean;
  readonly failFast: boolean;
  readonly allowDangerous: boolean;
  readonly writeSecrets: SecretsToWrite;
  readonly adopt: boolean;
  readonly assumeSecrets: boolean;
  readonly replaces: readonly string[];
  /** Where the plan is saved. */
  readonly out?: string;
  readonly expiresInMs?: number;
  readonly into: Into;
  /** A saved plan to carry out. */
  readonly planFile?: string;
  /** What a replace that broke off has left. */
  readonly recoveryFile?: string;
}

export interface PullOptions extends SiteOptions {
  readonly command: "pull";
  /** Files that differ are written over. */
  readonly force: boolean;
}

export interface InitOptions extends SiteOptions {
  readonly command: "init";
  /** Definitions of what the service has are written, too. */
  readonly pull: boolean;
}

export interface DoctorOptions extends SiteOptions {
  readonly command: "doctor";
}

export interface SandboxOptions extends CommonOptions {
  readonly command: "sandbox";
  readonly port: number;
  readonly key?: string;
  readonly environmentId?: string;
  readonly seed?: string;
}

export interface KeygenOptions extends CommonOptions {
  readonly command: "keygen";
}

export interface SchemaOptions extends CommonOptions {
  readonly command: "schema";
  readonly name: SchemaName;
}

export interface CompletionOptions extends CommonOptions {
  readonly command: "completion";
  readonly shell: Shell;
}

export type CommandOptions =
  | ReconcileOptions
  | PullOptions
  | InitOptions
  | DoctorOptions
  | SandboxOptions
  | KeygenOptions
  | SchemaOptions
  | CompletionOptions;

/** What scripts of shells ask with for completion. It is no command of people, so that no help has it. */
export const ASKED_BY_SHELL = "__complete";

export const DEFAULT_PARALLELISM = 8;
export const DEFAULT_TIMEOUT_SECONDS = 30;
/** A saved plan is good for a day. */
export const DEFAULT_EXPIRY_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_SANDBOX_PORT = 8080;
