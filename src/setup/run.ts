import type { WireEvent } from "../api/wire-event.js";
import type { Asking, Consent, Proposal } from "../apply/consent.js";
import type { MostChanges } from "../apply/policy.js";
import { type Given, readGiven } from "../load/given.js";
import { error, type Problem } from "../model/problem.js";
import type { Run } from "../model/run.js";
import { type Invocation, type ReadingWorld, reconcile, type World } from "../reconcile.js";
import { BrokenOff } from "./broken-off.js";
import { Hosts, pause } from "./hosts.js";
import { nodeFiles } from "./node-files.js";
import { DEFAULT_EXPIRY_MS, mostChangesIn, type RunOptions } from "./options.js";
import { notRemoved, outProblems, recoveriesIn, saveDocument } from "./private-files.js";
import { requestOf, sameSettings } from "./requests.js";
import { readingWorld, type SetUp, type Surroundings, setUp, wireParts } from "./setting-up.js";
import { claimedIds, sharedTargets } from "./shared-targets.js";

/** Who follows a run, and is asked in it. */
export interface Companions extends Pick<Asking, "announce">, Pick<ReadingWorld, "onProgress" | "interrupt"> {
  /** Asks a person who has seen the plans. @param ending - aborted when nobody needs the answer any more */
  readonly confirm: (proposal: Proposal, ending: AbortSignal) => Promise<Consent>;
  readonly onEvent: (event: WireEvent) => void;
  /** Told before a connection is archived: what only it has is kept in this file. */
  readonly onKept: (id: string, file: string) => void;
  /** What else is wrong with what is asked for. */
  readonly problems: readonly Problem[];
}

/**
 * Joins what is asked for, variables, files and network to {@link reconcile}, and writes the plan into its file.
 *
 * @throws {@link BrokenOff} for a bug of ours after a write was sent; any other bug as it is
 */
export async function runIn(
  options: RunOptions,
  surroundings: Surroundings,
  { onEvent, onKept, onProgress, interrupt, announce, confirm, problems: more }: Companions,
): Promise<Run> {
  const { workingFolder } = surroundings;
  const given = readGiven(options, nodeFiles(workingFolder));
  const ready = setUp(options, surroundings, { given, isOffline: options.command === "validate" });
  const startMs = performance.now();
  let mayHaveWritten = false;
  const hosts = new Hosts({
    ...wireParts(ready, interrupt),
    onEvent(event) {
      if (event.method !== "GET") mayHaveWritten = true;
      onEvent(event);
    },
  });
  const leftMs = () => (ready.deadlineMs === undefined ? undefined : startMs + ready.deadlineMs - performance.now());
  const recoveries = recoveriesIn(workingFolder);
  const world: World = {
    ...readingWorld(ready, hosts, { interrupt, onProgress }),
    recoveries: {
      keep(id, text) {
        const file = recoveries.keep(id, text);
        onKept(id, file);
        return file;
      },
      remove: recoveries.remove,
    },
    nowMs: () => performance.now(),
    clockMs: () => Date.now(),
    pause,
    announce,
    confirm: (proposal) => inTime((ending) => confirm(proposal, ending), interrupt.stop, leftMs()),
  };
  const problems = [
    ...ready.problems,
    ...conflictsOf(options, ready),
    ...outProblems(options.out, workingFolder, ready.files),
    ...more,
    ...(options.command === "prune" ? sharedTargets(ready) : []),
  ];
  try {
    const asked = invocationOf(options, ready, given, problems);
    const deadline = ready.deadlineMs === undefined ? {} : { deadlineAtMs: startMs + ready.deadlineMs };
    const run = savePlan(await reconcile({ ...asked, ...deadline }, world), workingFolder);
    return { ...run, problems: [...run.problems, ...recoveries.left.map(notRemoved)] };
  } catch (cause) {
    throw mayHaveWritten ? new BrokenOff(cause) : cause;
  } finally {
    await hosts.close();
  }
}

/** Does something that is of use only as long as the run is not told to end, and its time is not up. */
async function inTime<T>(
  task: (ending: AbortSignal) => Promise<T>,
  stop: AbortSignal,
  leftMs: number | undefined,
): Promise<T> {
  const ending = new AbortController();
  const end = () => ending.abort();
  stop.addEventListener("abort", end, { once: true });
  if (stop.aborted) end();
  const timer = leftMs === undefined ? undefined : setTimeout(end, Math.max(0, leftMs));
  try {
    return await task(ending.signal);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", end);
  }
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
  { adopt, assumeSecrets, out, writeSecrets, command }: RunOptions,
  { stamps, places }: SetUp,
): readonly Problem[] {
  if (stamps.problems.length > 0) return [];
  const unstamped = places.filter(({ site }) => !(stamps.isOn ?? site.stamp ?? true));
  const [first] = unstamped;
  const off = stamps.isOn === false ? "FLEXPRICE_SYNC_STAMP=off" : `stamp: false of ${first?.site.name ?? ""}`;
  // This also wins over the settings.
  const turnOn = "set FLEXPRICE_SYNC_STAMP=on";
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

function invocationOf(options: RunOptions, ready: SetUp, given: Given, problems: readonly Problem[]): Invocation {
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
  return written === undefined ? undefined : mostChangesIn(written);
}
