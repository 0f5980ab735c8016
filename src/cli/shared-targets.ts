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
  return places.flatMap(({ site, access }) => {
    // Where it goes is what this run says, by options too.
    const target = access?.target;
    const here: Whereabouts = {
      address: addressOf(target?.baseUrl ?? site.baseUrl?.text),
      id: target?.expectedEnvironmentId ?? site.environmentId?.text,
    };
    const others = all.filter(
      (other) => other !== site && owner(other) === owner(site) && mayBeOne(here, whereaboutsOf(other, variables)),
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

interface Whereabouts {
  /** In one spelling; `undefined` where nothing tells. */
  readonly address: string | undefined;
  readonly id: string | undefined;
}

/** Which environment a key belongs to no settings tell: two of one address may be one unless both have an id, and those differ. */
function mayBeOne(left: Whereabouts, right: Whereabouts): boolean {
  if (left.id !== undefined && right.id !== undefined) return left.id === right.id;
  return left.address === undefined || right.address === undefined || left.address === right.address;
}

function whereaboutsOf({ baseUrl, environmentId }: EnvironmentSettings, variables: Variables): Whereabouts {
  const found = variables.lookUp("FLEXPRICE_BASE_URL");
  return {
    address: addressOf(baseUrl?.text ?? (found.state === "set" ? found.value : undefined)),
    id: environmentId?.text,
  };
}

function addressOf(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { hostname, port, pathname } = new URL(text);
  return JSON.stringify([isLoopback(hostname) ? "" : hostname, port, pathname.replace(/\/+$/, "")]);
}
