import { tool } from "../generated/tool.js";
import { assertNever, bugProblem, error, type Problem, problemCodes } from "../model/problem.js";
import type { ExitCode } from "../report/exit-code.js";
import { BrokenOff } from "../setup/broken-off.js";
import { parseArguments } from "./arguments.js";
import { withholding } from "./crash.js";
import { ASKED_BY_SHELL, type CommandOptions, type CommonOptions } from "./options.js";
import { Output } from "./output.js";
import type { Failure } from "./publish.js";
import type { Terminal, TerminalInFolder } from "./terminal.js";

/**
 * Runs one command line to its end.
 *
 * @param argv - the arguments after the program's name
 * @returns the exit code; nothing is thrown
 */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let output = new Output(terminal, optionsBeforeParsing(argv), tool);
  let options: CommandOptions | undefined;
  try {
    if (argv[0] === ASKED_BY_SHELL) {
      const { answerShell } = await import("./completion-command.js");
      terminal.writeOut(answerShell(argv[1] ?? "", terminal.readIn(), terminal.workingFolder));
      return 0;
    }
    const parsed = parseArguments(argv, tool.version);
    if (parsed.kind === "text") {
      terminal.writeOut(parsed.text);
      return 0;
    }
    if (parsed.kind === "wrong") {
      const { command: named, problem, options: asked } = parsed;
      const understood = asked === undefined ? {} : { options: asked };
      return await failed({ command: named, problems: [problem], ...understood }, 64, output, terminal, argv);
    }
    options = parsed.options;
    output = new Output(terminal, options, tool);
    return await runCommand(options, terminal, output, argv);
  } catch (cause) {
    const exitCode = cause instanceof BrokenOff ? 4 : problemCodes["INTERNAL.BUG"].exitCode;
    output.stackOf(cause instanceof BrokenOff ? cause.cause : cause);
    const asked = options === undefined ? { command: undefined } : { command: options.command, options };
    const bug = bugProblem(cause, withholding(terminal));
    const told =
      cause instanceof BrokenOff
        ? { ...bug, hint: `${bug.hint} Something may have been written: run plan to see.` }
        : bug;
    return await failed({ ...asked, problems: [told] }, exitCode, output, terminal, argv);
  }
}

// Each command is loaded when it is asked for: --help needs none of them.
async function runCommand(
  options: CommandOptions,
  terminal: Terminal,
  output: Output,
  argv: readonly string[],
): Promise<ExitCode> {
  switch (options.command) {
    case "sandbox": {
      const { sandboxCommand } = await import("./sandbox-command.js");
      return sandboxCommand(options, terminal, output);
    }
    case "keygen": {
      const { keygenCommand } = await import("./keygen-command.js");
      return keygenCommand(options, output);
    }
    case "completion": {
      const { completionScript } = await import("./completion-scripts.js");
      const script = completionScript(options.shell);
      output.result("completion", script, { completion: { shell: options.shell, script } });
      return 0;
    }
    case "schema": {
      const { schemas } = await import("../generated/schemas.js");
      terminal.writeOut(`${JSON.stringify(schemas[options.name], null, 2)}\n`);
      return 0;
    }
    default: {
      const { workingFolder } = terminal;
      if (workingFolder !== undefined) return runInFolder(options, { ...terminal, workingFolder }, output);
      return failed({ command: options.command, problems: [noWorkingFolder], options }, 3, output, terminal, argv);
    }
  }
}

const noWorkingFolder = error("LOAD.NO_FOLDER", "the working folder does not exist any more.", {
  hint: "change to a folder that does.",
});

/** Commands that read or write files of a repository. */
async function runInFolder(
  options: Exclude<CommandOptions, { readonly command: "sandbox" | "keygen" | "schema" | "completion" }>,
  terminal: TerminalInFolder,
  output: Output,
): Promise<ExitCode> {
  await output.measure();
  switch (options.command) {
    case "validate":
    case "plan":
    case "apply":
    case "prune": {
      const { reconcileCommand } = await import("./reconcile-command.js");
      return reconcileCommand(options, terminal, output);
    }
    case "pull": {
      const { pullCommand } = await import("./pull-command.js");
      return pullCommand(options, terminal, output);
    }
    case "init": {
      const { initCommand } = await import("./init-command.js");
      return initCommand(options, terminal, output);
    }
    case "doctor": {
      const { doctorCommand } = await import("./doctor-command.js");
      return doctorCommand(options, terminal, output);
    }
    default:
      return assertNever(options);
  }
}

/** How to speak before the command line is understood, which is also when it is not. */
function optionsBeforeParsing(argv: readonly string[]): CommonOptions {
  const json = argv.includes("--json");
  return { json, color: "auto", progress: false, quiet: false, verbose: false, debug: false };
}

/** Ends a command in problems alone: says them, also in the files that it names for reports. */
async function failed(
  failure: Failure,
  exitCode: ExitCode,
  output: Output,
  terminal: Terminal,
  argv: readonly string[],
): Promise<ExitCode> {
  let more: readonly Problem[];
  try {
    const { publishFailure } = await import("./publish.js");
    const published = await publishFailure(failure, exitCode, argv, terminal);
    if (published.bug !== undefined) output.stackOf(published.bug);
    more = published.problems;
  } catch (cause) {
    output.stackOf(cause);
    more = [bugProblem(cause, withholding(terminal))];
  }
  output.failure(failure.command, [...failure.problems, ...more], exitCode);
  return exitCode;
}
