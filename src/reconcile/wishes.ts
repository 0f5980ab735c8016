import type { PlanRequest } from "../plan/change.js";
import type { ReadingWorld, Target } from "./invocation.js";

/** What a plan goes by that wants nothing beyond the definitions. */
export function noWishes(
  { stamps, owner }: Target,
  { fingerprintKeys, newSalt }: Pick<ReadingWorld, "fingerprintKeys" | "newSalt">,
): PlanRequest {
  return {
    stamps: { isOn: stamps, keys: fingerprintKeys, ...(owner === undefined ? {} : { owner }) },
    adopts: false,
    assumesSecrets: false,
    writesSecretsOf: new Set(),
    namesSecrets: false,
    replaces: new Set(),
    isAskedAbout: () => true,
    saltFor: newSalt,
  };
}
