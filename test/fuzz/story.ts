import { connectionsApi } from "../../src/api/connections.js";
import type { Send } from "../../src/api/http.js";
import { limitTo } from "../../src/api/limit.js";
import { Pace } from "../../src/api/pace.js";
import type { WireEvent } from "../../src/api/wire-event.js";
import type { Files } from "../../src/load/files.js";
import { nothingGiven } from "../../src/load/given.js";
import type { FingerprintKeys } from "../../src/model/fingerprint.js";
import type { Run } from "../../src/model/run.js";
import { KnownSecrets, Secret } from "../../src/model/secret.js";
import { type Invocation, reconcile, type World } from "../../src/reconcile.js";
import { seededRandom } from "../../src/sandbox/fault-schedule.js";
import type { Variables } from "../../src/secrets/variables.js";
import { neverInterrupted } from "../../src/setup/interruption.js";
import { catalogue, fingerprintKey } from "../support/steps.js";
import { ENVIRONMENT_ID } from "./memory.js";
import { API_KEY, CANARY, type Seen } from "./seen.js";
import { isRefused, toldOf, traceOf } from "./told.js";

/*
 * The whole story in one process, without a clock, a network or chance of its own: the same input always brings the same.
 */

/** The moment at which all of it happens. */
export const NOW_MS = Date.parse("2026-06-01T12:00:00Z");

/** Every variable holds the canary, but for those whose name says that they do not. */
export const canaryVariables: Variables = {
  lookUp(name) {
    if (name.startsWith("UNSET")) return { state: "unset" };
    if (name.startsWith("EMPTY")) return { state: "empty", fromFile: false };
    return { state: "set", value: CANARY };
  },
};

export interface Story {
  readonly files: Files;
  readonly send: Send;
  readonly hasKey?: boolean;
  readonly variables?: Variables;
  readonly knownSecrets?: KnownSecrets;
  readonly keys?: FingerprintKeys;
}

/** A world with a clock that only waiting moves. */
export function worldOf({
  files,
  send,
  hasKey = true,
  variables = canaryVariables,
  knownSecrets = ofKey(),
  keys = hasKey ? { current: fingerprintKey(1) } : {},
}: Story): { readonly world: World; readonly events: readonly WireEvent[] } {
  const random = seededRandom(7);
  const events: WireEvent[] = [];
  let nowMs = NOW_MS;
  let salts = 0;
  const clock = {
    nowMs: () => nowMs,
    pause: async (ms: number) => {
      nowMs += ms;
    },
  };
  const world: World = {
    files,
    variables,
    catalogue,
    knownSecrets,
    fingerprintKeys: keys,
    newSalt() {
      salts += 1;
      return `a-salt-of-this-story-${salts}`;
    },
    connect: async () => ({
      limit: limitTo(4),
      api: connectionsApi({
        baseUrl: new URL("http://127.0.0.1/v1"),
        apiKey: new Secret(API_KEY),
        environmentId: ENVIRONMENT_ID,
        send,
        knownSecrets,
        pace: new Pace(4),
        interrupt: neverInterrupted(),
        clock,
        random,
        newRequestId: () => "r",
        onEvent: (event) => events.push(event),
      }),
    }),
    recoveries: { keep: (id) => `flexprice-sync-recovery-${id}.json`, remove: () => {} },
    nowMs: clock.nowMs,
    clockMs: clock.nowMs,
    pause: async (ms) => clock.pause(ms),
    interrupt: neverInterrupted(),
    announce: () => {},
    confirm: async () => "cannot-ask",
    onProgress: () => {},
  };
  return { world, events };
}

function ofKey(): KnownSecrets {
  const known = new KnownSecrets();
  known.add([new Secret(API_KEY)]);
  return known;
}

/** An invocation about one environment. */
export function invocationOf(command: Invocation["command"], more: Partial<Invocation> = {}): Invocation {
  return {
    command,
    environments: [
      {
        name: "default",
        paths: [],
        usualPaths: ["connections"],
        vars: { X: "a value of the settings" },
        sameTarget: "",
        target: {
          environment: "default",
          baseUrl: "http://127.0.0.1/v1",
          expectedEnvironmentId: ENVIRONMENT_ID,
          owner: "acme",
          stamps: true,
          assumeUpdatable: [],
        },
        targetProblems: [],
      },
    ],
    problems: [],
    given: nothingGiven,
    keyVariables: new Set(["KEY_OF_SETTINGS"]),
    only: [],
    requireEnv: false,
    yes: true,
    allowDangerous: true,
    failFast: false,
    writeSecrets: "none",
    adopt: false,
    assumeSecrets: false,
    replaces: [],
    ...more,
  };
}

export interface Ran {
  readonly run: Run;
  readonly seen: Seen;
}

/**
 * Runs it, and keeps all that can be seen of it.
 *
 * @param before - a run of the same input: what it has told is not told once more
 */
export async function ran(
  asked: Invocation,
  story: Story,
  facts: Pick<Seen, "files"> & { readonly writes: readonly string[] },
  before?: Run,
): Promise<Ran> {
  const { world, events } = worldOf(story);
  const run = await reconcile(asked, world);
  const isSame =
    before !== undefined && isRefused(run) && JSON.stringify(run.problems) === JSON.stringify(before.problems);
  const texts = [...(isSame ? [] : toldOf(run)), traceOf(events)];
  return { run, seen: { ...facts, problems: run.problems, texts, ...whyNoWrites(run) } };
}

/** A run that is refused before there is a plan, or is no apply, writes nothing. */
function whyNoWrites(run: Run): Pick<Seen, "noWrites"> {
  if (run.command !== "apply") return { noWrites: `${run.command} only reads` };
  const hasPlan = run.targets.some(({ plan }) => plan !== undefined);
  return isRefused(run) && !hasPlan ? { noWrites: "there was no plan" } : {};
}
