import { error, type Problem } from "../model/problem.js";
import type { CommandOptions, ReconcileOptions } from "./options.js";

/** How somebody names one definition behind an option that may stand alone. */
export const NAME_BEHIND = "a name stands behind =, as in --write-secrets=NAME.";

/** Options that do not go together, if there are such. */
export function conflictIn(options: CommandOptions): Problem | undefined {
  if (!("assumeSecrets" in options)) return undefined;
  if (options.expiresInMs !== undefined && options.out === undefined) {
    const hint = "plan --out FILE --expires 24h saves the plan in a file for that long.";
    return error("USAGE.CONFLICT", "--expires goes together with --out.", { hint });
  }
  return conflictWithFile(options) ?? conflictOfAssumption(options);
}

/** A saved plan, and the file of a replace, say themselves what is to be done. */
function conflictWithFile(options: ReconcileOptions): Problem | undefined {
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

function conflictOfAssumption(options: ReconcileOptions): Problem | undefined {
  if (!options.assumeSecrets) return undefined;
  const hint =
    "flexprice-sync apply --adopt --assume-secrets records the present secrets as those that the service has.";
  if (!options.adopt) return error("USAGE.CONFLICT", "--assume-secrets goes together with --adopt.", { hint });
  if (options.writeSecrets === "none") return undefined;
  const detail = "--assume-secrets says that the service has the secrets, and --write-secrets sends them.";
  return error("USAGE.CONFLICT", detail, { hint: "keep one of the two." });
}

/** What the parser of command lines says of one that it does not take. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Said in our words: commander's repeat the values, and one of them may be a key that was given to the wrong option. */
export function usageProblem(cause: Refusal, command: string | undefined, isBeforeCommand: boolean): Problem {
  const [first = "", ...more] = cause.message.replace(/^error: /, "").split("\n");
  const named = (dashes: string) => new RegExp(`(?:^|[\\s',])(${dashes}[^-'=\\s,][^'=\\s,[]*)`).exec(first)?.[1];
  const option = named("--") ?? named("-") ?? "it";
  const similar = /\(Did you mean (?<name>.+)\?\)/.exec(more.join(" "))?.groups?.["name"];
  const help = `flexprice-sync${command === undefined ? "" : ` ${command}`} --help lists what there is.`;
  const hint = similar === undefined ? help : `did you mean ${similar}? ${help}`;
  const program = command ?? "flexprice-sync";
  switch (cause.code) {
    case "commander.unknownOption":
      if (command !== undefined && isBeforeCommand) {
        const first = "options stand behind the command, as in flexprice-sync apply --yes.";
        return error("USAGE.UNKNOWN_OPTION", `${option} stands before ${command}.`, { hint: first });
      }
      if (/'--[^']*\s/.test(first)) {
        const apart = `option and value are two arguments, ${option} VALUE, or ${option}=VALUE.`;
        return error("USAGE.UNKNOWN_OPTION", `${option} with a blank behind it is one argument.`, { hint: apart });
      }
      if (similar === option) return error("USAGE.BAD_VALUE", `${option} takes no value.`, { hint: help });
      return error("USAGE.UNKNOWN_OPTION", `${program} has no option ${option}.`, { hint });
    case "commander.unknownCommand":
      return error("USAGE.UNKNOWN_COMMAND", `${/'(.*)'/.exec(first)?.[1] ?? "that"} is no command.`, { hint });
    case "commander.excessArguments":
      return error("USAGE.STRAY_ARGUMENT", `${program} does not take so many arguments.`, {
        hint: `quote a value with a blank, as in --only "Stripe production". ${command === "plan" ? "A saved plan is for apply; plan --out FILE saves one. " : ""}${help}`,
      });
    case "commander.optionMissingArgument":
      return error("USAGE.MISSING_VALUE", `${option} needs a value.`, { hint });
    case "commander.missingArgument": {
      const argument = /argument '(.*)'/.exec(first)?.[1] ?? "argument";
      return error("USAGE.MISSING_VALUE", `${program} needs one argument, its ${argument}.`, { hint });
    }
    case "commander.help":
      return error("USAGE.NO_COMMAND", "say what to do.", { hint });
    default: {
      const what = first.startsWith("option") ? option : `the argument of ${program}`;
      const takes =
        / is invalid(?: for argument '[^']*')?\. (?<takes>.+)$/s.exec(first)?.groups?.["takes"] ?? "It is not taken.";
      return error("USAGE.BAD_VALUE", `${what}: ${takes.charAt(0).toLowerCase()}${takes.slice(1)}`, { hint });
    }
  }
}
