import type { Catalogue } from "../model/catalogue.js";
import { ownValue } from "../model/json.js";
import type { Place } from "../model/location.js";
import { type Change, placeOf, writes } from "../model/plan.js";
import { error, type Problem, warning } from "../model/problem.js";
import type { TargetRun } from "../model/run.js";
import type { Planned } from "./plan.js";

/** The plan of one environment, and where it leads. */
export interface PlannedAt {
  readonly seen: TargetRun;
  readonly planned: Planned;
  /** Equal for environments that have one key. */
  readonly keyNumber: number | undefined;
}

/**
 * Connections that the plans of two environments mean, because both environments lead to one and the same: what one writes
 * the other undoes. Nothing is wrong with two environments that share a service and not a connection.
 */
export function sharedConnections(
  all: readonly PlannedAt[],
  severity: Problem["severity"],
  catalogue: Catalogue,
): ReadonlyMap<TargetRun, readonly Problem[]> {
  const users = new Map<string, { readonly seen: TargetRun; readonly change: Change }[]>();
  for (const { seen, planned, keyNumber } of all) {
    const { environmentId } = seen;
    // Where no id is known one key tells that two are one, whatever their addresses look like.
    const place = environmentId ?? keyNumber;
    if (place === undefined) continue;
    for (const change of planned.plan.changes) {
      const key = JSON.stringify([place, identityOf(change, catalogue)]);
      const found = users.get(key) ?? [];
      found.push({ seen, change });
      users.set(key, found);
    }
  }
  const problems = new Map<TargetRun, readonly Problem[]>();
  const make = severity === "error" ? error : warning;
  for (const found of users.values()) {
    const environments = new Set(found.map(({ seen }) => seen.environment));
    if (environments.size < 2 || !found.some(({ change }) => writes(change))) continue;
    for (const { seen, change } of found) {
      const others = [...environments].filter((name) => name !== seen.environment);
      const what = change.id ?? `a new ${change.providerType} connection`;
      const detail = `"${change.name}" of ${seen.environment} means ${what}, and so does a definition of ${others.join(", ")}: they lead to the same environment of the service.`;
      const hint = "give each environment its own key and environment_id, or put the definitions of both into one.";
      const problem = make("PLAN.SHARED_TARGET", detail, { ...placeOf(change), hint });
      problems.set(seen, [...(problems.get(seen) ?? []), problem]);
    }
  }
  return problems;
}

/** What a change is about: a row, or what would be found as one. */
function identityOf({ id, name, providerType }: Change, catalogue: Catalogue): string | readonly string[] {
  const isNamed = ownValue(catalogue.providers, providerType)?.identity === "name";
  return id ?? [providerType, isNamed ? name : ""];
}

/** An environment that may be one with others, where that is no matter of single connections. */
export function sharedTarget(environment: string, others: readonly string[], place: Place | undefined): Problem {
  const detail = `${environment} and ${others.join(", ")} may lead to the same environment of the service under one owner, and prune would archive what the other claims.`;
  const hint = "give each its environment_id:, by which they can be told apart, or its own owner:.";
  return error("SETTINGS.SHARED_TARGET", detail, { hint, ...(place === undefined ? {} : { place }) });
}
