import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConnectionsApi, connectionsApi, type WireEvent } from "../api/client.js";
import { limitTo } from "../api/limit.js";
import type { Consent } from "../apply/consent.js";
import { catalogue } from "../generated/catalogue.js";
import type { FingerprintKeys } from "../model/fingerprint.js";
import { writes } from "../model/plan.js";
import { Bug, error, type Problem, shellWord } from "../model/problem.js";
import type { Run, TargetRun } from "../model/run.js";
import { KnownSecrets } from "../model/secret.js";
import { type Invocation, reconcile, type World } from "../reconcile.js";
import { counted, printable } from "../report/text.js";
import { type Variables, variablesOf } from "../secrets/variables.js";
import { BrokenOff } from "./broken-off.js";
import { type ExitCode, exitCodeOf } from "./exit-code.js";
import { nodeFiles } from "./node-files.js";
import { DEFAULT_EXPIRY_MS, type ReconcileOptions } from "./options.js";
import type { Output } from "./output.js";
import { notRemoved, outProblems, recoveriesIn, saveDocument } from "./private-files.js";
import { progressOn } from "./progress.js";
import { type StampVariables, stampVariablesOf } from "./stamp-variables.js";
import { type Access, accessOf } from "./target.js";
import type { Terminal } from "./terminal.js";
import { requestLine, traceLine, waitingLine } from "./trace.js";

const noWorkingFolder = error("LOAD.NO_FOLDER", "the working folder does not exist any more.", {
  hint: "change to a folder that does.",
});

/** `validate`, `plan` and `apply`: joins options, variables, files, network and terminal to {@link reconcile}, and says what came of it. */
export async function reconcileCommand(
  options: ReconcileOptions,
  terminal: Terminal,
  output: Output,
): Promise<ExitCode> {
  const { workingFolder } = terminal;
  if (workingFolder === undefined) {
    output.failure(options.command, [noWorkingFolder], 3);
    return 3;
  }
  const files = nodeFiles(workingFolder);
  const variables = variablesOf(terminal.environment, files.read);
  const knownSecrets = new KnownSecrets();
  const { access, keys, problems } = accessFor(options, variables, knownSecrets);
  const targetProblems = [...problems, ...outProblems(options.out, workingFolder, files)];
  const recoveries = recoveriesIn(workingFolder);
  const progress = progressOn(terminal, options.progress && !options.quiet && !options.verbose && !options.debug);
  let planIsShown = false;
  let mayHaveWritten = false;
  let close = async () => {};
  const world: World = {
    files,
    variables,
    catalogue,
    knownSecrets,
    fingerprintKeys: keys,
    newSalt: () => randomBytes(SALT_BYTES).toString("base64url"),
    limit: limitTo(options.parallelism),
    async connect() {
      const opened = await openApi(options, access, knownSecrets, (event) => {
        if (event.method !== "GET") mayHaveWritten = true;
        traceOn(output, options, event);
      });
      close = opened.close;
      return opened.api;
    },
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
    announce(planned) {
      planIsShown = output.plan(planned);
    },
    async confirm(planned) {
      if (!terminal.canAsk) return "cannot-ask";
      planIsShown = output.plan(planned, { isAsked: true });
      return askFor(planned, terminal);
    },
    onProgress: progress.step,
  };
  let run: Run;
  try {
    run = await reconcile(invocationOf(options, access, targetProblems), world);
  } catch (cause) {
    throw mayHaveWritten ? new BrokenOff(cause) : cause;
  } finally {
    progress.end();
    await close();
  }
  run = savePlan(run, workingFolder);
  run = { ...run, problems: [...run.problems, ...recoveries.left.map(notRemoved)] };
  const exitCode = exitCodeOf(run, { isDetailed: options.detailedExitcode });
  if (run.bug !== undefined) output.stackOf(run.bug);
  output.run(run, exitCode, planIsShown);
  return exitCode;
}

/** Writes the plan into its file, if it is to be saved in one; a run whose plan could not be saved has none. */
function savePlan(run: Run, workingFolder: string): Run {
  const targets = run.targets.map((target) => {
    const { saved, ...others } = target;
    if (saved === undefined) return { target, problems: [] };
    const problems = saveDocument(saved.file, saved.document, workingFolder);
    return { target: problems.length === 0 ? target : others, problems };
  });
  const problems = targets.flatMap((kept) => kept.problems);
  return { ...run, targets: targets.map(({ target }) => target), problems: [...run.problems, ...problems] };
}

/** Bytes of a salt: as many as nobody can meet twice. */
const SALT_BYTES = 16;

interface AccessForRun {
  readonly access?: Access;
  readonly keys: FingerprintKeys;
  readonly problems: readonly Problem[];
}

/** Where to, with which keys, by options and variables together; `validate` needs none of it. */
function accessFor(options: ReconcileOptions, variables: Variables, knownSecrets: KnownSecrets): AccessForRun {
  if (options.command === "validate") return { keys: {}, problems: [] };
  const stamps = stampVariablesOf(variables);
  knownSecrets.add(stamps.secrets);
  const { access, problems } = accessOf(options, variables, stamps);
  if (access !== undefined) knownSecrets.add([access.apiKey]);
  const all = [...problems, ...stamps.problems, ...(stamps.problems.length > 0 ? [] : conflictsOf(options, stamps))];
  return { ...(access === undefined || all.length > 0 ? {} : { access }), keys: stamps.keys, problems: all };
}

/** Options that ask for what the variables do not allow. */
function conflictsOf(
  { adopt, assumeSecrets, out, writeSecrets }: ReconcileOptions,
  { isOn, keys }: StampVariables,
): readonly Problem[] {
  if (adopt && !isOn) {
    const detail = "--adopt puts stamps on connections, and FLEXPRICE_SYNC_STAMP=off wants none.";
    return [error("USAGE.CONFLICT", detail, { hint: "drop one of the two." })];
  }
  if (out !== undefined && writeSecrets !== "none" && !isOn) {
    const detail =
      "--write-secrets sends secrets that leave no trace where stamps are off, so a saved plan could not tell whether it was carried out.";
    return [error("USAGE.CONFLICT", detail, { hint: "unset FLEXPRICE_SYNC_STAMP, or go without --out." })];
  }
  if (assumeSecrets && keys.current === undefined) {
    const detail = "--assume-secrets records fingerprints, and there is no key to make them with.";
    const hint = "set FLEXPRICE_SYNC_FINGERPRINT_KEY; flexprice-sync keygen makes one.";
    return [error("USAGE.NO_FINGERPRINT_KEY", detail, { hint })];
  }
  return [];
}

function invocationOf(
  options: ReconcileOptions,
  access: Access | undefined,
  targetProblems: Invocation["targetProblems"],
): Invocation {
  const { command, paths, only, requireEnv, maxChanges, yes, allowDangerous, failFast } = options;
  const { writeSecrets, adopt, assumeSecrets, replaces, out, expiresInMs, planFile, recoveryFile } = options;
  return {
    command,
    paths,
    only,
    requireEnv,
    yes,
    allowDangerous,
    failFast,
    writeSecrets,
    adopt,
    assumeSecrets,
    replaces,
    sameTarget: sameTargetOf(options),
    targetProblems,
    ...(out === undefined ? {} : { saves: { file: out, expiresInMs: expiresInMs ?? DEFAULT_EXPIRY_MS } }),
    ...(planFile === undefined ? {} : { planFile }),
    ...(recoveryFile === undefined ? {} : { recoveryFile }),
    ...(maxChanges === undefined ? {} : { maxChanges }),
    ...(access === undefined ? {} : { target: access.target }),
  };
}

/** The target's options again, as a part of a command line. */
function sameTargetOf({ baseUrl, environmentId }: ReconcileOptions): string {
  const named = (option: string, value: string | undefined) => (value ? ` ${option} ${shellWord(value)}` : "");
  return `${named("--base-url", baseUrl)}${named("--environment-id", environmentId)}`;
}

interface OpenedApi {
  readonly api: ConnectionsApi;
  readonly close: () => Promise<void>;
}

async function openApi(
  { parallelism, timeoutMs }: ReconcileOptions,
  access: Access | undefined,
  knownSecrets: KnownSecrets,
  onEvent: (event: WireEvent) => void,
): Promise<OpenedApi> {
  if (access === undefined) throw new Bug("connecting without a target");
  // Loaded only now: the HTTP library costs more time than checking all files, and offline commands need none of it.
  const { connect } = await import("../api/http.js");
  const { baseUrl, apiKey, target } = access;
  const { send, close } = connect(baseUrl.origin, parallelism, timeoutMs);
  const environmentId = target.expectedEnvironmentId;
  const api = connectionsApi({
    baseUrl,
    apiKey,
    ...(environmentId === undefined ? {} : { environmentId }),
    send,
    knownSecrets,
    clock: { nowMs: Date.now, pause: (ms) => sleep(ms) },
    random: Math.random,
    newRequestId: randomUUID,
    onEvent,
  });
  return { api, close };
}

function traceOn(output: Output, { debug, verbose, quiet }: ReconcileOptions, event: WireEvent): void {
  if (debug) output.note(traceLine(event));
  const waiting = debug || quiet ? undefined : waitingLine(event);
  if (waiting !== undefined) output.note(waiting);
  const line = verbose ? requestLine(event) : undefined;
  if (line !== undefined) output.note(line);
}

/** Asks with target, counts and dangers in the question. Nothing but a typed yes is a yes. */
async function askFor({ baseUrl, environmentId, plan }: TargetRun, terminal: Terminal): Promise<Consent> {
  const changes = plan?.changes.filter(writes) ?? [];
  const dangers = changes.flatMap(({ name, dangers: found }) =>
    found.map((danger) => `  danger: ${printable(name)}: ${printable(danger)}\n`),
  );
  const where = `${printable(baseUrl)}${environmentId === null ? "" : `, ${printable(environmentId)}`}`;
  const question = `\n${dangers.join("")}Apply ${counted(changes.length, "change")} to ${where}? Only yes is taken: `;
  const answer = await terminal.ask(question);
  return answer.trim() === "yes" ? "yes" : "no";
}
