import { refusalsOf } from "../apply/consent.js";
import { overLimit, protectedReplacements } from "../apply/policy.js";
import { fetchAll } from "../fetch/fetch.js";
import { environmentOf } from "../load/given.js";
import { unfinishedReplaces } from "../load/unfinished.js";
import type { Observed } from "../model/connection.js";
import { DEADLINE_HINT } from "../model/interrupt.js";
import { asWarning, Bug, error, isError, type Problem } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import { savedFor } from "../model/saved-plan.js";
import { makePlan, type Planned } from "../plan/plan.js";
import { prunePlan } from "../plan/prune.js";
import { unfinishedAt, unfinishedIn } from "../plan/replacement.js";
import { sharedTarget } from "../plan/shared.js";
import { unresolvedForApply } from "../secrets/needed.js";
import type { Connected, Invocation, Target, World } from "./invocation.js";
import type { Prepared } from "./prepare.js";

/** One environment on its way: how far it came, and all that is wrong with it so far. */
export interface Course {
  readonly prepared: Prepared;
  /** What is known of where it leads; absent where the service was not asked. */
  readonly seen?: TargetRun;
  /** With a plan; absent when there is none. */
  readonly ready?: Ready;
  readonly problems: readonly Problem[];
}

/** What a plan is carried out with. */
export interface Ready {
  readonly target: Target;
  readonly planned: Planned;
  readonly connected: Connected;
  /** What the plan was made from. */
  readonly base: { readonly rows: readonly Observed[]; readonly readAtMs: number };
}

/** Whether something is in the way of an environment; then nothing is written there. */
export function isOut({ problems, ready }: Course): boolean {
  return ready === undefined || problems.some(isError);
}

/** The same with more problems. */
export function withProblems(course: Course, problems: readonly Problem[]): Course {
  return problems.length === 0 ? course : { ...course, problems: [...course.problems, ...problems] };
}

/** Fetches what the service of one environment has, and makes the plan; with what apply would refuse about it. */
export async function planned(prepared: Prepared, invocation: Invocation, world: World): Promise<Course> {
  const { request, problems: offline, asked, catalogue, stamps } = prepared;
  const { target, sameTarget } = request;
  if (target === undefined || offline.some(isError)) return { prepared, problems: offline };
  const connected = await world.connect(target);
  const readAtMs = world.nowMs();
  const fetched = await fetchAll(connected.api, target.expectedEnvironmentId);
  const { observed } = fetched;
  const claimant = request.claimedIds?.get(fetched.environmentId ?? "");
  const shared =
    invocation.command === "prune" && claimant !== undefined ? [sharedTarget(request.name, [claimant], undefined)] : [];
  const online = [...offline, ...fetched.problems, ...asked.elsewhere(fetched.environmentId), ...shared];
  const seen = seenAt(target, fetched.environmentId, prepared, invocation, world);
  if (online.some(isError)) return { prepared, seen, problems: online };

  const { knownSecrets } = world;
  const made = makePlan(asked.desired, asked.selected, observed, catalogue, knownSecrets, asked.request);
  const stale = asked.stale({ planned: made, observed, catalogue, knownSecrets, keys: stamps.keys });
  if (stale.length > 0) return { prepared, seen, problems: [...online, ...stale] };
  const problems = [...online, ...made.problems];
  const left = invocation.given.recovery === undefined ? unfinishedReplaces(world.files) : [];
  // Half a plan is not shown: it would look as if the rest needed nothing.
  if (!made.isWhole) {
    const unfinished = unfinishedAt(made.matches, left, sameTarget).map(asWarning);
    return { prepared, seen, problems: [...problems, ...unfinished] };
  }
  const whole =
    invocation.command === "prune" ? prunePlan(made, { observed, owner: stamps.owner, catalogue, knownSecrets }) : made;
  const { plan } = whole;
  const refused = [
    ...[overLimit(plan, request.maxChanges)].flatMap((problem) => problem ?? []),
    ...protectedReplacements(plan),
    ...unfinishedIn(plan, left, seen, sameTarget, catalogue),
  ];
  const found =
    invocation.command === "plan" ? refused.map(asWarning) : [...unresolvedForApply(whole.sources), ...refused];
  const ready = { target, planned: whole, connected, base: { rows: observed, readAtMs } };
  return { prepared, seen: { ...seen, plan }, ready, problems: [...problems, ...found] };
}

function seenAt(
  target: Target,
  environmentId: string | null,
  { request }: Prepared,
  { given }: Invocation,
  { knownSecrets }: World,
): TargetRun {
  const { environment, baseUrl, owner, stamps, assumeUpdatable } = target;
  const before = environmentOf(given, request.name);
  const { planFile } = given;
  return {
    environment,
    baseUrl,
    environmentId: environmentId ?? target.expectedEnvironmentId ?? before,
    isConfirmed: environmentId !== null,
    // Without stamps nobody is asked whose a connection is.
    ...(owner === undefined || !stamps ? {} : { owner: knownSecrets.mask(owner) }),
    ...(assumeUpdatable.length === 0 ? {} : { assumeUpdatable }),
    ...(planFile === undefined || given.plan === undefined || savedFor(given.plan, request.name) === undefined
      ? {}
      : { carriesOut: { file: planFile, createdAt: given.plan.created_at } }),
  };
}

/** The environments that may be written, with consent; what stands in the way of the others is among their problems. */
export async function consented(
  courses: readonly Course[],
  invocation: Invocation,
  world: World,
): Promise<readonly Course[]> {
  const open = courses.filter((course) => !isOut(course));
  const proposal = {
    environments: invocation.environments.map(({ name }) => name),
    targets: courses.flatMap(({ seen }) => seen ?? []),
    open: open.map(({ seen }) => seen ?? missing()),
  };
  const isConsented = open.every(({ prepared }) => prepared.asked.isConsented);
  const refusals = await refusalsOf(proposal, { ...invocation, yes: invocation.yes || isConsented }, world);
  // Whoever ended the run instead of answering has declined nothing.
  if (world.interrupt.stop.aborted) return courses;
  const { deadlineAtMs = Number.POSITIVE_INFINITY } = invocation;
  const isUnanswered = !invocation.yes && !isConsented && world.nowMs() >= deadlineAtMs;
  return courses.map((course) => {
    const refused = course.seen === undefined ? undefined : refusals.get(course.seen);
    return refused === undefined ? course : withProblems(course, isUnanswered ? [unanswered()] : refused);
  });
}

function unanswered(): Problem {
  return error("RUN.DEADLINE", "nobody had agreed by then, so nothing was written.", { hint: DEADLINE_HINT });
}

function missing(): never {
  throw new Bug("a plan without a target");
}
