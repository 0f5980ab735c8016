import type { ConnectionsApi } from "./api/client.js";
import type { Limit } from "./api/limit.js";
import { apply } from "./apply/apply.js";
import { Base, type Rows } from "./apply/base.js";
import { type Asking, refusalOf } from "./apply/consent.js";
import { problemsOfOutcome, wrongEnvironment } from "./apply/outcomes.js";
import { leftBlocked, type MostChanges, overLimit, protectedReplacements } from "./apply/policy.js";
import type { Recoveries } from "./apply/replace.js";
import { fetchAll } from "./fetch/fetch.js";
import { tool } from "./generated/tool.js";
import type { Files } from "./load/files.js";
import { environmentOf, type GivenFiles, pathsOf, readGiven } from "./load/given.js";
import { load } from "./load/load.js";
import { unfinishedReplaces } from "./load/unfinished.js";
import type { Catalogue } from "./model/catalogue.js";
import type { Desired, Observed } from "./model/connection.js";
import type { FingerprintKeys } from "./model/fingerprint.js";
import { bugProblem, inOrder, isError, type Problem, warning } from "./model/problem.js";
import type { RecoveryDocument } from "./model/recovery.js";
import type { Run, TargetRun } from "./model/run.js";
import type { KnownSecrets } from "./model/secret.js";
import type { StampSettings } from "./model/stamp.js";
import { type AskingOptions, askedFor } from "./plan/asked.js";
import { makePlan, type Planned } from "./plan/plan.js";
import { unfinishedAt, unfinishedIn } from "./plan/replacement.js";
import type { Asked } from "./plan/request.js";
import { savePlan } from "./plan/saved.js";
import { missingVariables, unresolvedForApply } from "./secrets/needed.js";
import { resolve } from "./secrets/resolve.js";
import type { Variables } from "./secrets/variables.js";
import { recheck, validate } from "./validate/validate.js";

/** What is asked for, whatever the way it was asked. */
export interface Invocation extends AskingOptions, GivenFiles {
  readonly command: "validate" | "plan" | "apply";
  /** Folders with definitions, or single files; none for those of the saved plan, or else the usual folder. */
  readonly paths: readonly string[];
  /** Saves the plan in a file, which is only named here: who runs this writes it. */
  readonly saves?: { readonly file: string; readonly expiresInMs: number };
  /** Options that lead to the same target, for commands that are printed: ` --base-url URL`; empty where variables do. */
  readonly sameTarget: string;
  /** Every variable that any definition names must be set and not empty. */
  readonly requireEnv: boolean;
  readonly maxChanges?: MostChanges;
  /** The user agreed beforehand. */
  readonly yes: boolean;
  readonly allowDangerous: boolean;
  readonly failFast: boolean;
  /** Where to; absent for `validate`, and when it could not be made out: then the problems say why. */
  readonly target?: Target;
  readonly targetProblems: readonly Problem[];
}

export interface Target {
  readonly environment: string;
  readonly baseUrl: string;
  /** What the user says the environment is. */
  readonly expectedEnvironmentId?: string;
  /** Whose definitions these are. */
  readonly owner?: string;
  /** Whether stamps are read and written. */
  readonly stamps: boolean;
}

/** Everything outside of the process that a run touches. */
export interface World extends Asking {
  readonly files: Files;
  readonly variables: Variables;
  readonly catalogue: Catalogue;
  /** Opens the way to the service; called once, after all offline checks have passed. */
  readonly connect: (target: Target) => Promise<ConnectionsApi>;
  readonly limit: Limit;
  readonly knownSecrets: KnownSecrets;
  readonly fingerprintKeys: FingerprintKeys;
  /** At least 128 random bits as letters, digits, `-` and `_`. */
  readonly newSalt: () => string;
  readonly recoveries: Recoveries;
  /** Milliseconds that only ever grow. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970. */
  readonly clockMs: () => number;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * The mission: read the definitions, check them, compare them with what the service has, and put right only what differs.
 *
 * @returns what came of it, problems included; it does not throw for anything but a bug of ours
 */
export async function reconcile(invocation: Invocation, world: World): Promise<Run> {
  const { command, target, sameTarget } = invocation;
  const given = readGiven(invocation, world.files);
  const paths = pathsOf(invocation.paths, given);
  // Without the file that says what is to be done nobody knows which definitions are meant.
  const read = given.problems.length > 0 ? nothingRead : readDefinitions(paths, world);
  const run = (problems: readonly Problem[], targets: readonly TargetRun[] = []): Run => ({
    command,
    definitions: read.definitions,
    files: read.files,
    targets,
    problems: inOrder(problems),
  });
  if (command === "validate")
    return run([...read.problems, ...missingVariables(read.desired, invocation.requireEnv ? "error" : "warning")]);

  const stamps = stampsOf(target, world);
  const asked = askedFor(read.desired, {
    options: invocation,
    ...given,
    ...(target === undefined ? {} : { target }),
    stamps,
    catalogue: world.catalogue,
    knownSecrets: world.knownSecrets,
    newSalt: world.newSalt,
    nowMs: world.clockMs(),
  });
  const offline = [
    ...read.problems,
    ...given.problems,
    // Of half the definitions nothing can be told but what is wrong with them.
    ...([...read.problems, ...given.problems].some(isError) ? [] : asked.problems),
    ...(invocation.requireEnv ? missingVariables(read.desired, "error") : []),
    ...invocation.targetProblems,
  ];
  if (offline.some(isError) || target === undefined) return run(offline);

  const api = await world.connect(target);
  const readAtMs = world.nowMs();
  const fetched = await fetchAll(api, target.expectedEnvironmentId);
  const online = [...offline, ...fetched.problems, ...asked.elsewhere(fetched.environmentId)];
  const seen: TargetRun = {
    environment: target.environment,
    baseUrl: target.baseUrl,
    environmentId: fetched.environmentId ?? target.expectedEnvironmentId ?? environmentOf(given),
    isConfirmed: fetched.environmentId !== null,
    // Without stamps nobody is asked whose a connection is.
    ...(target.owner === undefined || !target.stamps ? {} : { owner: target.owner }),
    ...(invocation.planFile === undefined || given.plan === undefined
      ? {}
      : { carriesOut: { file: invocation.planFile, createdAt: given.plan.created_at } }),
  };
  if (online.some(isError)) return run(online, [seen]);

  const { catalogue, knownSecrets } = world;
  const { request, selected } = asked;
  const planned = makePlan(asked.desired, selected, fetched.observed, catalogue, knownSecrets, request);
  const stale = asked.stale({ planned, observed: fetched.observed, catalogue, knownSecrets, keys: stamps.keys });
  if (stale.length > 0) return run([...online, ...stale], [seen]);
  const problems = [...online, ...planned.problems];
  const left = given.recovery === undefined ? unfinishedReplaces(world.files) : [];
  // Half a plan is not shown: it would look as if the rest needed nothing.
  if (!planned.isWhole)
    return run([...problems, ...unfinishedAt(planned.matches, left, sameTarget).map(asWarning)], [seen]);
  const { plan } = planned;
  const plannedRun: TargetRun = { ...seen, plan };
  const refused = [
    ...[overLimit(plan, invocation.maxChanges)].flatMap((problem) => problem ?? []),
    ...protectedReplacements(plan),
    ...unfinishedIn(plan, left, target, sameTarget, catalogue),
  ];
  if (command === "plan") {
    const shown = [...problems, ...refused.map(asWarning)];
    if (shown.some(isError)) return run(shown, [plannedRun]);
    return run(shown, [kept(plannedRun, planned, { asked, paths }, invocation, world)]);
  }

  const preflight = [...problems, ...unresolvedForApply(planned.sources), ...refused];
  if (preflight.some(isError)) return run(preflight, [plannedRun]);
  const refusal = await refusalOf(plannedRun, plan, { ...invocation, yes: invocation.yes || asked.isConsented }, world);
  if (refusal.length > 0) return run([...preflight, ...refusal], [plannedRun]);
  const base = { rows: fetched.observed, readAtMs };
  const course = { planned, seen: plannedRun, target, stamps, paths, api, base };
  const { targetRun, problems: found, bug } = await carriedOut(course, invocation, world);
  // What the first write has shown is no longer in doubt.
  const sure = preflight.filter(({ code }) => !(targetRun.isConfirmed && code === "FETCH.ENVIRONMENT_UNCONFIRMED"));
  return { ...run([...sure, ...found], [targetRun]), ...(bug === undefined ? {} : { bug }) };
}

/** What a plan is carried out with. */
interface Course {
  readonly planned: Planned;
  readonly seen: TargetRun;
  readonly target: Target;
  readonly stamps: StampSettings;
  readonly paths: readonly string[];
  readonly api: ConnectionsApi;
  /** What the plan was made from. */
  readonly base: { readonly rows: readonly Observed[]; readonly readAtMs: number };
}

interface CarriedOut {
  readonly targetRun: TargetRun;
  readonly problems: readonly Problem[];
  readonly bug?: unknown;
}

async function carriedOut(course: Course, invocation: Invocation, world: World): Promise<CarriedOut> {
  const { planned, seen, target, stamps, paths, api, base } = course;
  const { plan, sources } = planned;
  const refresh = async (): Promise<Rows> => {
    const again = await fetchAll(api, target.expectedEnvironmentId);
    const problem = again.problems.find(isError);
    return { rows: again.observed, ...(problem === undefined ? {} : { problem }) };
  };
  const { outcomes, isProven, strayed, bug } = await apply(plan, {
    api,
    limit: world.limit,
    catalogue: world.catalogue,
    sources,
    base: new Base(base.rows, base.readAtMs, refresh, world.nowMs),
    environment: { id: seen.environmentId, isProven: seen.isConfirmed },
    stamps,
    recovery: {
      ...world.recoveries,
      tool,
      target: fileTarget(seen),
      paths,
      stamps,
      knownSecrets: world.knownSecrets,
      sameTarget: invocation.sameTarget,
    },
    failFast: invocation.failFast,
    onProgress: world.onProgress,
  });
  const { recoveryFile } = invocation;
  const isFinished = [...outcomes.values()].every(({ status }) => DONE.has(status));
  if (recoveryFile !== undefined && isFinished) world.recoveries.remove(recoveryFile);
  return {
    targetRun: { ...seen, isConfirmed: seen.isConfirmed || isProven, outcomes },
    problems: [
      ...[...outcomes].flatMap(([change, outcome]) => problemsOfOutcome(change, outcome)),
      ...(strayed === undefined ? [] : [wrongEnvironment(seen.environmentId ?? "", strayed)]),
      ...(bug === undefined ? [] : [bugProblem(bug)]),
      ...(recoveryFile === undefined || isFinished ? [] : [stillUnfinished(recoveryFile)]),
      ...leftBlocked(plan),
    ],
    bug,
  };
}

/** The run with its plan as it is to be saved, if somebody wants that. */
function kept(
  seen: TargetRun,
  planned: Planned,
  { asked, paths }: { readonly asked: Asked; readonly paths: readonly string[] },
  { saves, sameTarget }: Invocation,
  { clockMs, newSalt, catalogue, knownSecrets }: World,
): TargetRun {
  if (saves === undefined) return seen;
  const nowMs = clockMs();
  const document = savePlan(planned, asked.desired, asked.request, {
    tool,
    createdAt: instant(nowMs),
    expiresAt: instant(nowMs + saves.expiresInMs),
    salt: newSalt(),
    paths,
    target: fileTarget(seen),
    catalogue,
    knownSecrets,
  });
  return { ...seen, saved: { file: saves.file, document, sameTarget } };
}

/** A run that was to finish a replace and has not. */
function stillUnfinished(file: string): Problem {
  const detail = `the replace is not finished, and ${file} stays as it is.`;
  return warning("APPLY.UNFINISHED_REPLACE", detail, {
    hint: "put right what went wrong, and run the same command again.",
  });
}

const DONE: ReadonlySet<string> = new Set(["created", "updated", "unchanged"]);

function stampsOf(target: Target | undefined, { fingerprintKeys: keys }: World): StampSettings {
  return { isOn: target?.stamps ?? false, ...(target?.owner === undefined ? {} : { owner: target.owner }), keys };
}

function fileTarget({ environment, baseUrl, environmentId }: TargetRun): RecoveryDocument["target"] {
  return { environment, base_url: baseUrl, environment_id: environmentId };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function asWarning(problem: Problem): Problem {
  return { ...problem, severity: "warning" };
}

interface Read {
  readonly desired: readonly Desired[];
  readonly definitions: number;
  readonly files: number;
  readonly problems: readonly Problem[];
}

const nothingRead: Read = { desired: [], definitions: 0, files: 0, problems: [] };

/** Load, validate and resolve, as far as each file goes: one broken file does not hide the problems of the others. */
function readDefinitions(paths: readonly string[], world: World): Read {
  const loaded = load(paths, world.files);
  const checked = validate(loaded.declarations, world.catalogue);
  const resolved = resolve(checked.definitions, world.variables, {}, world.catalogue);
  world.knownSecrets.add(resolved.secrets);
  const rechecked = recheck(resolved.desired, world.catalogue);
  return {
    desired: resolved.desired,
    definitions: loaded.declarations.length,
    files: loaded.fileCount,
    problems: [...loaded.problems, ...checked.problems, ...resolved.problems, ...rechecked],
  };
}
