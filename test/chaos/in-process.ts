import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { WireEvent } from "../../src/api/wire-event.js";
import { catalogue } from "../../src/generated/catalogue.js";
import type { Files } from "../../src/load/files.js";
import { readGiven } from "../../src/load/given.js";
import { FingerprintKey } from "../../src/model/fingerprint.js";
import { isError } from "../../src/model/problem.js";
import { recoveryFileOf } from "../../src/model/recovery.js";
import type { Run } from "../../src/model/run.js";
import { KnownSecrets } from "../../src/model/secret.js";
import { type Invocation, reconcile, type World } from "../../src/reconcile.js";
import { exitCodeOf } from "../../src/report/exit-code.js";
import { applyText, planText } from "../../src/report/human.js";
import { jsonText } from "../../src/report/json.js";
import { plainLook } from "../../src/report/look.js";
import { variablesOf } from "../../src/secrets/variables.js";
import { Interruption } from "../../src/setup/interruption.js";
import { nodeFiles } from "../../src/setup/node-files.js";
import {
  type Asked,
  CANARY,
  FINGERPRINT_KEY,
  fileOf,
  givenUpIn,
  type Runner,
  type RunnerOf,
  recoveredIn,
  type Told,
  wishesOf,
} from "./runner.js";
import type { Scenario, Wanted } from "./scenario.js";
import { type ChaoticService, clockOf, ENVIRONMENT, wayTo } from "./service.js";

/** In a world of faults time goes ten times as fast. */
const SPEED = 10;
const TIMEOUT_MS = 300;

/** The whole story over a real connection, without a process for each run: files are in memory, and time goes faster. */
export const inProcess: RunnerOf = (scenario, service) => new InProcess(scenario, service);

class InProcess implements Runner {
  wanted: readonly Wanted[] = [];
  readonly #scenario: Scenario;
  readonly #service: ChaoticService;
  readonly #files = new Map<string, string>();

  constructor(scenario: Scenario, service: ChaoticService) {
    this.#scenario = scenario;
    this.#service = service;
  }

  recoveries(): readonly string[] {
    return recoveredIn([...this.#files.keys()]);
  }

  hasFile(name: string): boolean {
    return this.#files.has(name);
  }

  close(): void {}

  async run(asked: Asked): Promise<Told | undefined> {
    const { isCalm = false, ends, crashAfterMs } = asked;
    const { parallelism, hasKey } = this.#scenario;
    const clock = clockOf(isCalm ? 1 : SPEED);
    const knownSecrets = new KnownSecrets();
    const interrupt = new Interruption();
    const timers = ends === undefined ? [] : endings(interrupt, ends);
    const timeoutMs = isCalm ? 30_000 : TIMEOUT_MS;
    const gaveUp: string[] = [];
    const onEvent = (event: WireEvent) => {
      if (event.kind === "failed") gaveUp.push(...givenUpIn(event));
    };
    const way = wayTo(this.#service, { parallelism, timeoutMs, clock, interrupt, knownSecrets, onEvent });
    const key = FingerprintKey.read(FINGERPRINT_KEY);
    const world: World = {
      files: this.#asFiles(),
      variables: variablesOf({ SECRET: CANARY }, () => new Uint8Array()),
      catalogue,
      knownSecrets,
      fingerprintKeys: hasKey && typeof key === "object" ? { current: key } : {},
      newSalt: () => randomBytes(16).toString("base64url"),
      connect: async () => way.connected,
      recoveries: {
        keep: (id, text) => {
          const file = recoveryFileOf(id);
          if (!way.isGone()) this.#files.set(file, text);
          return file;
        },
        remove: (path) => this.#files.delete(path),
      },
      nowMs: clock.nowMs,
      clockMs: () => Date.now(),
      pause: clock.pause,
      interrupt,
      announce: () => {},
      confirm: async () => "cannot-ask",
      onProgress: () => {},
    };
    const ending = reconcile(this.#invocation(asked, world), world);
    const gone = crashAfterMs === undefined ? [] : [sleep(crashAfterMs, undefined)];
    const run = await Promise.race([ending, ...gone]);
    for (const timer of timers) clearTimeout(timer);
    interrupt.close();
    await (run === undefined ? way.crash() : way.close());
    if (run?.saved !== undefined) this.#files.set(run.saved.file, JSON.stringify(run.saved.document));
    return run && { ...toldBy(run), gaveUp };
  }

  #asFiles(): Files {
    const text = fileOf(this.wanted);
    return {
      ...nodeFiles("/"),
      kindOf: () => "file",
      list: () => [...this.#files.keys()],
      read: (path) => new TextEncoder().encode(this.#files.get(path) ?? text),
      realPath: (path) => path,
      shown: (path) => path,
    };
  }

  #invocation(asked: Asked, { files }: World): Invocation {
    const { command, only = [], replaces = [], planFile, recovers, out } = asked;
    const { stamps, failFast, owner } = this.#scenario;
    const recoveryFile = recovers === undefined ? undefined : recoveryFileOf(recovers);
    const given = readGiven(
      { ...(planFile === undefined ? {} : { planFile }), ...(recoveryFile === undefined ? {} : { recoveryFile }) },
      files,
    );
    const { adopt, writeSecrets } = wishesOf(this.#scenario, asked);
    return {
      command,
      environments: [
        {
          name: "default",
          paths: planFile === undefined && recovers === undefined ? [DEFINITIONS] : [],
          usualPaths: [DEFINITIONS],
          vars: {},
          sameTarget: "",
          target: {
            environment: "default",
            baseUrl: "http://chaos",
            expectedEnvironmentId: ENVIRONMENT,
            stamps,
            ...(owner === undefined ? {} : { owner }),
            assumeUpdatable: [],
          },
          targetProblems: [],
        },
      ],
      problems: [],
      given,
      keyVariables: new Set(),
      only,
      requireEnv: false,
      yes: planFile === undefined,
      allowDangerous: true,
      failFast,
      writeSecrets: writeSecrets ? "all" : "none",
      adopt,
      assumeSecrets: false,
      replaces,
      ...(out === undefined ? {} : { saves: { file: out, expiresInMs: 60_000, sameTarget: "" } }),
    };
  }
}

const DEFINITIONS = "fleet.yaml";

function endings(interruption: Interruption, { afterMs, graceMs }: Required<Asked>["ends"]) {
  const end = () => interruption.end("interrupted");
  return [setTimeout(end, afterMs), setTimeout(end, afterMs + graceMs)];
}

function toldBy(run: Run): Omit<Told, "gaveUp"> {
  const [target] = run.targets;
  const summary = target?.plan?.summary;
  const exitCode = exitCodeOf(run, { isDetailed: false });
  return {
    exitCode,
    ...(summary === undefined ? {} : { summary: { ...summary } }),
    outcomes: [...(target?.outcomes ?? [])].map(([change, outcome]) => ({
      name: change.name,
      action: change.action,
      status: outcome.status,
      ...(change.id === undefined ? {} : { id: change.id }),
      ...(outcome.id === undefined ? {} : { made: outcome.id }),
    })),
    errors: run.problems.filter(isError).map(({ code, message }) => `${code}: ${message}`),
    text: [
      ...run.targets.map((one) => planText(one, plainLook) + applyText(one, plainLook)),
      jsonText(run, { name: "flexprice-sync", version: "0" }, exitCode),
      JSON.stringify(run),
    ].join(""),
  };
}
