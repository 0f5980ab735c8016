import { connectionsApi } from "../../src/api/connections.js";
import { connect } from "../../src/api/http.js";
import { limitTo } from "../../src/api/limit.js";
import { Pace } from "../../src/api/pace.js";
import type { WireEvent } from "../../src/api/wire-event.js";
import { catalogue } from "../../src/generated/catalogue.js";
import type { Interrupt } from "../../src/model/interrupt.js";
import { type KnownSecrets, Secret } from "../../src/model/secret.js";
import type { Connected } from "../../src/reconcile.js";
import type { FaultRule } from "../../src/sandbox/faults.js";
import { faultsIn } from "../../src/sandbox/faults.js";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.js";
import type { Scenario } from "./scenario.js";
import { ServiceLog } from "./service-log.js";

export const API_KEY = "sk_chaos_canary_key";
export const ENVIRONMENT = "env_chaos";

/** The service of a scenario: the sandbox with its faults, and what it sees. */
export interface ChaoticService {
  readonly sandbox: Sandbox;
  readonly log: ServiceLog;
  /** Requests that a fault met so far. */
  readonly faultsSeen: () => number;
  /** From now on nothing goes wrong any more. */
  readonly calm: () => void;
}

export async function chaoticService({ rows, faults: spec }: Scenario): Promise<ChaoticService> {
  const log = new ServiceLog();
  const faults = faultsIn(spec, Object.keys(catalogue.providers));
  // The rules are looked at for every request, so that without them nothing goes wrong.
  const rules: FaultRule[] = [...faults.rules];
  let faultsSeen = 0;
  const sandbox = await startSandbox({
    catalogue,
    port: 0,
    apiKey: API_KEY,
    environmentId: ENVIRONMENT,
    seed: { connections: rows },
    faults: { ...faults, rules },
    onArrival: (incoming, outgoing) => log.onArrival(incoming, outgoing),
    onAnswer: (method, path, { status, fault }) => {
      if (fault !== undefined) faultsSeen += 1;
      log.onDone(method, path, `${status ?? ""} ${fault ?? ""}`);
    },
  });
  // Jobs write in nobody's name.
  log.watch(sandbox.store, ({ updatedBy }) => updatedBy !== "" && updatedBy !== PERSON);
  return { sandbox, log, faultsSeen: () => faultsSeen, calm: () => rules.splice(0) };
}

/** Who changes something by hand. */
export const PERSON = "user_by_hand";

/** A clock that goes faster than time: what waits for seconds waits for as many tenths. */
export interface Clock {
  readonly nowMs: () => number;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export function clockOf(speed: number): Clock {
  const startMs = performance.now();
  return {
    nowMs: () => performance.timeOrigin + startMs + (performance.now() - startMs) * speed,
    pause: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms / speed);
        const end = () => {
          clearTimeout(timer);
          resolve();
        };
        if (signal?.aborted === true) end();
        signal?.addEventListener("abort", end, { once: true });
      }),
  };
}

export interface WayParts {
  readonly parallelism: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly interrupt: Interrupt;
  readonly knownSecrets: KnownSecrets;
  readonly onEvent: (event: WireEvent) => void;
}

/** The way of one run to the service, and its end: from then on the process might as well be gone. */
export interface Way {
  readonly connected: Connected;
  readonly isGone: () => boolean;
  readonly crash: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function wayTo({ sandbox }: ChaoticService, parts: WayParts): Way {
  const { parallelism, timeoutMs, clock, interrupt, knownSecrets, onEvent } = parts;
  const baseUrl = new URL(sandbox.baseUrl);
  const { send, close } = connect({ origin: baseUrl.origin }, parallelism, timeoutMs);
  let isGone = false;
  const never = new Promise<never>(() => {});
  const api = connectionsApi({
    baseUrl,
    apiKey: new Secret(API_KEY),
    environmentId: ENVIRONMENT,
    pace: new Pace(parallelism),
    interrupt,
    send: async (request) => {
      if (isGone) return never;
      try {
        const answer = await send(request);
        return isGone ? await never : answer;
      } catch (cause) {
        return isGone ? never : Promise.reject(cause);
      }
    },
    knownSecrets,
    clock,
    random: Math.random,
    newRequestId: () => "chaos",
    onEvent,
  });
  const crash = () => {
    isGone = true;
    return close();
  };
  return { connected: { api, limit: limitTo(parallelism) }, isGone: () => isGone, crash, close };
}
