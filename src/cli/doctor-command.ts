import { fail, ok, warn } from "../doctor/checks.js";
import type { Check } from "../model/check.js";
import { isError, together } from "../model/problem.js";
import { SETTINGS_FILE } from "../model/settings.js";
import { examine } from "../reconcile/examine.js";
import { steps } from "../reconcile/steps.js";
import { doctorDocument, doctorLine, doctorText } from "../report/doctor.js";
import { type ExitCode, exitCodeOfProblems } from "../report/exit-code.js";
import { counted } from "../report/text.js";
import { Hosts } from "../setup/hosts.js";
import { requestOf } from "../setup/requests.js";
import { readingWorld, type SetUp, setUp, wireParts } from "../setup/setting-up.js";
import type { DoctorOptions } from "./options.js";
import type { Output } from "./output.js";
import type { TerminalInFolder } from "./terminal.js";
import { tracing } from "./trace.js";

/** `doctor`: looks at everything that a run needs, and says what to do about what is not well. Reads only. */
export async function doctorCommand(
  options: DoctorOptions,
  terminal: TerminalInFolder,
  output: Output,
): Promise<ExitCode> {
  const ready = setUp(options, terminal);
  const progress = output.progress();
  const interrupt = output.interruption();
  const hosts = new Hosts({ ...wireParts(ready, interrupt), onEvent: tracing(output, options) });
  const { places } = ready;
  const world = readingWorld(ready, hosts, { interrupt, onProgress: progress.at });
  const looked = steps("reading", places.length, world);
  let found: readonly (readonly Check[])[];
  try {
    found = await Promise.all(
      places.map((place) => examine(requestOf(place, options), ready.keyVariables, world).finally(looked)),
    );
  } finally {
    progress.pause();
    interrupt.close();
    await hosts.close();
  }
  const settings = settingsChecks(ready, options);
  const checks = [...settings, ...found.flat()];
  const problemsOf = (some: readonly Check[]) => some.flatMap(({ problem }) => problem ?? []);
  const problems = [
    ...problemsOf(settings),
    ...together(places.map(({ site }, at) => ({ environment: site.name, problems: problemsOf(found[at] ?? []) }))),
  ];
  const exitCode = exitCodeOfProblems(problems);
  // Each problem is one of the lines already.
  const text = options.quiet ? `${doctorLine(checks)}\n` : doctorText(checks, output.outLook());
  output.result("doctor", text, { doctor: doctorDocument(checks) }, { exitCode, problems });
  if (options.quiet) output.problems(problems);
  return exitCode;
}

function settingsChecks(
  { settings, problems, all }: SetUp,
  { config = SETTINGS_FILE }: DoctorOptions,
): readonly Check[] {
  const wrong = problems.filter(isError).map((problem) => fail("settings", problem));
  const doubtful = problems.filter((problem) => !isError(problem));
  if (wrong.length > 0) return wrong;
  const first =
    settings === undefined
      ? ok("settings", `there is no ${config}, so the variables name the one environment.`)
      : ok("settings", `${settings.file}: ${counted(all.length, "environment")}.`);
  return [first, ...doubtful.map(({ message, hint = "" }) => warn("settings", message, hint))];
}
