import { pathsOf } from "../load/given.js";
import { assuming, type Catalogue } from "../model/catalogue.js";
import { error, isError, type Problem } from "../model/problem.js";
import type { StampSettings } from "../model/stamp.js";
import { askedFor } from "../plan/asked.js";
import type { Asked } from "../plan/request.js";
import { missingVariables } from "../secrets/needed.js";
import type { EnvironmentRequest, Invocation, Target, World } from "./invocation.js";
import { nothingRead, type Read, type Reader } from "./read.js";

/** One environment after all that can be told without its service. */
export interface Prepared {
  readonly request: EnvironmentRequest;
  readonly read: Read;
  readonly paths: readonly string[];
  readonly stamps: StampSettings;
  /** With what the settings assume. */
  readonly catalogue: Catalogue;
  readonly asked: Asked;
  readonly problems: readonly Problem[];
}

/** Reads the definitions of one environment and makes out what is asked for there. */
export function prepare(request: EnvironmentRequest, reader: Reader, invocation: Invocation, world: World): Prepared {
  const { given, command } = invocation;
  const { target } = request;
  const paths = pathsOf(request.paths, request.usualPaths, given, request.name);
  // Without the file that says what is to be done nobody knows which definitions are meant.
  const read = given.problems.length > 0 ? nothingRead : reader.read(paths, request.vars);
  const stamps = stampsOf(target, world);
  const catalogue = assuming(world.catalogue, target?.assumeUpdatable ?? []);
  const asked = askedFor(read.desired, {
    options: invocation,
    environment: request.name,
    ...given,
    ...(target === undefined ? {} : { target: { ...target, usualPaths: request.usualPaths } }),
    stamps,
    catalogue,
    knownSecrets: world.knownSecrets,
    newSalt: world.newSalt,
    nowMs: world.clockMs(),
  });
  const problems = [
    ...read.problems,
    // Of half the definitions nothing can be told but what is wrong with them.
    ...([...read.problems, ...given.problems].some(isError) ? [] : asked.problems),
    ...(invocation.requireEnv ? missingVariables(read.desired, "error") : []),
    ...(command === "prune" ? withoutOwner(target) : []),
    ...request.targetProblems,
  ];
  return { request, read, paths, stamps, catalogue, asked, problems };
}

function stampsOf(target: Target | undefined, { fingerprintKeys: keys }: World): StampSettings {
  return { isOn: target?.stamps ?? false, ...(target?.owner === undefined ? {} : { owner: target.owner }), keys };
}

function withoutOwner(target: Target | undefined): readonly Problem[] {
  if (target === undefined || target.owner !== undefined) return [];
  const detail = "prune takes only connections with our owner's stamp, and there is no owner.";
  const hint = "set owner: in the settings or FLEXPRICE_SYNC_OWNER, and put it on what is yours: apply --adopt.";
  return [error("SETTINGS.NO_OWNER", detail, { hint })];
}
