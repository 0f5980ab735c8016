import { codeOfStop, type Interrupt } from "../model/interrupt.js";
import type { OutcomeStatus } from "../model/outcome.js";
import { error, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { counted } from "../report/text.js";

/** The problems of a run; where it was told to end early, that is said once, with what became of its changes. */
export function withInterrupt(
  problems: readonly Problem[],
  targets: readonly TargetRun[],
  { stop }: Interrupt,
): readonly Problem[] {
  if (!stop.aborted) return problems;
  const code = codeOfStop(stop);
  // What became of a single change is told at its place.
  const others = problems.filter((problem) => problem.code !== code || problem.place !== undefined);
  return [...others, error(code, ...standingOf(targets))];
}

/** How far the changes of a run came, and what to do next. */
function standingOf(targets: readonly TargetRun[]): readonly [string, { readonly hint: string }] {
  const outcomes = targets.flatMap(({ outcomes: all }) => [...(all?.values() ?? [])]);
  if (outcomes.every(({ status }) => status === "not-started" || status === "unchanged"))
    return ["nothing was written.", { hint: "run again." }];
  const count = (...statuses: readonly OutcomeStatus[]) =>
    outcomes.filter(({ status }) => statuses.includes(status)).length;
  const [failed, unknown] = [count("failed", "not-converged"), count("unknown")];
  const parts = [
    `${count("created", "updated", "replaced", "archived")} are done`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
    `${count("not-started")} not begun`,
  ];
  const changes = outcomes.filter(({ status }) => status !== "unchanged").length;
  const hint =
    unknown === 0
      ? "run again: what was done stays done, and the rest is made up for."
      : "wait a minute and run plan first: what is unknown may still be carried out. Then apply makes up for the rest.";
  return [`of ${counted(changes, "change")} ${parts.join(", ")}.`, { hint }];
}
