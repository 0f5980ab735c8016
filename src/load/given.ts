import type { Problem } from "../model/problem.js";
import type { RecoveryDocument } from "../model/recovery.js";
import type { SavedPlan } from "../model/saved-plan.js";
import { DEFAULT_FOLDER, type Files } from "./files.js";
import { readPlan, readRecovery } from "./saved-file.js";

/** Files of earlier runs that somebody names for this one. */
export interface GivenFiles {
  /** A saved plan to carry out, in place of one made from options. */
  readonly planFile?: string;
  /** What a replace that broke off has left: only that is finished. */
  readonly recoveryFile?: string;
}

/** What earlier runs have left for this one. */
export interface Given {
  readonly plan?: SavedPlan;
  readonly recovery?: RecoveryDocument;
  readonly problems: readonly Problem[];
}

/** Reads what earlier runs have left for this one. */
export function readGiven({ planFile, recoveryFile }: GivenFiles, files: Files): Given {
  const plan = planFile === undefined ? undefined : readPlan(planFile, files);
  const recovery = recoveryFile === undefined ? undefined : readRecovery(recoveryFile, files);
  return {
    ...(plan?.document === undefined ? {} : { plan: plan.document }),
    ...(recovery?.document === undefined ? {} : { recovery: recovery.document }),
    problems: [plan?.problem, recovery?.problem].flatMap((problem) => problem ?? []),
  };
}

/** Where the definitions are: where this run says, else where the one before had them. */
export function pathsOf(paths: readonly string[], { plan, recovery }: Given): readonly string[] {
  return paths.length > 0 ? paths : (plan?.paths ?? recovery?.paths ?? [DEFAULT_FOLDER]);
}

/** The environment that an earlier run was about. */
export function environmentOf({ plan, recovery }: Given): string | null {
  return (plan?.targets[0] ?? recovery?.target)?.environment_id ?? null;
}
