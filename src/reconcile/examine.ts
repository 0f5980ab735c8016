import {
  clockCheck,
  consentCheck,
  driftCheck,
  environmentCheck,
  type Finding,
  fail,
  fingerprintsCheck,
  keyCheck,
  ok,
  roleCheck,
  serviceCheck,
  stampsCheck,
  tenantCheck,
  twinsCheck,
  variablesCheck,
  variablesOf,
  warn,
} from "../doctor/checks.js";
import { fetchAll, problemOf } from "../fetch/fetch.js";
import type { AccountApi } from "../model/account.js";
import type { Check } from "../model/check.js";
import type { Observed } from "../model/connection.js";
import { isError, type Problem } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import { makePlan } from "../plan/plan.js";
import type { EnvironmentRequest, ReadingWorld, Target } from "./invocation.js";
import { NOTHING_YET, type Read, Reader } from "./read.js";
import { noWishes } from "./wishes.js";

/**
 * Looks at everything that a run of one environment needs, from here to the service and back; one thing that is wrong does not
 * hide the others. Reads only.
 */
export async function examine(
  request: EnvironmentRequest,
  keyVariables: ReadonlySet<string>,
  world: ReadingWorld,
): Promise<readonly Check[]> {
  const reader = new Reader(world, keyVariables);
  const read = reader.read(request.paths.length > 0 ? request.paths : request.usualPaths, request.vars);
  const { target } = request;
  const findings = [
    ...definitionChecks(read),
    ...request.targetProblems.map((problem) =>
      isError(problem) ? fail("target", problem) : warn("target", problem.message, problem.hint ?? ""),
    ),
    ...(target === undefined
      ? []
      : [fingerprintsCheck(world.fingerprintKeys, target.stamps), ...(await onlineChecks(target, read, world))]),
  ];
  // The service may repeat anything, in any of its names.
  return findings.map(({ message, ...finding }): Check => {
    return { environment: request.name, ...finding, message: world.knownSecrets.withhold(message) };
  });
}

function definitionChecks({ desired, problems }: Read): readonly Finding[] {
  const errors = problems.filter(isError);
  const [first] = errors;
  if (first !== undefined && errors.every(({ code }) => NOTHING_YET.has(code)))
    return [warn("definitions", "there are none yet.", "flexprice-sync pull writes them for what the service has.")];
  if (first !== undefined) {
    const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more)`;
    return [
      {
        ...fail("definitions", first),
        message: `${first.message}${more}`,
        hint: "flexprice-sync validate names each.",
      },
    ];
  }
  const { named, missing } = variablesOf(desired);
  return [ok("definitions", `${desired.length} read, none of them wrong.`), variablesCheck(named, missing)];
}

async function onlineChecks(target: Target, read: Read, world: ReadingWorld): Promise<readonly Finding[]> {
  const { api, account } = await world.connect(target);
  const findings = account === undefined ? [] : await accountChecks(account);
  // A key that is refused, and a service that is not there, fail every other question in the same way.
  if (findings.some(({ name, status }) => name === "key" && status === "fail")) return findings;
  const fetched = await fetchAll(api, target.expectedEnvironmentId);
  const wrong = fetched.problems.filter(isError).map((problem) => fail("environment", problem));
  if (wrong.length > 0) return [...findings, ...wrong];
  const id = fetched.environmentId ?? target.expectedEnvironmentId;
  const facts = id === undefined || account === undefined ? undefined : await answered(() => account.environment(id));
  const rows = fetched.observed;
  return [
    ...findings,
    isProblem(facts)
      ? fail("environment", facts)
      : environmentCheck(fetched.environmentId, target.expectedEnvironmentId, facts),
    twinsCheck(rows, world.catalogue),
    consentCheck(rows, world.catalogue),
    ...driftChecks(target, read, rows, world),
  ];
}

const nobodysKey = warn(
  "key",
  "the service has no user for it, or does not say whose it is; so nothing tells whether it may write.",
  "it may work all the same; make a new one for a user that there is.",
);

async function accountChecks(api: AccountApi): Promise<readonly Finding[]> {
  const seen = await answered(() => api.account());
  if (isProblem(seen) && seen.code !== "SERVICE.NOT_FOUND") return [fail("key", seen)];
  const manners = await answered(() => api.manners());
  return [
    ...(isProblem(seen) ? [nobodysKey] : [keyCheck(seen), tenantCheck(seen), roleCheck(seen)]),
    ...(isProblem(manners) ? [fail("service", manners)] : [clockCheck(manners.skewMs), serviceCheck(manners.shape)]),
  ];
}

function driftChecks(
  target: Target,
  { desired, problems }: Read,
  rows: readonly Observed[],
  world: ReadingWorld,
): readonly Finding[] {
  if (problems.some(isError) || desired.length === 0) return [];
  const { catalogue, knownSecrets } = world;
  const request = noWishes(target, world);
  const {
    plan,
    sources,
    isWhole,
    problems: found,
  } = makePlan(desired, new Set(desired), rows, catalogue, knownSecrets, request);
  const [wrong] = found.filter(isError);
  if (wrong !== undefined && !isWhole) return [fail("drift", wrong)];
  return [stampsCheck(sources.values(), target.stamps, knownSecrets), driftCheck(plan, sources, world)];
}

/** What a question is answered with, or why it is not. */
async function answered<T>(ask: () => Promise<T>): Promise<T | Problem> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof ServiceError) return problemOf(cause);
    throw cause;
  }
}

function isProblem<T>(value: T | Problem | undefined): value is Problem {
  return typeof value === "object" && value !== null && "severity" in value;
}
