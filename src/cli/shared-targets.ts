import { error, type Problem } from "../model/problem.js";
import type { EnvironmentSettings } from "../model/settings.js";
import type { SetUp } from "./setting-up.js";

/**
 * Environments of the settings that may be one and the same as one that is to be pruned, under the same owner: what their
 * definitions claim is not read there, and would be archived.
 */
export function sharedTargets({ all, places, stamps }: SetUp): readonly Problem[] {
  const owner = (site: EnvironmentSettings) => stamps.owner ?? site.owner?.text;
  return places.flatMap(({ site }) => {
    const others = all.filter((other) => other !== site && owner(other) === owner(site) && isOne(site, other));
    if (others.length === 0) return [];
    const names = others.map(({ name }) => name).join(", ");
    const detail = `${site.name} and ${names} lead to the same environment of the service under one owner, so prune would archive what the other claims.`;
    const hint = "give each its own owner:, or put the definitions of both under one environment.";
    return [
      error("SETTINGS.SHARED_TARGET", detail, { hint, ...(site.place === undefined ? {} : { place: site.place }) }),
    ];
  });
}

function isOne(left: EnvironmentSettings, right: EnvironmentSettings): boolean {
  const address = ({ baseUrl }: EnvironmentSettings) => baseUrl?.text.replace(/\/+$/, "").toLowerCase();
  if (address(left) !== address(right)) return false;
  if (left.environmentId !== undefined && right.environmentId !== undefined)
    return left.environmentId.text === right.environmentId.text;
  return left.apiKey?.text === right.apiKey?.text;
}
