import type { Run } from "../model/run.js";
import { type ExitCode, exitCodeOf } from "../report/exit-code.js";
import { neverInterrupted } from "../setup/interruption.js";
import { runIn } from "../setup/run.js";
import type { ReconcileOptions } from "./options.js";
import type { Output } from "./output.js";
import { otherFilesOf, publish } from "./publish.js";
import { questionText } from "./question.js";
import { ReportFiles } from "./report-files.js";
import type { TerminalInFolder } from "./terminal.js";
import { tracing } from "./trace.js";

/** `validate`, `plan`, `apply` and `prune`: carries out what is asked for, and says what came of it. */
export async function reconcileCommand(
  options: ReconcileOptions,
  terminal: TerminalInFolder,
  output: Output,
): Promise<ExitCode> {
  const reports = new ReportFiles(options.into, terminal, otherFilesOf(options, terminal));
  const progress = output.progress();
  // Offline there is nothing that would have to come to its end: a signal ends the process.
  const interruption = options.command === "validate" ? undefined : output.interruption();
  const interrupt = interruption ?? neverInterrupted();
  let planIsShown = false;
  let run: Run;
  try {
    run = await runIn(options, terminal, {
      onEvent: tracing(output, options),
      onProgress: progress.at,
      interrupt,
      onKept(id, file) {
        // Said before anything is archived, for whoever breaks the run off.
        if (!options.quiet)
          output.note(`What ${id} has beyond its definition is kept in ${file} until its replacement is there.\n`);
      },
      announce(proposal) {
        planIsShown = output.plans(proposal);
      },
      async confirm(proposal, ending) {
        if (!terminal.canAsk) return "cannot-ask";
        planIsShown = output.plans(proposal, { isAsked: true });
        const command = options.command === "prune" ? "prune" : "apply";
        const answer = await terminal.ask(questionText(proposal, command, output.errorPaint()), ending);
        // Nothing but a typed yes is a yes.
        return answer.trim() === "yes" ? "yes" : "no";
      },
      problems: reports.problems,
    });
  } finally {
    progress.pause();
    interruption?.close();
  }
  const codeOf = (told: Run) => exitCodeOf(told, { isDetailed: options.detailedExitcode });
  const published = await publish(run, codeOf, { terminal, options, files: reports });
  const bug = run.bug ?? published.bug;
  run = { ...run, problems: [...run.problems, ...published.problems], ...(bug === undefined ? {} : { bug }) };
  const exitCode = codeOf(run);
  if (run.bug !== undefined) output.stackOf(run.bug);
  output.run(run, exitCode, planIsShown);
  return exitCode;
}
