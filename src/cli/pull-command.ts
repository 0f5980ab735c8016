import { isError } from "../model/problem.js";
import { type ExitCode, exitCodeOfProblems } from "../report/exit-code.js";
import type { ToldTarget } from "../report/json.js";
import { pulledDocument, pullText } from "../report/pull.js";
import { printable } from "../report/text.js";
import { setUp } from "../setup/setting-up.js";
import type { PullOptions } from "./options.js";
import type { Output } from "./output.js";
import { pullInto, type Written } from "./pulling.js";
import { RepositoryFiles } from "./repository-files.js";
import type { TerminalInFolder } from "./terminal.js";

/** `pull`: writes definitions of what the service has. Reads the service only. */
export async function pullCommand(options: PullOptions, terminal: TerminalInFolder, output: Output): Promise<ExitCode> {
  const { workingFolder } = terminal;
  const ready = setUp(options, terminal);
  const written = await pullInto(ready, options, new RepositoryFiles(workingFolder), output);
  const { targets, problems, others } = written;
  const exitCode = exitCodeOfProblems(problems);
  output.told(
    { command: "pull", targets: toldTargets(written), problems },
    targets.length > 0 || !problems.some(isError) ? pullText(targets, output.outPaint()) : "",
    exitCode,
    others.length === 0 ? {} : { other_files: others },
  );
  if (!options.quiet && others.length > 0) output.note(`Beside them: ${others.map(printable).join(", ")}.\n`);
  return exitCode;
}

/** The targets of a pull, as the JSON document has them. */
export function toldTargets({ targets }: Written): readonly ToldTarget[] {
  return targets.map((target) => ({ ...target.seen, more: pulledDocument(target) }));
}
