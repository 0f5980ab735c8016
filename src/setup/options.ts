import type { MostChanges } from "../apply/policy.js";
import type { SecretsToWrite } from "../plan/select.js";

/** Where a run goes. */
export interface SiteOptions {
  /** The settings file; without one the usual one is read if it is there. */
  readonly config?: string;
  /** Patterns of environments. */
  readonly env: readonly string[];
  readonly shard?: Shard;
  /** Folders and files with definitions, in place of those of the settings. */
  readonly paths: readonly string[];
  readonly baseUrl?: string;
  readonly environmentId?: string;
  /** Requests in flight to one host. */
  readonly parallelism?: number;
  /** For one request. */
  readonly timeoutMs?: number;
  /** For the whole run. */
  readonly deadlineMs?: number;
  /** Addresses beyond this machine may be plain `http:`. */
  readonly insecureHttp: boolean;
  /** A file with certificates of authorities that are trusted, too. */
  readonly caFile?: string;
}

/** A share of all environments: the `index`-th of `count`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** What a run that reconciles is asked for. */
export interface RunOptions extends SiteOptions {
  readonly command: "validate" | "plan" | "apply" | "prune";
  /** Patterns of definitions, by name or file. */
  readonly only: readonly string[];
  /** Every variable that any definition names must be set and not empty. */
  readonly requireEnv: boolean;
  readonly maxChanges?: MostChanges;
  /** Somebody agreed beforehand. */
  readonly yes: boolean;
  readonly failFast: boolean;
  readonly allowDangerous: boolean;
  readonly writeSecrets: SecretsToWrite;
  readonly adopt: boolean;
  readonly assumeSecrets: boolean;
  /** Definitions whose connections are archived and created anew, by name or file. */
  readonly replaces: readonly string[];
  /** Where the plan is saved. */
  readonly out?: string;
  readonly expiresInMs?: number;
  /** A saved plan to carry out. */
  readonly planFile?: string;
  /** What a replace that broke off has left. */
  readonly recoveryFile?: string;
}

/** Requests in flight to one host. */
export const MOST_PARALLELISM = 256;
/** Longest that a timer of the platform can wait. */
export const MOST_SECONDS = 2_147_483;
export const SHORTEST_EXPIRY_MS = 1_000;
/** A year: longer than that nobody knows what a plan was for. */
export const LONGEST_EXPIRY_MS = 366 * 86_400_000;
/** Shares of a fleet: more of them than this would be more machines than environments. */
export const MOST_SHARDS = 10_000;

export const DEFAULT_PARALLELISM = 8;
export const DEFAULT_TIMEOUT_SECONDS = 30;
/** A saved plan is good for a day. */
export const DEFAULT_EXPIRY_MS = 24 * 60 * 60 * 1000;

/** A bound on changes from its text, `20` or `10%`; nothing where it is neither. */
export function mostChangesIn(text: string): MostChanges | undefined {
  if (/^\d+$/.test(text)) return { kind: "count", count: Number(text) };
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  return percent === undefined || Number(percent) > 100 ? undefined : { kind: "percent", percent: Number(percent) };
}
