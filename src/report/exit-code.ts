import type { Outcome } from "../model/outcome.js";
import { hasWork } from "../model/plan.js";
import { isError, type Problem, problemCodes } from "../model/problem.js";
import type { Run } from "../model/run.js";

/** Every exit code with its meaning, in the order in which one outranks another. */
export const exitCodes = [
  { code: 130, meaning: "interrupted" },
  { code: 143, meaning: "terminated" },
  { code: 64, meaning: "the command line is wrong" },
  { code: 4, meaning: "partly done: something was written or may have been, and something failed" },
  { code: 7, meaning: "written, but the service does not show what was asked" },
  { code: 5, meaning: "the plan is stale; nothing was written" },
  { code: 6, meaning: "refused by policy, or part of it: a limit, a danger, a blocked field, no consent" },
  { code: 3, meaning: "the definitions, settings or variables are wrong" },
  { code: 1, meaning: "an error, and nothing was written" },
  { code: 2, meaning: "with --detailed-exitcode: it worked, and there are changes or blocked items" },
  { code: 0, meaning: "success" },
] as const;

export type ExitCode = (typeof exitCodes)[number]["code"];

/** What a run's result means for the caller. Where several codes apply, the one listed first counts. */
export function exitCodeOf(run: Run, { isDetailed }: { readonly isDetailed: boolean }): ExitCode {
  const errors = codesOf(run.problems);
  const outcomes = run.targets.flatMap(({ outcomes: all }) => [...new Map(all).values()]);
  const has = (...statuses: readonly Outcome["status"][]) => outcomes.some(({ status }) => statuses.includes(status));
  const hasFailed = has("failed", "not-started");
  // One environment can be wrong in its files and another written.
  const isPart = outcomes.some(({ wrote }) => wrote) && (hasFailed || [1, 3, 5].some((code) => errors.has(code)));
  const hasChanges = run.targets.some(({ plan }) => plan !== undefined && hasWork(plan));
  const applying = new Set(errors);
  if (has("unknown") || isPart) applying.add(4);
  if (has("not-converged")) applying.add(7);
  if (hasFailed) applying.add(1);
  if (isDetailed && hasChanges) applying.add(2);
  return firstOf(applying);
}

/** The same for a command that writes nothing to the service. */
export function exitCodeOfProblems(problems: readonly Problem[]): ExitCode {
  return firstOf(codesOf(problems));
}

function codesOf(problems: readonly Problem[]): ReadonlySet<number> {
  return new Set(problems.filter(isError).map(({ code }) => problemCodes[code].exitCode));
}

function firstOf(codes: ReadonlySet<number>): ExitCode {
  return exitCodes.find(({ code }) => codes.has(code))?.code ?? 0;
}
