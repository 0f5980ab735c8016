import { CommanderError } from "commander";
import { error, type Problem, type ProblemCode } from "../model/problem.js";
import { conflictIn, NAME_BEHIND } from "../setup/conflicts.js";
import { ALL } from "./option-values.js";
import type { CommandOptions } from "./options.js";
import { buildProgram } from "./program.js";
import { usageProblem } from "./usage.js";

export type Parsed =
  | { readonly kind: "command"; readonly options: CommandOptions }
  /** Help or version: the text is the result. */
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "wrong";
      readonly command: string | undefined;
      readonly problem: Problem;
      /** What was asked for, where that is understood but does not go together. */
      readonly options?: CommandOptions;
    };

/**
 * Reads a command line. Does no work and prints nothing.
 *
 * @param argv - the arguments after the program's name
 * @param version - of this package
 */
export function parseArguments(argv: readonly string[], version: string): Parsed {
  let options: CommandOptions | undefined;
  let printed = "";
  const program = buildProgram(version, (found) => {
    options = found;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        printed += text;
      },
      writeErr: () => {},
    });
  }
  const named = argv.find((argument) => program.commands.some((command) => command.name() === argument));
  const wrong = (code: ProblemCode, detail: string): Parsed => {
    const problem = error(code, detail, { hint: "flexprice-sync --help lists the commands." });
    return { kind: "wrong", command: undefined, problem };
  };
  if (argv.length === 0) {
    const names = program.commands.map((command) => command.name()).join(", ");
    const hint = `${names}; flexprice-sync --help says what each does.`;
    return { kind: "wrong", command: undefined, problem: error("USAGE.NO_COMMAND", "say what to do.", { hint }) };
  }
  const [first, topic] = argv;
  const isTopic = program.commands.some((command) => command.name() === topic);
  if (first === "help" && topic !== undefined && !topic.startsWith("-") && !isTopic) {
    return wrong("USAGE.UNKNOWN_COMMAND", `${topic} is no command.`);
  }
  if (first !== undefined && first !== "help" && !first.startsWith("-") && named === undefined) {
    return wrong("USAGE.UNKNOWN_COMMAND", `${first} is no command.`);
  }
  try {
    program.parse(withAllNamed(argv), { from: "user" });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    if (cause.exitCode === 0) return { kind: "text", text: printed };
    const known = program.commands.find((command) => command.name() === named)?.options ?? [];
    const options = known.flatMap(({ long }) => long ?? []);
    const problem = usageProblem(cause, named, argv[0]?.startsWith("-") ?? false, options);
    const isNameApart = problem.code === "USAGE.STRAY_ARGUMENT" && argv.includes("--write-secrets");
    const hint = NAME_BEHIND;
    return { kind: "wrong", command: named, problem: isNameApart ? { ...problem, hint } : problem };
  }
  if (options === undefined) return { kind: "text", text: printed };
  const conflict = "assumeSecrets" in options ? conflictIn(options) : undefined;
  return conflict === undefined
    ? { kind: "command", options }
    : { kind: "wrong", command: named, problem: conflict, options };
}

/** The arguments with `--write-secrets` naming all: without that the parser takes the next argument for its name. */
function withAllNamed(argv: readonly string[]): readonly string[] {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  return argv.map((argument, at) => (argument === "--write-secrets" && at < end ? `${argument}=${ALL}` : argument));
}

/** The help of a command, or of the whole program; what `--help` prints. */
export function helpOf(commandName: string | undefined, version: string): string {
  const program = buildProgram(version, () => {});
  const command = program.commands.find((candidate) => candidate.name() === commandName) ?? program;
  return command.helpInformation();
}
