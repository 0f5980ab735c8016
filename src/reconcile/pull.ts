import { fetchAll } from "../fetch/fetch.js";
import type { Desired, Observed } from "../model/connection.js";
import { codeOfStop, whyStopped } from "../model/interrupt.js";
import { error, inOrder, isError, type Problem, together } from "../model/problem.js";
import type { PulledTarget } from "../model/pulled.js";
import type { TargetRun } from "../model/run.js";
import type { TakenNames } from "../pull/names.js";
import { filesFor } from "./filing.js";
import type { EnvironmentRequest, ReadingWorld, Target } from "./invocation.js";
import { NOTHING_YET, Reader } from "./read.js";
import { steps } from "./steps.js";

export interface PullInvocation {
  readonly environments: readonly PullRequest[];
  readonly problems: readonly Problem[];
  /** Variables that hold API keys: no definition may take one. */
  readonly keyVariables: ReadonlySet<string>;
  /** Files that differ are written over. */
  readonly force: boolean;
}

export interface PullRequest extends EnvironmentRequest {
  /** Where its files go. */
  readonly folder: string;
  /** What its variables begin with. */
  readonly prefix: string;
  /** Where the schema is, from that folder. */
  readonly schema: string;
}

export interface Pulled {
  readonly targets: readonly PulledTarget[];
  /** Variables that the files take. */
  readonly variables: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Makes a definition of every connection that has none, so that a plan made with it has nothing to do. Every text is read
 * again and planned before it counts: what a definition cannot say is left out and told. Nothing is written here.
 */
export async function pull(invocation: PullInvocation, world: ReadingWorld): Promise<Pulled> {
  const { environments, problems } = invocation;
  if (problems.some(isError)) return { targets: [], variables: [], problems };
  const reader = new Reader(world, invocation.keyVariables);
  const taken: TakenNames = new Map();
  const read = steps("reading", environments.length, world);
  const found = await Promise.all(environments.map((request) => fetching(request, reader, world).finally(read)));
  const { stop } = world.interrupt;
  if (stop.aborted) {
    const interrupted = error(codeOfStop(stop), `${whyStopped(stop)}; no file was written.`, { hint: "run again." });
    return { targets: [], variables: [], problems: [...problems, interrupted] };
  }
  // One after the other, in their order: names of variables must not depend on which answer came first.
  const pulled = found.map((fetching) => pulledOf(fetching, invocation, world, taken));
  return {
    targets: pulled.flatMap(({ target }) => target ?? []),
    variables: pulled.flatMap(({ variables }) => variables),
    problems: inOrder([
      ...problems,
      ...together(pulled.map((one, at) => ({ environment: environments[at]?.name ?? "", problems: one.problems }))),
    ]),
  };
}

/** What there is of one environment, here and on the service. */
async function fetching(request: PullRequest, reader: Reader, world: ReadingWorld): Promise<Fetching> {
  const { target } = request;
  const read = reader.read(request.paths.length > 0 ? request.paths : request.usualPaths, request.vars);
  // A folder that holds nothing yet is what pull is for.
  const offline = [...read.problems.filter(({ code }) => !NOTHING_YET.has(code)), ...request.targetProblems];
  if (target === undefined || offline.some(isError)) return { request, problems: offline };
  const { api } = await world.connect(target);
  const fetched = await fetchAll(api, target.expectedEnvironmentId);
  const seen = seenAt(target, fetched.environmentId);
  const all = [...offline, ...fetched.problems];
  if (all.some(isError)) return { request, seen, problems: all };
  return { request, seen, problems: all, rows: fetched.observed, existing: read.desired };
}

interface PulledOf {
  readonly target?: PulledTarget;
  readonly variables: readonly string[];
  readonly problems: readonly Problem[];
}

/** The files of one environment. */
function pulledOf(
  { request, seen, problems, rows, existing }: Fetching,
  { keyVariables, force }: PullInvocation,
  world: ReadingWorld,
  taken: TakenNames,
): PulledOf {
  const { target, folder, prefix, schema } = request;
  if (seen === undefined || target === undefined || rows === undefined || existing === undefined)
    return { ...(seen === undefined ? {} : { target: { seen } }), variables: [], problems };
  const filed = filesFor({ world, keyVariables, force, taken, target, prefix, schema, rows, folder, existing });
  return {
    target: { seen, ...(filed.files === undefined ? {} : { files: filed.files }) },
    variables: filed.variables,
    problems: [...problems, ...filed.problems],
  };
}

interface Fetching {
  readonly request: PullRequest;
  readonly seen?: TargetRun;
  readonly problems: readonly Problem[];
  readonly rows?: readonly Observed[];
  readonly existing?: readonly Desired[];
}

function seenAt({ environment, baseUrl, owner, stamps, expectedEnvironmentId }: Target, id: string | null): TargetRun {
  return {
    environment,
    baseUrl,
    environmentId: id ?? expectedEnvironmentId ?? null,
    isConfirmed: id !== null,
    ...(owner === undefined || !stamps ? {} : { owner }),
  };
}
