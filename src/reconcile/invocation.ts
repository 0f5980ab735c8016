import type { ConnectionsApi } from "../api/connections.js";
import type { Limit } from "../api/limit.js";
import type { Asking } from "../apply/consent.js";
import type { MostChanges } from "../apply/policy.js";
import type { Recoveries } from "../apply/replace.js";
import type { Files } from "../load/files.js";
import type { Given } from "../load/given.js";
import type { AccountApi } from "../model/account.js";
import type { Catalogue } from "../model/catalogue.js";
import type { FingerprintKeys } from "../model/fingerprint.js";
import type { Interrupt } from "../model/interrupt.js";
import type { Problem } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { AskingOptions } from "../plan/asked.js";
import type { Variables } from "../secrets/variables.js";

/** What is asked for, whatever the way it was asked. */
export interface Invocation extends AskingOptions {
  readonly command: "validate" | "plan" | "apply" | "prune";
  /** Each once, sorted by name. None is a share of a fleet that happens to be empty. */
  readonly environments: readonly EnvironmentRequest[];
  /** What is wrong with what is asked for, whatever the environment; an error among them stops the run. */
  readonly problems: readonly Problem[];
  /** What earlier runs have left for this one. */
  readonly given: Given;
  /** Variables that hold API keys: no definition may take one. */
  readonly keyVariables: ReadonlySet<string>;
  /** Saves the plan in a file, which is only named here: who runs this writes it. */
  readonly saves?: { readonly file: string; readonly expiresInMs: number; readonly sameTarget: string };
  /** Every variable that any definition names must be set and not empty. */
  readonly requireEnv: boolean;
  /** The user agreed beforehand. */
  readonly yes: boolean;
  readonly allowDangerous: boolean;
  readonly failFast: boolean;
  /** By the clock of `nowMs`; from then on nothing is begun. */
  readonly deadlineAtMs?: number;
}

/** What is asked for in one environment. */
export interface EnvironmentRequest {
  readonly name: string;
  /** Folders with definitions, or single files, that an option names; none for those of the saved plan, or else the usual ones. */
  readonly paths: readonly string[];
  /** Those of the settings file, or the usual folder. */
  readonly usualPaths: readonly string[];
  /** The values of `${var.NAME}`. */
  readonly vars: Readonly<Record<string, string>>;
  readonly maxChanges?: MostChanges;
  /** What other environments of the settings under the same owner say they are: by the ids, the names. */
  readonly claimedIds?: ReadonlyMap<string, string>;
  /** Options that lead to the same target, for commands that are printed: ` --env NAME`; empty where nothing has to be said. */
  readonly sameTarget: string;
  /** Where to; absent for `validate`, and when it could not be made out: then the problems say why. */
  readonly target?: Target;
  readonly targetProblems: readonly Problem[];
}

export interface Target {
  readonly environment: string;
  readonly baseUrl: string;
  /** What the user says the environment is. */
  readonly expectedEnvironmentId?: string;
  /** Whose definitions these are. */
  readonly owner?: string;
  /** Whether stamps are read and written. */
  readonly stamps: boolean;
  /** Equal for environments of a run that have one key. */
  readonly keyNumber?: number;
  /** Credentials, `provider.field`, that this server can change although servers as we know them cannot. */
  readonly assumeUpdatable: readonly string[];
}

/** The way to the service of one environment. */
export interface Connected {
  readonly api: ConnectionsApi;
  /** What it says of the key; only a look at everything asks that. */
  readonly account?: AccountApi;
  /** Bounds the writes that are begun at once, over all environments of the host. */
  readonly limit: Limit;
}

/** What a run that only reads touches outside of the process. */
export interface ReadingWorld {
  readonly files: Files;
  readonly variables: Variables;
  readonly catalogue: Catalogue;
  /** Opens the way to the service; called once for each environment, after its offline checks have passed. */
  readonly connect: (target: Target) => Promise<Connected>;
  readonly knownSecrets: KnownSecrets;
  readonly fingerprintKeys: FingerprintKeys;
  /** At least 128 random bits as letters, digits, `-` and `_`. */
  readonly newSalt: () => string;
  /** Whether the run is to end early. */
  readonly interrupt: Interrupt;
  /** Told when a part of the run begins, and after each step of it. */
  readonly onProgress: (part: Part) => void;
}

/** How far a part of a run has come: environments that are read, changes that are written. */
export interface Part {
  readonly doing: "reading" | "writing";
  readonly done: number;
  readonly total: number;
}

/** Everything outside of the process that a run touches. */
export interface World extends ReadingWorld, Asking {
  readonly recoveries: Recoveries;
  /** Milliseconds that only ever grow. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970. */
  readonly clockMs: () => number;
  /** Waits, in milliseconds; shorter where the signal is given. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}
