import { codeOfStop, type Interrupt } from "../model/interrupt.js";
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
  return [...others, error(code, ...standingOf(targets))];
}

/** How far the changes of a run came, and what to do next. */
function standingOf(targets: readonly TargetRun[]): readonly [string, { readonly hint: string }] {
  const outcomes = targets.flatMap(({ outcomes: all }) => [...(all?.values() ?? [])]);
  if (outcomes.every(({ attempts }) => attempts === 0)) return ["nothing was written.", { hint: "run again." }];
  const count = (...statuses: readonly OutcomeStatus[]) =>
    outcomes.filter(({ status }) => statuses.includes(status)).length;
  const parts = [
    `${count("created", "updated", "replaced", "archived")} done`,
    ...[count("failed", "not-converged")].flatMap((failed) => (failed === 0 ? [] : [`${failed} failed`])),
    ...[count("unknown")].flatMap((open) => (open === 0 ? [] : [`${open} of which nobody knows`])),
    `${count("not-started")} not begun`,
  ];
  return [
    `of its changes ${parts.join(", ")}.`,
    { hint: "run again: what was done stays done, and the rest is made up for." },
  ];
}
