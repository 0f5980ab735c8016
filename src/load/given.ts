import type { Problem } from "../model/problem.js";
import type { RecoveryDocument } from "../model/recovery.js";
import { type SavedPlan, savedFor } from "../model/saved-plan.js";
import type { Files } from "./files.js";
import { readPlan, readRecovery } from "./saved-file.js";

/** Files of earlier runs that somebody names for this one. */
export interface GivenFiles {
  /** A saved plan to carry out, in place of one made from options. */
  readonly planFile?: string;
  /** What a replace that broke off has left: only that is finished. */
  readonly recoveryFile?: string;
}

/** What earlier runs have left for this one, and the files that it came from. */
export interface Given extends GivenFiles {
  readonly plan?: SavedPlan;
  readonly recovery?: RecoveryDocument;
  readonly problems: readonly Problem[];
}

/** Reads what earlier runs have left for this one. */
export function readGiven({ planFile, recoveryFile }: GivenFiles, files: Files): Given {
  const plan = planFile === undefined ? undefined : readPlan(planFile, files);
  const recovery = recoveryFile === undefined ? undefined : readRecovery(recoveryFile, files);
  return {
    ...(planFile === undefined ? {} : { planFile }),
    ...(recoveryFile === undefined ? {} : { recoveryFile }),
    ...(plan?.document === undefined ? {} : { plan: plan.document }),
    ...(recovery?.document === undefined ? {} : { recovery: recovery.document }),
    problems: [plan?.problem, recovery?.problem].flatMap((problem) => problem ?? []),
  };
}

/** Where the definitions are: where this run says, else where the one before had them, else where they usually are. */
export function pathsOf(
  paths: readonly string[],
  usual: readonly string[],
  { plan, recovery }: Given,
  environment: string,
): readonly string[] {
  if (paths.length > 0) return paths;
  return (plan === undefined ? recovery : savedFor(plan, environment))?.paths ?? usual;
}

/** The id of the environment that an earlier run was about. */
export function environmentOf({ plan, recovery }: Given, environment: string): string | null {
  return (plan === undefined ? recovery?.target : savedFor(plan, environment))?.environment_id ?? null;
}

/** Nothing was left. */
export const nothingGiven: Given = { problems: [] };
