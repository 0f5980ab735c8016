import { error, type Problem } from "../model/problem.js";
import type { RunOptions } from "./options.js";

/** How somebody names one definition behind an option that may stand alone. */
export const NAME_BEHIND = "a name stands behind =, as in --write-secrets=NAME.";

/** Options that do not go together, if there are such. */
export function conflictIn(options: RunOptions): Problem | undefined {
  if (options.expiresInMs !== undefined && options.out === undefined) {
    const hint = "plan --out FILE --expires 24h saves the plan in a file for that long.";
    return error("USAGE.CONFLICT", "--expires goes together with --out.", { hint });
  }
  return conflictWithFile(options) ?? conflictOfAssumption(options);
}

/** A saved plan, and the file of a replace, say themselves what is to be done. */
function conflictWithFile(options: RunOptions): Problem | undefined {
  const { planFile, recoveryFile, only, env, shard, writeSecrets, adopt, assumeSecrets, replaces } = options;
  const file = planFile !== undefined ? "a saved plan" : recoveryFile !== undefined ? "--recover" : undefined;
  if (file === undefined) return undefined;
  const others = [
    ...(planFile !== undefined && recoveryFile !== undefined ? ["--recover"] : []),
    ...(planFile !== undefined && only.length > 0 ? ["--only"] : []),
    ...(planFile !== undefined && env.length > 0 ? ["--env"] : []),
    ...(shard === undefined ? [] : ["--shard"]),
    ...(writeSecrets === "none" ? [] : ["--write-secrets"]),
    ...(adopt ? ["--adopt"] : []),
    ...(assumeSecrets ? ["--assume-secrets"] : []),
    ...(replaces.length > 0 ? ["--replace"] : []),
  ];
  if (others.length === 0) return undefined;
  const toPlan = others.filter((option) => option !== "--recover");
  const hint =
    planFile === undefined || toPlan.length < others.length
      ? "finish the replace first, and then do the rest."
      : `give ${toPlan.join(" and ")} to plan --out, or leave the plan out${writeSecrets === "all" ? `; ${NAME_BEHIND}` : "; a name with a blank takes quotes."}`;
  return error("USAGE.CONFLICT", `${file} does not go together with ${others.join(" and ")}.`, { hint });
}

function conflictOfAssumption(options: RunOptions): Problem | undefined {
  if (!options.assumeSecrets) return undefined;
  const hint =
    "flexprice-sync apply --adopt --assume-secrets records the present secrets as those that the service has.";
  if (!options.adopt) return error("USAGE.CONFLICT", "--assume-secrets goes together with --adopt.", { hint });
  if (options.writeSecrets === "none") return undefined;
  const detail = "--assume-secrets says that the service has the secrets, and --write-secrets sends them.";
  return error("USAGE.CONFLICT", detail, { hint: "keep one of the two." });
}
