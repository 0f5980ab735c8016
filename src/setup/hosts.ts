import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { accountApi } from "../api/account.js";
import { type ClientParts, connectionsApi, type WireEvent } from "../api/client.js";
import type { Connection } from "../api/http.js";
import { type Limit, limitTo } from "../api/limit.js";
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
  readonly onEvent: (event: WireEvent) => void;
}

interface Host {
  readonly connection: Connection;
  readonly requests: Limit;
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
  async connect({ baseUrl, apiKey, target }: Access): Promise<Connected> {
    const { knownSecrets, onEvent, deadlineAtMs } = this.#parts;
    const { connection, requests, writes } = await this.#host(baseUrl.origin);
    const environmentId = target.expectedEnvironmentId;
    const parts: ClientParts = {
      baseUrl,
      apiKey,
      ...(environmentId === undefined ? {} : { environmentId }),
      ...(deadlineAtMs === undefined ? {} : { deadlineAtMs }),
      turn: requests,
      send: connection.send,
      knownSecrets,
      clock: { nowMs: Date.now, pause: (ms) => sleep(ms) },
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

  #host(origin: string): Promise<Host> {
    const known = this.#open.get(origin);
    if (known !== undefined) return known;
    const opened = this.#opened(origin);
    this.#open.set(origin, opened);
    return opened;
  }

  async #opened(origin: string): Promise<Host> {
    const { parallelism, timeoutMs } = this.#parts;
    // Loaded only now: the HTTP library costs more time than checking all files, and offline commands need none of it.
    const { connect } = await import("../api/http.js");
    return {
      connection: connect(origin, parallelism, timeoutMs),
      requests: limitTo(parallelism),
      writes: limitTo(parallelism),
    };
  }
}
