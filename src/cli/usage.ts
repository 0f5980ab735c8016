import { error, type Problem } from "../model/problem.js";

/** What the parser of command lines says of one that it does not take. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** What a word too many may come from. */
const QUOTED = 'quote a value with a blank, as in --only "Stripe production".';
const QUOTING: ReadonlyMap<string, string> = new Map([
  ["plan", `${QUOTED} A saved plan is for apply; plan --out FILE saves one. `],
  ["apply", `${QUOTED} `],
]);

/**
 * Said in our words: commander's repeat the values, and one of them may be a key that was given to the wrong option.
 *
 * @param known - the long options of the command
 */
export function usageProblem(
  cause: Refusal,
  command: string | undefined,
  isBeforeCommand: boolean,
  known: readonly string[] = [],
): Problem {
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
      if (known.includes(option)) return error("USAGE.BAD_VALUE", `${option} takes no value.`, { hint: help });
      return error("USAGE.UNKNOWN_OPTION", `${program} has no option ${option}.`, { hint });
    case "commander.unknownCommand":
      return error("USAGE.UNKNOWN_COMMAND", `${/'(.*)'/.exec(first)?.[1] ?? "that"} is no command.`, { hint });
    case "commander.excessArguments":
      return error("USAGE.STRAY_ARGUMENT", `${program} does not take so many arguments.`, {
        hint: `${QUOTING.get(command ?? "") ?? ""}${help}`,
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
        / is invalid(?: for argument '[^']*')?\. (?<takes>.+)$/s.exec(cause.message)?.groups?.["takes"] ??
        "It is not taken.";
      return error("USAGE.BAD_VALUE", `${what}: ${takes.charAt(0).toLowerCase()}${takes.slice(1)}`, { hint });
    }
  }
}
