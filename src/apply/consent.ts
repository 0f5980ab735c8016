import { writes } from "../model/plan.js";
import { error, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { refusedDangers } from "./policy.js";

export type Consent = "yes" | "no" | "cannot-ask";

/** What was agreed to beforehand. */
export interface Agreed {
  readonly yes: boolean;
  readonly allowDangerous: boolean;
}

/** What a run has come to before anything is written. */
export interface Proposal {
  /** The environments that were asked for. */
  readonly environments: readonly string[];
  readonly targets: readonly TargetRun[];
  /** Those of the targets that are about to be written. */
  readonly open: readonly TargetRun[];
}

/** How a person is told of plans, and asked about them. */
export interface Asking {
  /** Shows plans before they are carried out. */
  readonly announce: (proposal: Proposal) => void;
  /** Asks a person who has seen the plans. */
  readonly confirm: (proposal: Proposal) => Promise<Consent>;
}

/** Why plans may not be carried out now; one that is not in it may, or there is nothing of it to carry out. */
export async function refusalsOf(
  proposal: Proposal,
  { yes, allowDangerous }: Agreed,
  { announce, confirm }: Asking,
): Promise<ReadonlyMap<TargetRun, readonly Problem[]>> {
  const { open } = proposal;
  const writing = open.filter(({ plan }) => plan?.changes.some(writes) === true);
  if (writing.length === 0) return new Map();
  if (yes) {
    const refused = writing.flatMap((target): readonly [TargetRun, readonly Problem[]][] => {
      const problems = allowDangerous || target.plan === undefined ? [] : refusedDangers(target.plan);
      return problems.length === 0 ? [] : [[target, problems]];
    });
    const refusals = new Map(refused);
    if (writing.some((target) => !refusals.has(target))) announce(proposal);
    return refusals;
  }
  const consent = await confirm(proposal);
  if (consent === "yes") return new Map();
  const refusal = consent === "no" ? declined() : withoutTerminal();
  return new Map(writing.map((target) => [target, [refusal]]));
}

function declined(): Problem {
  return error("APPLY.DECLINED", "nothing was written.", { hint: "run again, and type yes where it asks, to apply." });
}

function withoutTerminal(): Problem {
  const hint = "look at the plan, then run the same with --yes; on a terminal it asks.";
  return error("APPLY.NO_CONSENT", "nobody can be asked here, so nothing was written.", { hint });
}
