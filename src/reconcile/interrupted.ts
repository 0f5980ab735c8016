import { codeOfStop, type Interrupt, whyStopped } from "../model/interrupt.js";
import type { OutcomeStatus } from "../model/outcome.js";
import { error, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";

/** The problems of a run; where it was told to end early, that is said once, with what became of its changes. */
export function withInterrupt(
  problems: readonly Problem[],
  targets: readonly TargetRun[],
  { stop }: Interrupt,
): readonly Problem[] {
  if (!stop.aborted) return problems;
  const code = codeOfStop(stop);
  const others = problems.filter((problem) => problem.code !== code);
  return [...others, error(code, `${whyStopped(stop)}; ${standingOf(targets)}.`, { hint: HINT })];
}

const HINT = "run again: what was done stays done, and the rest is made up for.";

/** How far the changes of a run came, as a part of a sentence. */
function standingOf(targets: readonly TargetRun[]): string {
  const outcomes = targets.flatMap(({ outcomes: all }) => [...(all?.values() ?? [])]);
  if (outcomes.every(({ attempts }) => attempts === 0)) return "nothing was written";
  const count = (...statuses: readonly OutcomeStatus[]) =>
    outcomes.filter(({ status }) => statuses.includes(status)).length;
  const parts = [
    `${count("created", "updated", "replaced", "archived")} of its changes are done`,
    ...[count("failed", "not-converged")].flatMap((failed) => (failed === 0 ? [] : [`${failed} failed`])),
    ...[count("unknown")].flatMap((open) => (open === 0 ? [] : [`of ${open} it is not known`])),
    `${count("not-started")} were not begun`,
  ];
  return parts.join(", ");
}
