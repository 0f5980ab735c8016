import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import type { FingerprintKeys } from "../model/fingerprint.js";
import type { Problem } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { PlanRequest } from "./change.js";
import type { Planned } from "./plan.js";

/** Where a run goes and how it keeps stamps, to be held against what a plan was made for. */
export interface PresentTarget {
  readonly environment: string;
  readonly baseUrl: string;
  readonly expectedEnvironmentId?: string;
  readonly owner?: string;
  readonly stamps: boolean;
  readonly assumeUpdatable: readonly string[];
  /** Where its definitions are, unless an option says otherwise. */
  readonly usualPaths: readonly string[];
}

/** What the service and a plan made again now are held against. */
export interface Present {
  readonly planned: Planned;
  readonly observed: readonly Observed[];
  readonly catalogue: Catalogue;
  readonly knownSecrets: KnownSecrets;
  readonly keys: FingerprintKeys;
}

/** What a run is asked to plan for, whoever asked: options, a saved plan, or the file of a replace that broke off. */
export interface Asked {
  /** Every definition, as it is to be understood. */
  readonly desired: readonly Desired[];
  readonly selected: ReadonlySet<Desired>;
  readonly request: PlanRequest;
  /** Whether somebody agreed to it when it was made. */
  readonly isConsented: boolean;
  /** What is wrong with it already. */
  readonly problems: readonly Problem[];
  /** What is wrong with it once the environment is known. */
  readonly elsewhere: (environmentId: string | null) => readonly Problem[];
  /** What is wrong with it once the plan is made. */
  readonly stale: (present: Present) => readonly Problem[];
}
