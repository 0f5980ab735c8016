import type { WireEvent } from "../../src/api/wire-event.js";
import { Output } from "../../src/cli/output.js";
import { questionText } from "../../src/cli/question.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { tracing } from "../../src/cli/trace.js";
import { isError } from "../../src/model/problem.js";
import type { Run } from "../../src/model/run.js";
import { exitCodeOf } from "../../src/report/exit-code.js";
import { annotationText, dangerAnnotations, stepOutputs } from "../../src/report/github.js";
import { htmlText } from "../../src/report/html.js";
import { jsonText } from "../../src/report/json.js";
import { markdownText } from "../../src/report/markdown.js";
import { plainPaint } from "../../src/report/paint.js";
import { sarifText } from "../../src/report/sarif.js";
import type { Told } from "./seen.js";

export const TOOL = { name: "flexprice-sync", version: "1.2.3" };

/** A terminal that keeps what is written to it. */
export function terminalWith(
  environment: Readonly<Record<string, string | undefined>>,
  workingFolder = "/repository",
): { readonly terminal: Terminal; readonly shown: string[] } {
  const shown: string[] = [];
  const keep = (text: string) => {
    shown.push(text);
  };
  const terminal: Terminal = {
    environment,
    workingFolder,
    writeOut: keep,
    writeError: keep,
    outIsTerminal: false,
    errorIsTerminal: false,
    outColumns: () => 80,
    errorColumns: () => 80,
    readIn: () => "",
    canAsk: false,
    ask: async () => "",
    onSignal: () => {},
  };
  return { terminal, shown };
}

const quiet = { json: false, color: "auto", progress: false, quiet: false, verbose: false, debug: false } as const;

/** The trace of a run, as `--debug` and `-v` print it. */
export function traceOf(events: readonly WireEvent[]): Told {
  const { terminal, shown } = terminalWith({ NO_COLOR: "1" });
  const told = tracing(new Output(terminal, quiet, TOOL), { ...quiet, debug: true, verbose: true });
  for (const event of events) told(event);
  return { kind: "trace", text: shown.join("") };
}

/** Everything that a run is told in. @param environment - the variables that decide how */
export function toldOf(run: Run, environment: Readonly<Record<string, string | undefined>> = {}): readonly Told[] {
  const exitCode = exitCodeOf(run, { isDetailed: true });
  const { terminal, shown } = terminalWith({ NO_COLOR: "1", ...environment, GITHUB_ACTIONS: undefined });
  new Output(terminal, quiet, TOOL).run(run, exitCode, false);
  const question = questionText({ ...run, open: run.targets }, "apply", plainPaint);
  const report = { run, exitCode, tool: TOOL };
  const inRepository = <Place>(place: Place) => place;
  const github =
    run.problems.map((problem) => annotationText(problem, inRepository)).join("") +
    dangerAnnotations(run, inRepository) +
    stepOutputs(run, exitCode);
  return [
    { kind: "human", text: `${shown.join("")}${question}` },
    { kind: "json", text: jsonText(run, TOOL, exitCode) },
    { kind: "markdown", text: markdownText(report, "plan-0") },
    { kind: "html", text: htmlText(report) },
    { kind: "sarif", text: sarifText(report, "plan-0", inRepository) },
    { kind: "github", text: github },
  ];
}

/** Whether a run did what it was asked for. */
export function isRefused(run: Pick<Run, "problems">): boolean {
  return run.problems.some(isError);
}
