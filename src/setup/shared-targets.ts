import type { Problem } from "../model/problem.js";
import type { EnvironmentSettings } from "../model/settings.js";
import { sharedTarget } from "../plan/shared.js";
import type { Variables } from "../secrets/variables.js";
import type { SetUp } from "./setting-up.js";
import type { StampVariables } from "./stamp-variables.js";
import { isLoopback } from "./target.js";

/**
 * Environments of the settings that may be one and the same as one that is to be pruned, under the same owner: what their
 * definitions claim is not read there, and would be archived. In doubt they are one.
 */
export function sharedTargets({ all, places, stamps, variables }: SetUp): readonly Problem[] {
  const owner = ownerIn(stamps);
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
    return [
      sharedTarget(
        site.name,
        others.map(({ name }) => name),
        site.place,
      ),
    ];
  });
}

/** What other environments of the settings say they are, under the owner of this one: by the ids, the names. */
export function claimedIds({ all, stamps }: SetUp, site: EnvironmentSettings): ReadonlyMap<string, string> {
  const owner = ownerIn(stamps);
  return new Map(
    all.flatMap((other) => {
      const id = other.environmentId?.text;
      return other === site || id === undefined || owner(other) !== owner(site) ? [] : [[id, other.name] as const];
    }),
  );
}

function ownerIn(stamps: StampVariables): (site: EnvironmentSettings) => string | undefined {
  return (site) => stamps.owner ?? site.owner?.text;
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
