import { get, type IncomingMessage, type ServerResponse } from "node:http";
import type { Store } from "../../src/sandbox/store.js";
import type { StoredConnection } from "../../src/sandbox/stored.js";

/** A request as the server saw it come and go; in milliseconds that only grow. */
export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly fromMs: number;
  /** What became of it, in words. */
  told?: string;
  /** Absent while nobody has answered, or given up. */
  untilMs?: number;
}

/** What a request changed: a row as it was and as it is, in the order of the changes. */
export interface Written {
  readonly atMs: number;
  readonly before: StoredConnection | undefined;
  readonly after: StoredConnection;
}

/** Whoever gives up closes the connection, of which the server hears a moment later. */
const HEARD_MS = 150;

/** What the server itself has seen of a run. Nothing in it comes from the program. */
export class ServiceLog {
  arrivals: Arrival[] = [];
  written: Written[] = [];
  #open = 0;

  /** Listens to all writes into a store; jobs and people of the test do not count as requests. */
  watch(store: Store, isRequest: (row: StoredConnection) => boolean): void {
    const put = store.put.bind(store);
    store.put = (row) => {
      const before = store.all().find(({ id }) => id === row.id);
      put(row);
      if (isRequest(row)) this.written.push({ atMs: performance.now(), before, after: row });
    };
  }

  onArrival({ method = "", url = "" }: IncomingMessage, outgoing: ServerResponse): void {
    if (!url.startsWith("/v1/")) return;
    const arrival: Arrival = { method, path: url, fromMs: performance.now() };
    this.arrivals.push(arrival);
    this.#open += 1;
    outgoing.once("finish", () => {
      arrival.untilMs = performance.now();
    });
    outgoing.once("close", () => {
      arrival.untilMs ??= Math.max(arrival.fromMs, performance.now() - HEARD_MS);
    });
  }

  /** A request has been dealt with, also where nobody waited for that. */
  onDone(method: string, path: string, told: string): void {
    if (!path.startsWith("/v1/")) return;
    this.#open -= 1;
    const arrival = this.arrivals.find((one) => one.told === undefined && one.method === method && one.path === path);
    if (arrival !== undefined) arrival.told = told;
  }

  /** Forgets what was seen. */
  begin(): void {
    this.arrivals = [];
    this.written = [];
  }

  /**
   * Resolves when nothing is being dealt with, also nothing that was still on its way from a process that is gone: connections that
   * are opened now come after those.
   */
  async quiet(baseUrl: string): Promise<void> {
    for (let time = 0; time < 2; time += 1) await asked(new URL("/health", baseUrl));
    while (this.#open > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The most requests that were open at one moment. */
  mostInFlight(): number {
    const moments = this.arrivals.flatMap(({ fromMs, untilMs = Number.POSITIVE_INFINITY }) => [
      { atMs: fromMs, step: 1 },
      { atMs: untilMs, step: -1 },
    ]);
    // What ends at the moment that another begins makes room for it.
    moments.sort((left, right) => left.atMs - right.atMs || left.step - right.step);
    let open = 0;
    let most = 0;
    for (const { step } of moments) {
      open += step;
      most = Math.max(most, open);
    }
    return most;
  }

  writes(): readonly Arrival[] {
    return this.arrivals.filter(({ method }) => method !== "GET");
  }
}

/** Asks over a connection of its own, to the end of the answer. */
function asked(url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => response.resume().once("end", resolve)).once("error", reject);
  });
}
