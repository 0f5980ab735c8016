import { appendFileSync } from "node:fs";
import { tool } from "../generated/tool.js";
import { asWarning, bugProblem, type Problem } from "../model/problem.js";
import type { Run } from "../model/run.js";
import type { ExitCode } from "../report/exit-code.js";
import { stepOutputs } from "../report/github.js";
import { jsonText } from "../report/json.js";
import type { Report } from "../report/report.js";
import { notWrittenInto, reasonOf } from "../setup/private-files.js";
import { inRepository, markerOf } from "./ci-job.js";
import { withholding } from "./crash.js";
import type { CommandOptions, Into, ReconcileOptions } from "./options.js";
import { jsonReport, type Maker, type OtherFiles, type Published, ReportFiles } from "./report-files.js";
import type { Terminal } from "./terminal.js";

/** Where a run is told beside what it prints. */
export interface Publishing {
  readonly terminal: Terminal;
  /** Absent when the command line was not understood. */
  readonly options?: ReconcileOptions;
  readonly files: ReportFiles;
  /** Makes the JSON document, where it is another one than usual. */
  readonly json?: Maker;
}

/**
 * Writes the reports of a run, and tells the job that it runs in.
 *
 * @param exitCodeOf - of the run with what goes wrong here
 * @returns what went wrong
 */
export async function publish(
  run: Run,
  exitCodeOf: (run: Run) => ExitCode,
  { terminal, options, files, json = jsonReport }: Publishing,
): Promise<Published> {
  const reportWith = (problems: readonly Problem[]): Report => {
    const told = { ...run, problems: [...run.problems, ...problems] };
    return { run: told, exitCode: exitCodeOf(told), tool };
  };
  const marker = markerOf(run.command, options, terminal);
  const markdown: Maker = async (report) => (await import("../report/markdown.js")).markdownText(report, marker);
  const written = await files.write(reportWith, {
    json,
    markdown,
    html: async (report) => (await import("../report/html.js")).htmlText(report),
    sarif: async (report) => (await import("../report/sarif.js")).sarifText(report, marker, inRepository(terminal)),
  });
  return tellJob(terminal, written, reportWith, markdown);
}

/** Files that a run reads or writes, over which no report may go. */
export function otherFilesOf(
  { out, planFile, recoveryFile, config, paths }: ReconcileOptions,
  { environment }: Terminal,
): OtherFiles {
  // Values of variables may be in files.
  const values = Object.entries(environment).filter(([name]) => name.endsWith("_FILE"));
  return {
    ...Object.fromEntries(values),
    ...Object.fromEntries(paths.map((path) => [path, path])),
    "the saved plan": planFile,
    "--recover": recoveryFile,
    "--config": config,
    "--out": out,
  };
}

/** A command that ended in problems alone. */
export interface Failure {
  readonly command: string | undefined;
  readonly problems: readonly Problem[];
  /** Absent when the command line was not understood. */
  readonly options?: CommandOptions;
}

/** The same for such a command. @param argv - for the files that it names, where it was not understood */
export async function publishFailure(
  { command, problems, options }: Failure,
  exitCode: ExitCode,
  argv: readonly string[],
  terminal: Terminal,
): Promise<Published> {
  if (command === undefined || !REPORTED.includes(command)) return { problems: [] };
  const run: Run = { command, definitions: 0, files: 0, environments: [], targets: [], problems, isUnread: true };
  const understood = options !== undefined && "into" in options ? options : undefined;
  const files =
    understood === undefined
      ? new ReportFiles(intoNamedIn(argv), terminal, {})
      : new ReportFiles(understood.into, terminal, otherFilesOf(understood, terminal));
  const json: Maker = (report) => jsonText({ command, problems: report.run.problems }, tool, exitCode);
  const told = { terminal, ...(understood === undefined ? {} : { options: understood }), files, json };
  const { problems: more, ...bug } = await publish(run, () => exitCode, told);
  return { problems: [...files.problems, ...more], ...bug };
}

/** Commands whose runs are told beside what they print. */
const REPORTED: readonly string[] = [
  "validate",
  "plan",
  "apply",
  "prune",
] satisfies readonly ReconcileOptions["command"][];

/**
 * The document that a command line names which was not understood: whoever waits for it should not find one of before. The other
 * reports are for people, who see what is wrong. A file that is named once more is left alone: the mistake may be just that.
 */
function intoNamedIn(argv: readonly string[]): Into {
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  const at = options.findIndex((argument) => argument === "--json-into" || argument.startsWith("--json-into="));
  const value = options[at] === "--json-into" ? options[at + 1] : options[at]?.slice("--json-into=".length);
  if (value === undefined || value === "" || value.startsWith("-")) return {};
  const named = argv.filter((argument) => argument === value || argument.endsWith(`=${value}`));
  return named.length > 1 ? {} : { json: value };
}

/** Adds to the summary and the outputs of a step, where there are such. What cannot be told is a warning: the run is what it is. */
async function tellJob(
  terminal: Terminal,
  written: Published,
  reportWith: (problems: readonly Problem[]) => Report,
  markdown: Maker,
): Promise<Published> {
  const { GITHUB_STEP_SUMMARY: summary = "", GITHUB_OUTPUT: outputs = "" } = terminal.environment;
  const problems = [...written.problems];
  let bug = written.bug;
  if (summary !== "") {
    try {
      problems.push(...added("GITHUB_STEP_SUMMARY", summary, await markdown(reportWith(problems))));
    } catch (cause) {
      problems.push(bugProblem(cause, withholding(terminal)));
      bug ??= cause;
    }
  }
  const { run, exitCode } = reportWith(problems);
  problems.push(...added("GITHUB_OUTPUT", outputs, stepOutputs(run, exitCode)));
  return bug === undefined ? { problems } : { problems, bug };
}

function added(variable: string, path: string, text: string): readonly Problem[] {
  if (path === "") return [];
  try {
    appendFileSync(path, text);
    return [];
  } catch (cause) {
    const hint = `look at what ${variable} names, or unset it.`;
    return [asWarning(notWrittenInto(`the file of ${variable}`, reasonOf(cause), hint))];
  }
}
