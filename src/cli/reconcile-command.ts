import type { MostChanges } from "../apply/policy.js";
import { type Given, readGiven } from "../load/given.js";
import { error, type Problem } from "../model/problem.js";
import type { Run } from "../model/run.js";
import { type Invocation, reconcile, type World } from "../reconcile.js";
import { BrokenOff } from "./broken-off.js";
import { type ExitCode, exitCodeOf } from "./exit-code.js";
import { Hosts } from "./hosts.js";
import { nodeFiles } from "./node-files.js";
import { mostChanges } from "./option-values.js";
import { DEFAULT_EXPIRY_MS, type ReconcileOptions } from "./options.js";
import type { Output } from "./output.js";
import { notRemoved, outProblems, recoveriesIn, saveDocument } from "./private-files.js";
import { otherFilesOf, publish } from "./publish.js";
import { questionText } from "./question.js";
import { ReportFiles } from "./report-files.js";
import { requestOf, sameSettings } from "./requests.js";
import { readingWorld, type SetUp, setUp, wireParts } from "./setting-up.js";
import { claimedIds, sharedTargets } from "./shared-targets.js";
import type { TerminalInFolder } from "./terminal.js";
import { tracing } from "./trace.js";

/** `validate`, `plan`, `apply` and `prune`: joins options, variables, files, network and terminal to {@link reconcile}, and says what came of it. */
export async function reconcileCommand(
  options: ReconcileOptions,
  terminal: TerminalInFolder,
  output: Output,
): Promise<ExitCode> {
  const { workingFolder } = terminal;
  const given = readGiven(options, nodeFiles(workingFolder));
  const isOffline = options.command === "validate";
  const ready = setUp(options, terminal, { given, isOffline });
  const { files } = ready;
  const startMs = performance.now();
  const progress = output.progress();
  const trace = tracing(output, options);
  const hosts = new Hosts({
    ...wireParts(ready),
    onEvent(event) {
      if (event.method !== "GET") mayHaveWritten = true;
      trace(event);
    },
  });
  const recoveries = recoveriesIn(workingFolder);
  const reports = new ReportFiles(options.into, terminal, otherFilesOf(options, terminal));
  let planIsShown = false;
  let mayHaveWritten = false;
  const world: World = {
    ...readingWorld(ready, hosts, progress),
    recoveries: {
      keep(id, text) {
        const file = recoveries.keep(id, text);
        // Said before anything is archived, for whoever breaks the run off.
        if (!options.quiet)
          output.note(`What ${id} has beyond its definition is kept in ${file} until its replacement is there.\n`);
        return file;
      },
      remove: recoveries.remove,
    },
    nowMs: () => performance.now(),
    clockMs: () => Date.now(),
    announce(proposal) {
      planIsShown = output.plans(proposal);
    },
    async confirm(proposal) {
      if (!terminal.canAsk) return "cannot-ask";
      planIsShown = output.plans(proposal, { isAsked: true });
      const command = options.command === "prune" ? "prune" : "apply";
      const answer = await terminal.ask(questionText(proposal, command, output.errorPaint()));
      // Nothing but a typed yes is a yes.
      return answer.trim() === "yes" ? "yes" : "no";
    },
  };
  const problems = [
    ...ready.problems,
    ...conflictsOf(options, ready),
    ...outProblems(options.out, workingFolder, files),
    ...reports.problems,
    ...(options.command === "prune" ? sharedTargets(ready) : []),
  ];
  let run: Run;
  try {
    await output.measure();
    const asked = invocationOf(options, ready, given, problems);
    const deadline = ready.deadlineMs === undefined ? {} : { deadlineAtMs: startMs + ready.deadlineMs };
    run = await reconcile({ ...asked, ...deadline }, world);
  } catch (cause) {
    throw mayHaveWritten ? new BrokenOff(cause) : cause;
  } finally {
    progress.pause();
    await hosts.close();
  }
  run = savePlan(run, workingFolder);
  run = { ...run, problems: [...run.problems, ...recoveries.left.map(notRemoved)] };
  const codeOf = (told: Run) => exitCodeOf(told, { isDetailed: options.detailedExitcode });
  const published = await publish(run, codeOf, { terminal, options, files: reports });
  const bug = run.bug ?? published.bug;
  run = { ...run, problems: [...run.problems, ...published.problems], ...(bug === undefined ? {} : { bug }) };
  const exitCode = codeOf(run);
  if (run.bug !== undefined) output.stackOf(run.bug);
  output.run(run, exitCode, planIsShown);
  return exitCode;
}

/** Writes the plan into its file, if it is to be saved in one; a run whose plan could not be saved has none. */
function savePlan(run: Run, workingFolder: string): Run {
  const { saved, ...others } = run;
  if (saved === undefined) return run;
  const problems = saveDocument(saved.file, saved.document, workingFolder);
  return problems.length === 0 ? run : { ...others, problems: [...run.problems, ...problems] };
}

/** Options that ask for what variables or settings do not allow. */
function conflictsOf(
  { adopt, assumeSecrets, out, writeSecrets, command }: ReconcileOptions,
  { stamps, places }: SetUp,
): readonly Problem[] {
  if (stamps.problems.length > 0) return [];
  const unstamped = places.filter(({ site }) => !(stamps.isOn ?? site.stamp ?? true));
  const [first] = unstamped;
  const off = stamps.isOn === false ? "FLEXPRICE_SYNC_STAMP=off" : `stamp: false of ${first?.site.name ?? ""}`;
  const turnOn = stamps.isOn === false ? "unset FLEXPRICE_SYNC_STAMP" : "turn stamps on";
  if (adopt && first !== undefined) {
    const detail = `--adopt puts stamps on connections, and ${off} wants none.`;
    return [error("USAGE.CONFLICT", detail, { hint: "drop one of the two." })];
  }
  if (command === "prune" && first !== undefined) {
    const detail = `prune goes by the stamps on connections, and ${off} reads none.`;
    return [error("USAGE.CONFLICT", detail, { hint: `${turnOn}, or archive by hand.` })];
  }
  if (out !== undefined && writeSecrets !== "none" && first !== undefined) {
    const detail =
      "--write-secrets sends secrets that leave no trace where stamps are off, so a saved plan could not tell whether it was carried out.";
    return [error("USAGE.CONFLICT", detail, { hint: `${turnOn}, or go without --out.` })];
  }
  if (assumeSecrets && stamps.keys.current === undefined) {
    const detail = "--assume-secrets records fingerprints, and there is no key to make them with.";
    const hint = "set FLEXPRICE_SYNC_FINGERPRINT_KEY; flexprice-sync keygen makes one.";
    return [error("USAGE.NO_FINGERPRINT_KEY", detail, { hint })];
  }
  return [];
}

function invocationOf(options: ReconcileOptions, ready: SetUp, given: Given, problems: readonly Problem[]): Invocation {
  const { command, only, requireEnv, yes, allowDangerous, failFast, maxChanges } = options;
  const { writeSecrets, adopt, assumeSecrets, replaces, out, expiresInMs } = options;
  const most = maxChanges ?? mostChangesOf(ready);
  return {
    command,
    environments: ready.places.map((place) => ({
      ...requestOf(place, options, most),
      claimedIds: claimedIds(ready, place.site),
    })),
    problems,
    given,
    keyVariables: ready.keyVariables,
    only,
    requireEnv,
    yes,
    allowDangerous,
    failFast,
    writeSecrets,
    adopt,
    assumeSecrets,
    replaces,
    ...(out === undefined
      ? {}
      : { saves: { file: out, expiresInMs: expiresInMs ?? DEFAULT_EXPIRY_MS, sameTarget: sameSettings(options) } }),
  };
}

function mostChangesOf({ settings }: SetUp): MostChanges | undefined {
  const written = settings?.defaults.maxChanges;
  return written === undefined ? undefined : mostChanges(written);
}
