import { tool } from "../generated/tool.js";
import { asWarning, type Problem } from "../model/problem.js";
import type { Run } from "../model/run.js";
import { stepOutputs } from "../report/github.js";
import { jsonText } from "../report/json.js";
import type { Report } from "../report/report.js";
import { inRepository, markerOf } from "./ci-job.js";
import type { ExitCode } from "./exit-code.js";
import type { Into, ReconcileOptions } from "./options.js";
import { notWrittenInto, reasonOf } from "./private-files.js";
import { addToFile, jsonReport, type Maker, ReportFiles } from "./report-files.js";
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
): Promise<readonly Problem[]> {
  const reportWith = (problems: readonly Problem[]): Report => {
    const told = { ...run, problems: [...run.problems, ...problems] };
    return { run: told, exitCode: exitCodeOf(told), tool };
  };
  const marker = markerOf(run.command, options, terminal);
  const markdown: Maker = async (report) => (await import("../report/markdown.js")).markdownText(report, marker);
  const problems = await files.write(reportWith, {
    json,
    markdown,
    html: async (report) => (await import("../report/html.js")).htmlText(report),
    sarif: async (report) => (await import("../report/sarif.js")).sarifText(report, inRepository(terminal)),
  });
  const report = reportWith(problems);
  const summary = terminal.environment["GITHUB_STEP_SUMMARY"] ? await markdown(report) : "";
  return [...problems, ...tellJob(terminal, report.run, report.exitCode, summary)];
}

/** The same for a command that ended in problems alone. @param into - the files that its command line names */
export async function publishFailure(
  { command, problems }: Failure,
  exitCode: ExitCode,
  into: Into,
  told: Omit<Publishing, "json" | "files">,
): Promise<readonly Problem[]> {
  if (command === undefined || !REPORTED.includes(command)) return [];
  const run: Run = { command, definitions: 0, files: 0, environments: [], targets: [], problems };
  const files = new ReportFiles(into, told.terminal.workingFolder ?? "/");
  const json: Maker = (report) => jsonText({ command, problems: report.run.problems }, tool, exitCode);
  return [...files.problems, ...(await publish(run, () => exitCode, { ...told, files, json }))];
}

export interface Failure {
  readonly command: string | undefined;
  readonly problems: readonly Problem[];
}

/** Commands whose runs are told beside what they print. */
const REPORTED: readonly string[] = [
  "validate",
  "plan",
  "apply",
  "prune",
] satisfies readonly ReconcileOptions["command"][];

/** Files that a command line names which was not understood: something of it may be right. */
export function intoNamedIn(argv: readonly string[]): Into {
  const named = (option: string) => {
    const at = argv.findIndex((argument) => argument === option || argument.startsWith(`${option}=`));
    const value = argv[at] === option ? argv[at + 1] : argv[at]?.slice(option.length + 1);
    return value === undefined || value === "" || value.startsWith("-") ? undefined : value;
  };
  const kinds = ["json", "markdown", "html", "sarif"] as const;
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const path = named(`--${kind}-into`);
      return path === undefined ? [] : [[kind, path]];
    }),
  );
}

/**
 * Adds to the summary and the outputs of a step, where there are such.
 *
 * @param markdown - for the summary
 * @returns what could not be told, as warnings: the run is what it is
 */
function tellJob({ environment }: Terminal, run: Run, exitCode: number, markdown: string): readonly Problem[] {
  const { GITHUB_STEP_SUMMARY: summary = "", GITHUB_OUTPUT: outputs = "" } = environment;
  return [
    ...added("GITHUB_STEP_SUMMARY", summary, markdown),
    ...added("GITHUB_OUTPUT", outputs, stepOutputs(run, exitCode)),
  ];
}

function added(variable: string, path: string, text: string): readonly Problem[] {
  if (path === "") return [];
  try {
    addToFile(path, text);
    return [];
  } catch (cause) {
    const hint = `look at what ${variable} names, or unset it.`;
    return [asWarning(notWrittenInto(`the file of ${variable}`, reasonOf(cause), hint))];
  }
}
