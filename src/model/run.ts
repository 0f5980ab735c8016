import type { Outcome } from "./outcome.js";
import type { Change, Plan } from "./plan.js";
import type { Problem } from "./problem.js";
import type { SavedPlan } from "./saved-plan.js";

/** One environment of the service in a run. */
export interface TargetRun {
  /** Name of the environment; `default` without a settings file. */
  readonly environment: string;
  readonly baseUrl: string;
  /** Seen on the service's rows, else as expected; `null` when nothing tells. */
  readonly environmentId: string | null;
  /** Whose definitions these are; absent where nobody said. */
  readonly owner?: string;
  /** Whether the service itself showed the environment id. */
  readonly isConfirmed: boolean;
  /** Credentials that the settings say this server can change, although servers as we know them cannot. */
  readonly assumeUpdatable?: readonly string[];
  /** Absent when the run stopped before there was one. */
  readonly plan?: Plan;
  /** The saved plan that is carried out. */
  readonly carriesOut?: { readonly file: string; readonly createdAt: string };
  /** One for every change of the plan; absent when nothing was to be applied or the run stopped before. */
  readonly outcomes?: ReadonlyMap<Change, Outcome>;
}

export interface RunToSave {
  readonly file: string;
  readonly document: SavedPlan;
  /** Options that lead to the same target again, as a part of a command line. */
  readonly sameTarget: string;
}

/** All that came of one command; every report is made from this. */
export interface Run {
  readonly command: string;
  readonly definitions: number;
  readonly files: number;
  /** The environments that were asked for, sorted; a share of a fleet may have none. */
  readonly environments: readonly string[];
  /** Those that were asked, sorted by environment. */
  readonly targets: readonly TargetRun[];
  /** The plan as it is to be saved in a file. */
  readonly saved?: RunToSave;
  readonly problems: readonly Problem[];
  /** The command ended before anything was read: there is nothing to count. */
  readonly isUnread?: true;
  /** A mistake of ours that broke the run off after something was written. */
  readonly bug?: unknown;
}
