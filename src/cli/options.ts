import type { Faults } from "../sandbox/faults.js";
import type { RunOptions, SiteOptions } from "../setup/options.js";
import type { SchemaName, Shell } from "./option-values.js";

/** What every command takes. */
export interface CommonOptions {
  readonly json: boolean;
  readonly color: "auto" | "always" | "never";
  readonly progress: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
}

/** Files for further reports. */
export interface Into {
  readonly json?: string;
  readonly markdown?: string;
  readonly html?: string;
  readonly sarif?: string;
}

export interface ReconcileOptions extends RunOptions, CommonOptions {
  readonly detailedExitcode: boolean;
  readonly into: Into;
}

export interface PullOptions extends SiteOptions, CommonOptions {
  readonly command: "pull";
  /** Files that differ are written over. */
  readonly force: boolean;
}

export interface InitOptions extends SiteOptions, CommonOptions {
  readonly command: "init";
  /** Definitions of what the service has are written, too. */
  readonly pull: boolean;
}

export interface DoctorOptions extends SiteOptions, CommonOptions {
  readonly command: "doctor";
}

export interface SandboxOptions extends CommonOptions {
  readonly command: "sandbox";
  readonly port: number;
  readonly key?: string;
  readonly environmentId?: string;
  readonly seed?: string;
  /** What goes wrong on purpose. */
  readonly faults?: Faults;
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

export const DEFAULT_SANDBOX_PORT = 8080;
