import { error, type Problem } from "../model/problem.js";
import type { EnvironmentSettings } from "../model/settings.js";
import type { Variables } from "../secrets/variables.js";
import type { SetUp } from "./setting-up.js";
import { isLoopback } from "./target.js";

/**
 * Environments of the settings that may be one and the same as one that is to be pruned, under the same owner: what their
 * definitions claim is not read there, and would be archived. In doubt they are one.
 */
export function sharedTargets({ all, places, stamps, variables }: SetUp): readonly Problem[] {
  const owner = (site: EnvironmentSettings) => stamps.owner ?? site.owner?.text;
  return places.flatMap(({ site }) => {
    const others = all.filter(
      (other) => other !== site && owner(other) === owner(site) && mayBeOne(site, other, variables),
    );
    if (others.length === 0) return [];
    const names = others.map(({ name }) => name).join(", ");
    const detail = `${site.name} and ${names} may lead to the same environment of the service under one owner, and prune would archive what the other claims.`;
    const hint = "give each its environment_id:, by which they can be told apart, or its own owner:.";
    return [
      error("SETTINGS.SHARED_TARGET", detail, { hint, ...(site.place === undefined ? {} : { place: site.place }) }),
    ];
  });
}

/** Which environment a key belongs to no settings tell: without both ids two of one address may be one. */
function mayBeOne(left: EnvironmentSettings, right: EnvironmentSettings, variables: Variables): boolean {
  const [one, other] = [addressOf(left, variables), addressOf(right, variables)];
  if (one !== undefined && other !== undefined && one !== other) return false;
  if (left.environmentId === undefined || right.environmentId === undefined) return true;
  return left.environmentId.text === right.environmentId.text;
}

/** Where an environment is, in one spelling; `undefined` where nothing tells. */
function addressOf({ baseUrl }: EnvironmentSettings, variables: Variables): string | undefined {
  const found = variables.lookUp("FLEXPRICE_BASE_URL");
  const text = baseUrl?.text ?? (found.state === "set" ? found.value : undefined);
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(text);
  return JSON.stringify([protocol, isLoopback(hostname) ? "" : hostname, port, pathname.replace(/\/+$/, "")]);
}
