import { type Plan, writes } from "../model/plan.js";
import { error, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { refusedDangers } from "./policy.js";

export type Consent = "yes" | "no" | "cannot-ask";

/** What was agreed to beforehand. */
export interface Agreed {
  readonly yes: boolean;
  readonly allowDangerous: boolean;
}

/** How a person is told of a plan, and asked about it. */
export interface Asking {
  /** Shows a plan that is about to be carried out, before anything is written. */
  readonly announce: (planned: TargetRun) => void;
  /** Asks a person who has seen the plan. */
  readonly confirm: (planned: TargetRun) => Promise<Consent>;
}

/** Why a plan may not be carried out now; empty when it may, or when there is nothing to carry out. */
export async function refusalOf(
  planned: TargetRun,
  plan: Plan,
  { yes, allowDangerous }: Agreed,
  { announce, confirm }: Asking,
): Promise<readonly Problem[]> {
  if (!plan.changes.some(writes)) return [];
  if (yes) {
    const refused = allowDangerous ? [] : refusedDangers(plan);
    if (refused.length === 0) announce(planned);
    return refused;
  }
  const consent = await confirm(planned);
  if (consent === "yes") return [];
  if (consent === "no")
    return [error("APPLY.DECLINED", "nothing was written.", { hint: "run again and type yes to apply." })];
  const hint = "look at the plan, then run the same with --yes; on a terminal it asks.";
  return [error("APPLY.NO_CONSENT", "there is no terminal to ask on, so nothing was written.", { hint })];
}
