import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { accountApi } from "../api/account.js";
import type { ClientParts } from "../api/client.js";
import { connectionsApi } from "../api/connections.js";
import type { Connection } from "../api/http.js";
import { type Limit, limitTo } from "../api/limit.js";
import { Pace } from "../api/pace.js";
import type { ProxyRoute, Route } from "../api/route.js";
import type { WireEvent } from "../api/wire-event.js";
import type { Interrupt } from "../model/interrupt.js";
import type { KnownSecrets } from "../model/secret.js";
import type { Connected } from "../reconcile.js";
import type { Access } from "./target.js";

export interface HostsParts {
  /** Requests in flight to one host. */
  readonly parallelism: number;
  /** For one request. */
  readonly timeoutMs: number;
  /** In milliseconds since 1970; from then on nothing is begun. */
  readonly deadlineAtMs?: number;
  readonly knownSecrets: KnownSecrets;
  /** Certificates of all authorities that are trusted; absent where those of the platform are. */
  readonly certificates?: readonly string[];
  readonly interrupt: Interrupt;
  readonly onEvent: (event: WireEvent) => void;
}

interface Host {
  readonly connection: Connection;
  readonly pace: Pace;
  readonly writes: Limit;
}

/** The ways to the hosts of a run: however many environments a host has, they share one bound. */
export class Hosts {
  readonly #parts: HostsParts;
  readonly #open = new Map<string, Promise<Host>>();

  constructor(parts: HostsParts) {
    this.#parts = parts;
  }

  /** The way to one environment. */
  async connect({ baseUrl, apiKey, proxy, target }: Access): Promise<Connected> {
    const { knownSecrets, onEvent, deadlineAtMs, interrupt } = this.#parts;
    const { connection, pace, writes } = await this.#host(baseUrl.origin, proxy);
    const environmentId = target.expectedEnvironmentId;
    const parts: ClientParts = {
      baseUrl,
      apiKey,
      ...(environmentId === undefined ? {} : { environmentId }),
      ...(deadlineAtMs === undefined ? {} : { deadlineAtMs }),
      pace,
      interrupt,
      send: connection.send,
      knownSecrets,
      clock: { nowMs, pause },
      random: Math.random,
      newRequestId: randomUUID,
      onEvent,
    };
    return { api: connectionsApi(parts), account: accountApi(parts), limit: writes };
  }

  async close(): Promise<void> {
    const hosts = await Promise.all(this.#open.values());
    await Promise.all(hosts.map(({ connection }) => connection.close()));
  }

  #host(origin: string, proxy: ProxyRoute | undefined): Promise<Host> {
    const known = this.#open.get(origin);
    if (known !== undefined) return known;
    const opened = this.#opened(origin, proxy);
    this.#open.set(origin, opened);
    return opened;
  }

  async #opened(origin: string, proxy: ProxyRoute | undefined): Promise<Host> {
    const { parallelism, timeoutMs, certificates } = this.#parts;
    const route: Route = {
      origin,
      ...(proxy === undefined ? {} : { proxy }),
      ...(certificates === undefined ? {} : { authorities: certificates }),
    };
    // Loaded only now: the HTTP library costs more time than checking all files, and offline commands need none of it.
    const { connect } = await import("../api/http.js");
    return {
      connection: connect(route, parallelism, timeoutMs),
      pace: new Pace(parallelism),
      writes: limitTo(parallelism),
    };
  }
}

/** Milliseconds since 1970 when the process began, and from then on only growing: no wait gets longer when somebody sets a clock. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Waits, in milliseconds; shorter where the signal is given. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    if (signal?.aborted !== true) throw cause;
  }
}
