import type { ConnectionsApi } from "./api/client.js";
import type { Limit } from "./api/limit.js";
import { apply } from "./apply/apply.js";
import { Base, type Rows } from "./apply/base.js";
import { leftBlocked, type MostChanges, overLimit, refusedDangers } from "./apply/policy.js";
import { fetchAll } from "./fetch/fetch.js";
import type { Files } from "./load/files.js";
import { load } from "./load/load.js";
import type { Catalogue } from "./model/catalogue.js";
import type { Desired, Observed } from "./model/connection.js";
import type { FingerprintKeys } from "./model/fingerprint.js";
import type { Outcome } from "./model/outcome.js";
import { type Change, type Plan, writes } from "./model/plan.js";
import { bugProblem, error, inOrder, isError, type Problem, type ProblemCode, sentence } from "./model/problem.js";
import type { Run, TargetRun } from "./model/run.js";
import type { KnownSecrets } from "./model/secret.js";
import type { StampSettings } from "./model/stamp.js";
import { makePlan, type Planned } from "./plan/plan.js";
import { type SecretsToWrite, select, selectForSecrets } from "./plan/select.js";
import { problemOfReference, resolve, unresolvedOf } from "./secrets/resolve.js";
import type { Variables } from "./secrets/variables.js";
import { recheck, validate } from "./validate/validate.js";

/** What is asked for, whatever the way it was asked. */
export interface Invocation {
  readonly command: "validate" | "plan" | "apply";
  /** Folders with definitions, or single files. */
  readonly paths: readonly string[];
  /** Patterns of names or files; empty for all. */
  readonly only: readonly string[];
  /** Every variable that any definition names must be set and not empty. */
  readonly requireEnv: boolean;
  readonly maxChanges?: MostChanges;
  /** The user agreed beforehand. */
  readonly yes: boolean;
  readonly allowDangerous: boolean;
  readonly failFast: boolean;
  readonly writeSecrets: SecretsToWrite;
  /** Put our stamp on every connection that lacks what it should have, also where another owner's is. */
  readonly adopt: boolean;
  /** Take the present secrets for those that the service has; only with `adopt`. */
  readonly assumeSecrets: boolean;
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

export type Consent = "yes" | "no" | "cannot-ask";

/** Everything outside of the process that a run touches. */
export interface World {
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
  /** Milliseconds that only ever grow. */
  readonly nowMs: () => number;
  /** Shows a plan that is about to be carried out, before anything is written. */
  readonly announce: (planned: TargetRun) => void;
  /** Asks a person who has seen the plan. */
  readonly confirm: (planned: TargetRun) => Promise<Consent>;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * The mission: read the definitions, check them, compare them with what the service has, and put right only what differs.
 *
 * @returns what came of it, problems included; it does not throw for anything but a bug of ours
 */
export async function reconcile(invocation: Invocation, world: World): Promise<Run> {
  const { command } = invocation;
  const read = readDefinitions(invocation, world);
  const run = (problems: readonly Problem[], targets: readonly TargetRun[] = []): Run => ({
    command,
    definitions: read.definitions,
    files: read.files,
    targets,
    problems: inOrder(problems),
  });
  if (command === "validate") return run([...read.problems, ...missingVariables(read.desired, invocation, "warning")]);

  const selection = select(read.desired, invocation.only);
  const forSecrets = selectForSecrets(selection.selected, invocation.writeSecrets);
  const offline = [
    ...read.problems,
    ...(read.problems.some(isError) ? [] : [...selection.problems, ...forSecrets.problems]),
    ...(invocation.requireEnv ? missingVariables(read.desired, invocation, "error") : []),
    ...invocation.targetProblems,
  ];
  const { target } = invocation;
  if (offline.some(isError) || target === undefined) return run(offline);

  const api = await world.connect(target);
  const readAtMs = world.nowMs();
  const fetched = await fetchAll(api, target.expectedEnvironmentId);
  const online = [...offline, ...fetched.problems];
  const seen: TargetRun = {
    environment: target.environment,
    baseUrl: target.baseUrl,
    environmentId: fetched.environmentId ?? target.expectedEnvironmentId ?? null,
    isConfirmed: fetched.environmentId !== null,
    // Without stamps nobody is asked whose a connection is.
    ...(target.owner === undefined || !target.stamps ? {} : { owner: target.owner }),
  };
  if (online.some(isError)) return run(online, [seen]);

  const { owner } = target;
  const stamps: StampSettings = {
    isOn: target.stamps,
    ...(owner === undefined ? {} : { owner }),
    keys: world.fingerprintKeys,
  };
  const planned = makePlan(read.desired, selection.selected, fetched.observed, world.catalogue, world.knownSecrets, {
    stamps,
    adopts: invocation.adopt,
    assumesSecrets: invocation.assumeSecrets,
    writesSecretsOf: forSecrets.selected,
    namesSecrets: Array.isArray(invocation.writeSecrets),
    newSalt: world.newSalt,
  });
  const plannedRun: TargetRun = { ...seen, plan: planned.plan };
  const tooMany = overLimit(planned.plan, invocation.maxChanges);
  const problems = [...online, ...planned.problems];
  // Half a plan is not shown: it would look as if the rest needed nothing.
  if (!planned.isWhole) return run(problems, [seen]);
  if (command === "plan") {
    const notice: readonly Problem[] = tooMany === undefined ? [] : [{ ...tooMany, severity: "warning" }];
    return run([...problems, ...notice], [plannedRun]);
  }

  const preflight = [...problems, ...unresolvedForApply(planned.sources), ...(tooMany === undefined ? [] : [tooMany])];
  if (preflight.some(isError)) return run(preflight, [plannedRun]);
  const refusal = await refusalOf(plannedRun, planned.plan, invocation, world);
  if (refusal.length > 0) return run([...preflight, ...refusal], [plannedRun]);

  const refresh = async (): Promise<Rows> => {
    const again = await fetchAll(api, target.expectedEnvironmentId);
    const problem = again.problems.find(isError);
    return { rows: again.observed, ...(problem === undefined ? {} : { problem }) };
  };
  const applied = await apply(planned.plan, {
    api,
    limit: world.limit,
    catalogue: world.catalogue,
    sources: planned.sources,
    base: new Base(fetched.observed, readAtMs, refresh, world.nowMs),
    environment: { id: seen.environmentId, isProven: seen.isConfirmed },
    stamps,
    failFast: invocation.failFast,
    onProgress: world.onProgress,
  });
  const results = [
    // What the first write has shown is no longer in doubt.
    ...preflight.filter(({ code }) => !(applied.isProven && code === "FETCH.ENVIRONMENT_UNCONFIRMED")),
    ...[...applied.outcomes].flatMap(([change, outcome]) => problemOfOutcome(change, outcome) ?? []),
    ...(applied.strayed === undefined ? [] : [wrongEnvironment(target, applied.strayed)]),
    ...(applied.bug === undefined ? [] : [bugProblem(applied.bug)]),
    ...leftBlocked(planned.plan),
  ];
  const bug = applied.bug === undefined ? {} : { bug: applied.bug };
  const isConfirmed = seen.isConfirmed || applied.isProven;
  return { ...run(results, [{ ...plannedRun, isConfirmed, outcomes: applied.outcomes }]), ...bug };
}

interface Read {
  readonly desired: readonly Desired[];
  readonly definitions: number;
  readonly files: number;
  readonly problems: readonly Problem[];
}

/** Load, validate and resolve, as far as each file goes: one broken file does not hide the problems of the others. */
function readDefinitions({ paths }: Invocation, world: World): Read {
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

function missingVariables(
  desired: readonly Desired[],
  { requireEnv }: Invocation,
  otherwise: Problem["severity"],
): readonly Problem[] {
  const severity = requireEnv ? "error" : otherwise;
  return desired.flatMap((one) => unresolvedOf(one).map((reference) => problemOfReference(one, reference, severity)));
}

/** A reference without a value stops apply where a write needs it or where it hides whether one is needed; else it is a warning. */
function unresolvedForApply(sources: Planned["sources"]): readonly Problem[] {
  return [...sources].flatMap(([change, { desired }]) => {
    const needed = new Set(change.secrets.filter(({ isSent }) => isSent).map(({ path }) => path));
    const inCredentials = new Map(
      desired.credentials.flatMap(({ path, value }) => (value.kind === "unresolved" ? [[value.reference, path]] : [])),
    );
    return unresolvedOf(desired).map((reference) => {
      const path = inCredentials.get(reference);
      // What is in no credential hides whether something differs.
      const isNeeded = change.action === "create" || path === undefined || needed.has(path);
      return problemOfReference(desired, reference, isNeeded ? "error" : "warning");
    });
  });
}

/** Why a plan may not be carried out now; empty when it may, or when there is nothing to carry out. */
async function refusalOf(
  planned: TargetRun,
  plan: Plan,
  { yes, allowDangerous }: Invocation,
  world: World,
): Promise<readonly Problem[]> {
  if (!plan.changes.some(writes)) return [];
  if (yes) {
    const refused = allowDangerous ? [] : refusedDangers(plan);
    if (refused.length === 0) world.announce(planned);
    return refused;
  }
  const consent = await world.confirm(planned);
  if (consent === "yes") return [];
  if (consent === "no")
    return [error("APPLY.DECLINED", "nothing was written.", { hint: "run again and type yes to apply." })];
  const hint = "look at the plan, then run apply --yes; on a terminal it asks.";
  return [error("APPLY.NO_CONSENT", "there is no terminal to ask on, so nothing was written.", { hint })];
}

function wrongEnvironment({ expectedEnvironmentId }: Target, { id, environmentId }: Observed): Problem {
  const expected = expectedEnvironmentId ?? "";
  if (environmentId === null) {
    const detail = `${expected} is expected, but the answer to the first write (${id}) shows no environment; nothing more was written.`;
    const hint = "look up where the connection is; without an environment id there is no such check.";
    return error("APPLY.WRONG_ENVIRONMENT", detail, { hint });
  }
  const detail = `${expected} is expected, but the first write went to ${environmentId}, to ${id}; nothing more was written.`;
  const hint = `look at ${id} there, and use the key of the environment you mean.`;
  return error("APPLY.WRONG_ENVIRONMENT", detail, { hint });
}

function problemOfOutcome(change: Change, outcome: Outcome): Problem | undefined {
  const code = codeOf(outcome);
  if (code === undefined) return undefined;
  const place = { file: change.file, line: change.line, column: 1 };
  const detail = `"${change.name}": ${outcome.message ?? outcome.status}`;
  const { hint = "run again.", requestId } = outcome;
  const named = requestId === undefined || hint.includes(requestId) ? hint : `${hint} Request id: ${requestId}.`;
  return error(code, sentence(detail), { place, hint: named });
}

function codeOf({ status, code }: Outcome): ProblemCode | undefined {
  if (status === "not-converged") return "APPLY.NOT_CONVERGED";
  if (status === "unknown") return "APPLY.OUTCOME_UNKNOWN";
  return status === "failed" ? code : undefined;
}
