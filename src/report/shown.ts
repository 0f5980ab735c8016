import type { Outcome } from "../model/outcome.js";
import type { Change } from "../model/plan.js";
import type { Run, TargetRun } from "../model/run.js";
import { type Mark, markOf, outcomeMark } from "./marks.js";
import { isWorthShowing } from "./rows.js";

/** A connection that a report shows. */
export interface ShownChange {
  /** From 1 on, over all environments. */
  readonly number: number;
  readonly environment: string;
  /** What stands before it where there are several environments: the name of its own, and a colon. */
  readonly whose: string;
  readonly change: Change;
  readonly outcome?: Outcome;
  /** By what is to be done, or by what became of it. */
  readonly mark: Mark;
  /** The connection's id; of one that takes the place of another, both; of one to come, in words. */
  readonly ids: string;
}

/** The connections that are worth a person's look, by environment and then as the plan has them. */
export function shownIn(run: Pick<Run, "environments" | "targets">): readonly ShownChange[] {
  return run.targets
    .flatMap((target) =>
      (target.plan?.changes ?? []).flatMap((change): Omit<ShownChange, "number"> | readonly [] => {
        const outcome = target.outcomes?.get(change);
        if (!isWorthShowing(change) && !hasFailed(outcome)) return [];
        const told = outcome === undefined ? { mark: markOf(change) } : { mark: outcomeMark(outcome.status), outcome };
        const { environment } = target;
        return { environment, whose: whoseIn(run, target), change, ids: idsOf(change, outcome), ...told };
      }),
    )
    .map((shown, at) => ({ number: at + 1, ...shown }));
}

/** Each danger once, with the connections that bring it: one that hundreds have hides none that only one has. */
export function dangersOf(
  shown: readonly ShownChange[],
): readonly { readonly danger: string; readonly of: readonly ShownChange[] }[] {
  const dangers = new Map<string, ShownChange[]>();
  for (const one of shown)
    for (const danger of one.change.dangers) {
      const of = dangers.get(danger) ?? [];
      of.push(one);
      dangers.set(danger, of);
    }
  return [...dangers].map(([danger, of]) => ({ danger, of }));
}

/** Whether a change did not become what was asked for. */
function hasFailed(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && ["bad", "warn"].includes(outcomeMark(outcome.status).tone);
}

function idsOf({ id }: Change, outcome: Outcome | undefined): string {
  const ids = [id, outcome?.id].flatMap((one) => one ?? []);
  return ids.length === 0 ? "not there yet" : ids.join(" → ");
}

/** What stands before everything that is about one environment of several. */
export function whoseIn({ environments }: Pick<Run, "environments">, { environment }: TargetRun): string {
  return environments.length > 1 ? `${environment}: ` : "";
}
