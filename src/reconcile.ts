import { Brake, type Reason } from "./apply/brake.js";
import { tool } from "./generated/tool.js";
import { codeOfStop, whyStopped } from "./model/interrupt.js";
import { writes } from "./model/plan.js";
import { error, inOrder, isError, type Problem, together } from "./model/problem.js";
import type { Run, TargetRun } from "./model/run.js";
import { savedTarget, savePlan } from "./plan/saved.js";
import { sharedConnections } from "./plan/shared.js";
import { type CarriedOut, carriedOut, fileTarget } from "./reconcile/carry-out.js";
import { type Course, consented, isOut, planned, withProblems } from "./reconcile/course.js";
import { withInterrupt } from "./reconcile/interrupted.js";
import type { Invocation, World } from "./reconcile/invocation.js";
import { type Prepared, prepare } from "./reconcile/prepare.js";
import { countsOf, Reader } from "./reconcile/read.js";
import { steps } from "./reconcile/steps.js";
import { missingVariables } from "./secrets/needed.js";

export type {
  Connected,
  EnvironmentRequest,
  Invocation,
  Part,
  ReadingWorld,
  Target,
  World,
} from "./reconcile/invocation.js";

/**
 * The mission: read the definitions, check them, compare them with what the service has, and put right only what differs. In
 * all environments that are asked for, side by side; what goes wrong in one does not hide or hold up another.
 *
 * @returns what came of it, problems included; it does not throw for anything but a bug of ours
 */
export async function reconcile(invocation: Invocation, world: World): Promise<Run> {
  const { command, environments, given } = invocation;
  const stopped = [...invocation.problems, ...given.problems];
  const reader = new Reader(world, invocation.keyVariables);
  const prepared = namedSomewhere(environments.map((request) => prepare(request, reader, invocation, world)));
  const run = (found: readonly Told[], targets: readonly TargetRun[] = []): Run => ({
    command,
    environments: environments.map(({ name }) => name),
    ...countsOf(prepared.map(({ read }) => read)),
    targets,
    problems: withInterrupt(inOrder([...stopped, ...problemsOf(found, environments)]), targets, world.interrupt),
  });
  const offline = prepared.map((one): Course => ({ prepared: one, problems: one.problems }));
  if (command === "validate") return run(offline.map((course) => withVariables(course, invocation)));
  if (stopped.some(isError) || isStopped(offline, invocation)) return run(offline);

  const read = steps("reading", prepared.length, world);
  const made = await Promise.all(prepared.map((one) => planned(one, invocation, world).finally(read)));
  const courses = withShared(made, invocation, world).map((course) => unlessStopped(course, world));
  if (command === "plan") return saving(run(courses, targetsOf(courses)), courses, invocation, world);
  if (isStopped(courses, invocation)) return run(courses, targetsOf(courses));
  const agreed = (await consented(courses, invocation, world)).map((course) => unlessStopped(course, world));
  if (isStopped(agreed, invocation)) return run(agreed, targetsOf(agreed));
  return carriedOutIn(agreed, invocation, world, run);
}

/** A name that one environment has is no mistake in the others: there it means nothing. */
function namedSomewhere(all: readonly Prepared[]): readonly Prepared[] {
  const isUnknown = ({ code }: Problem) => code === "LOAD.NOTHING_SELECTED";
  const everywhere = (problem: Problem) =>
    all.every(({ problems }) => problems.some((one) => isUnknown(one) && one.message === problem.message));
  return all.map((one) => ({
    ...one,
    problems: one.problems.filter((problem) => !isUnknown(problem) || everywhere(problem)),
  }));
}

/** What came of an environment, as far as it is told. */
interface Told {
  readonly problems: readonly Problem[];
}

/** The problems of all environments, told together. */
function problemsOf(found: readonly Told[], environments: Invocation["environments"]): readonly Problem[] {
  return together(found.map(({ problems }, at) => ({ environment: environments[at]?.name ?? "", problems })));
}

/** `validate` asks no service: it warns of what a run there would miss. */
function withVariables(course: Course, { requireEnv }: Invocation): Course {
  if (requireEnv) return course;
  return withProblems(course, missingVariables(course.prepared.read.desired, "warning"));
}

/** Whether nothing is begun at all: a saved plan is one, and what stands in its way in one environment refuses it in all. */
function isStopped(courses: readonly Course[], { given }: Invocation): boolean {
  const isOne = given.plan !== undefined || given.recovery !== undefined;
  return isOne && courses.some(({ problems }) => problems.some(isError));
}

function targetsOf(courses: readonly Course[]): readonly TargetRun[] {
  return courses.flatMap(({ seen }) => seen ?? []);
}

/** With a word on environments that are one and the same: there two files would fight over a connection. */
function withShared(courses: readonly Course[], { command }: Invocation, { catalogue }: World): readonly Course[] {
  const plans = courses.flatMap((course) =>
    course.seen === undefined || course.ready === undefined
      ? []
      : [{ seen: course.seen, planned: course.ready.planned, keyNumber: course.ready.target.keyNumber }],
  );
  const found = sharedConnections(plans, command === "plan" ? "warning" : "error", catalogue);
  return courses.map((course) => withProblems(course, (course.seen && found.get(course.seen)) ?? []));
}

/** The run with its plan as it is to be saved, if somebody wants that and there is a plan for every environment. */
function saving(run: Run, courses: readonly Course[], { saves, ...asked }: Invocation, world: World): Run {
  // An empty share has a plan as well: that there is nothing to do.
  if (saves === undefined || run.problems.some(isError) || courses.some(isOut)) return run;
  const { clockMs, newSalt, knownSecrets } = world;
  const nowMs = clockMs();
  const targets = courses.flatMap(({ prepared, seen, ready }) => {
    if (seen === undefined || ready === undefined) return [];
    return savedTarget(ready.planned, prepared.asked.desired, prepared.asked.request, {
      target: fileTarget(seen),
      assumeUpdatable: ready.target.assumeUpdatable,
      salt: newSalt(),
      paths: prepared.paths,
      pathsAreNamed: prepared.request.paths.length > 0,
      catalogue: prepared.catalogue,
      knownSecrets,
    });
  });
  const document = savePlan(targets, {
    tool,
    createdAt: instant(nowMs),
    expiresAt: instant(nowMs + saves.expiresInMs),
    keyId: world.fingerprintKeys.current?.id ?? null,
    adopts: asked.adopt,
    assumesSecrets: asked.assumeSecrets,
  });
  return { ...run, saved: { file: saves.file, document, sameTarget: saves.sameTarget } };
}

/** Writes in every environment where nothing is in the way. */
async function carriedOutIn(
  courses: readonly Course[],
  invocation: Invocation,
  world: World,
  run: (found: readonly Told[], targets: readonly TargetRun[]) => Run,
): Promise<Run> {
  const { deadlineAtMs = Number.POSITIVE_INFINITY } = invocation;
  const brake = new Brake(
    invocation.failFast,
    () => world.nowMs() >= deadlineAtMs,
    () => reasonOfStop(world.interrupt.stop),
  );
  if (courses.some(isOut)) brake.failed("another environment");
  const open = courses.filter((course) => !isOut(course));
  const total = open.reduce((sum, { seen }) => sum + (seen?.plan?.changes.filter(writes).length ?? 0), 0);
  const onDone = steps("writing", total, world);
  const results = await Promise.all(
    courses.map(async (course): Promise<CarriedOut | Course> => {
      return isOut(course) ? course : carriedOut(course, invocation, world, { brake, onDone });
    }),
  );
  const targets = results.flatMap((result) => ("targetRun" in result ? result.targetRun : (result.seen ?? [])));
  const bug = results.flatMap((result) => ("bug" in result && result.bug !== undefined ? [result.bug] : []))[0];
  return { ...run(results, targets), ...(bug === undefined ? {} : { bug }) };
}

/** Nothing is begun in an environment after the run was told to end. */
function unlessStopped(course: Course, { interrupt: { stop } }: World): Course {
  if (!stop.aborted || isOut(course)) return course;
  return withProblems(course, [error(codeOfStop(stop), `${whyStopped(stop)} before anything was written.`)]);
}

function reasonOfStop(stop: AbortSignal): Reason | undefined {
  return stop.aborted ? { message: whyStopped(stop), code: codeOfStop(stop) } : undefined;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
