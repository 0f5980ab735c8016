import type { CallOptions } from "../api/sender.js";
import { apply } from "../apply/apply.js";
import { Base, type Rows } from "../apply/base.js";
import type { Brake } from "../apply/brake.js";
import { problemsOfOutcome, problemsOfRest, wrongEnvironment } from "../apply/outcomes.js";
import { leftBlocked } from "../apply/policy.js";
import { fetchAll } from "../fetch/fetch.js";
import { tool } from "../generated/tool.js";
import { Bug, bugProblem, isError, type Problem, warning } from "../model/problem.js";
import type { RecoveryDocument } from "../model/recovery.js";
import type { TargetRun } from "../model/run.js";
import type { Course } from "./course.js";
import type { Invocation, World } from "./invocation.js";

/** What became of one environment. */
export interface CarriedOut {
  readonly targetRun: TargetRun;
  readonly problems: readonly Problem[];
  /** A mistake of ours that broke the run off. */
  readonly bug?: unknown;
}

/**
 * Carries the plan of one environment out.
 *
 * @param brake - shared by all environments of the run
 * @param onDone - called for every write that has come to its end
 */
export async function carriedOut(
  { prepared, seen, ready, problems: before }: Course,
  invocation: Invocation,
  world: World,
  { brake, onDone }: { readonly brake: Brake; readonly onDone: () => void },
): Promise<CarriedOut> {
  if (seen === undefined || ready === undefined) throw new Bug("an environment without a plan is to be written");
  const { paths, stamps, catalogue, request } = prepared;
  const { planned, connected, target } = ready;
  const { plan, sources, archives } = planned;
  const { api, limit } = connected;
  const refresh = async (options: CallOptions): Promise<Rows> => {
    const again = await fetchAll(api, target.expectedEnvironmentId, options);
    const problem = again.problems.find(isError);
    return { rows: again.observed, ...(problem === undefined ? {} : { problem }) };
  };
  const { outcomes, isProven, strayed, bug } = await apply(plan, {
    api,
    limit,
    catalogue,
    sources,
    archives,
    base: new Base(ready.base.rows, ready.base.readAtMs, refresh, world.nowMs),
    environment: { id: seen.environmentId, isProven: seen.isConfirmed },
    stamps,
    recovery: {
      ...world.recoveries,
      tool,
      target: fileTarget(seen),
      paths,
      stamps,
      knownSecrets: world.knownSecrets,
      sameTarget: request.sameTarget,
    },
    brake,
    pause: (ms) => world.pause(ms, world.interrupt.stop),
    onDone,
  });
  const { recoveryFile } = invocation.given;
  const isFinished = [...outcomes.values()].every(({ status }) => DONE.has(status));
  if (recoveryFile !== undefined && isFinished) world.recoveries.remove(recoveryFile);
  const isConfirmed = seen.isConfirmed || isProven;
  return {
    targetRun: { ...seen, isConfirmed, outcomes },
    problems: [
      // What the first write has shown is no longer in doubt.
      ...before.filter(({ code }) => !(isConfirmed && code === "FETCH.ENVIRONMENT_UNCONFIRMED")),
      ...[...outcomes].flatMap(([change, outcome]) => problemsOfOutcome(change, outcome)),
      ...problemsOfRest(outcomes),
      ...(strayed === undefined ? [] : [wrongEnvironment(seen.environmentId ?? "", strayed)]),
      ...(bug === undefined ? [] : [bugProblem(bug, (text) => world.knownSecrets.withhold(text))]),
      ...(recoveryFile === undefined || isFinished ? [] : [stillUnfinished(recoveryFile)]),
      ...leftBlocked(plan),
    ],
    bug,
  };
}

/** A target as it stands in files. */
export function fileTarget({ environment, baseUrl, environmentId }: TargetRun): RecoveryDocument["target"] {
  return { environment, base_url: baseUrl, environment_id: environmentId };
}

/** A run that was to finish a replace and has not. */
function stillUnfinished(file: string): Problem {
  const detail = `the replace is not finished, and ${file} stays as it is.`;
  return warning("APPLY.UNFINISHED_REPLACE", detail, {
    hint: "put right what went wrong, and run the same command again.",
  });
}

const DONE: ReadonlySet<string> = new Set(["created", "updated", "unchanged"]);
