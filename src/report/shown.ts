import type { Outcome } from "../model/outcome.js";
import type { Change } from "../model/plan.js";
import type { Run, TargetRun } from "../model/run.js";
import { type Mark, markOf, outcomeMark } from "./marks.js";
import { isWorthShowing } from "./rows.js";
import { counted } from "./text.js";

/** A connection that a report shows, and how it is marked there: by what is to be done, or by what became of it. */
export interface ShownChange {
  readonly target: TargetRun;
  readonly change: Change;
  readonly outcome?: Outcome;
  readonly mark: Mark;
}

/** The connections that are worth a person's look, by environment and then as the plan has them. */
export function shownIn({ targets }: Run): readonly ShownChange[] {
  return targets.flatMap((target) =>
    (target.plan?.changes ?? []).flatMap((change) => {
      const outcome = target.outcomes?.get(change);
      if (!isWorthShowing(change) && !hasFailed(outcome)) return [];
      const told = outcome === undefined ? { mark: markOf(change) } : { mark: outcomeMark(outcome.status), outcome };
      return [{ target, change, ...told }];
    }),
  );
}

/** Whether a change did not become what was asked for. */
function hasFailed(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && ["bad", "warn"].includes(outcomeMark(outcome.status).tone);
}

/** The connection's id; of one that takes the place of another, both; of one to come, in words. */
export function idsOf({ change, outcome }: ShownChange): string {
  const ids = [change.id, outcome?.id].flatMap((id) => id ?? []);
  return ids.length === 0 ? "not there yet" : ids.join(" → ");
}

/** What stands before everything that is about one environment of several: its name and a colon. */
export function whoseIn({ environments }: Run): (target: TargetRun) => string {
  return ({ environment }) => (environments.length > 1 ? `${environment}: ` : "");
}

/** What a plan says that has nothing to do. */
export const NOTHING_TO_CHANGE = "Nothing to change: no difference in what can be compared.";

/** Whether every environment has a plan, and none of them anything to show. */
export function isCalm(run: Run): boolean {
  const plans = run.targets.flatMap(({ plan }) => plan ?? []);
  return plans.length > 0 && plans.length === run.environments.length && shownIn(run).length === 0;
}

/** Over the dangers: what to do about them, or once it is done, where they come from. */
export function dangersHeading(run: Run, count: number): string {
  if (isCarriedOut(run)) return `${counted(count, "danger")} of the plan`;
  return `${counted(count, "danger")}: look at ${count === 1 ? "this" : "these"} first`;
}

/** Over what is no change but should be known. */
export function notesHeading(run: Run): string {
  return isCarriedOut(run) ? "To know of the plan" : "To know";
}

function isCarriedOut({ targets }: Run): boolean {
  return targets.some(({ outcomes }) => outcomes !== undefined);
}
