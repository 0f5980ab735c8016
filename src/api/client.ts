import type { ErrorShape } from "../model/account.js";
import type { Observed } from "../model/connection.js";
import type { KnownSecrets, Secret } from "../model/secret.js";
import type { CreateWish, UpdateWish } from "../model/wish.js";
import { type Attempted, type Foreign, jsonOf, noAnswer, notJson, oneLine, refusal, wrongShape } from "./faults.js";
import { type HttpAnswer, HttpFault, type HttpRequest, type Send } from "./http.js";
import type { Limit } from "./limit.js";
import { isFromGateway, isWorthAnotherTry, retryAfterMs, waitBefore } from "./retry.js";
import {
  type ConnectionsPage,
  createBody,
  headersOf,
  readConnection,
  readPage,
  shapeOfError,
  updateBody,
} from "./wire.js";

/** An answer with what is worth telling about the way to it. */
export interface Answered<T> {
  readonly value: T;
  readonly attempts: number;
  readonly httpStatus: number;
  readonly requestId: string;
}

/** What the steps need of the service. Everything throws `ServiceError` and nothing else. */
export interface ConnectionsApi {
  /** Connections from a position on; the service of today gives all of them whatever the position. */
  readonly list: (offset: number) => Promise<Answered<ConnectionsPage>>;
  readonly get: (id: string) => Promise<Answered<Observed>>;
  readonly create: (wish: CreateWish) => Promise<Answered<Observed>>;
  /**
   * @param next - what to ask for, called before every try: the row may have moved while a try was waited for. What it throws
   * is thrown on.
   */
  readonly update: (id: string, next: (earlier: EarlierTries) => Promise<UpdateWish>) => Promise<Answered<Observed>>;
  /**
   * Archives a connection; nothing brings it back.
   *
   * @param check - called before every try; what it throws is thrown on
   */
  readonly remove: (id: string, check: (earlier: EarlierTries) => Promise<void>) => Promise<Answered<undefined>>;
}

/** What may have become of the tries before one. */
export interface EarlierTries {
  readonly count: number;
  /** Whether one of them may have been done all the same. */
  readonly mayBeDone: boolean;
}

/** What happens on the wire, for `-v` and `--debug`: no header values, no bodies. */
export type WireEvent =
  | {
      readonly kind: "sent";
      readonly method: string;
      readonly url: string;
      readonly attempt: number;
      readonly requestId: string;
      readonly bodyKeys: readonly string[];
    }
  | {
      readonly kind: "answered";
      readonly method: string;
      readonly url: string;
      readonly attempt: number;
      readonly requestId: string;
      readonly status: number;
      readonly contentType: string;
      readonly characters: number;
      readonly ms: number;
    }
  | {
      readonly kind: "failed";
      readonly method: string;
      readonly url: string;
      readonly attempt: number;
      readonly requestId: string;
      readonly reason: string;
      readonly ms: number;
    }
  | {
      readonly kind: "waiting";
      readonly method: string;
      readonly url: string;
      readonly requestId: string;
      readonly waitMs: number;
      /** Tries made so far. */
      readonly attempt: number;
      readonly reason: string;
    };

export interface ClientParts {
  readonly baseUrl: URL;
  readonly apiKey: Secret;
  readonly environmentId?: string;
  readonly send: Send;
  readonly knownSecrets: KnownSecrets;
  readonly clock: {
    readonly nowMs: () => number;
    readonly pause: (ms: number) => Promise<void>;
  };
  readonly random: () => number;
  /**
   * By the clock. From then on nothing is asked that a run begins with: lists, and whom the key belongs to. What a write has begun
   * is brought to its end, whenever that is.
   */
  readonly deadlineAtMs?: number;
  /** Waits for a turn; that is no part of the time that a request may take. Without it there is always one. */
  readonly turn?: Limit;
  readonly newRequestId: () => string;
  readonly onEvent: (event: WireEvent) => void;
}

/** The connections of one environment of the service. */
export function connectionsApi(parts: ClientParts): ConnectionsApi {
  const client = new Client(parts);
  return {
    list: (offset) =>
      client.call("GET", offset === 0 ? "/connections" : `/connections?offset=${offset}`, undefined, readPage),
    get: (id) => client.call("GET", pathOf(id), undefined, readConnection),
    create: (wish) => client.call("POST", "/connections", async () => createBody(wish), readConnection),
    update: (id, next) =>
      client.call("PUT", pathOf(id), async (earlier) => updateBody(await next(earlier)), readConnection),
    remove: (id, check) =>
      client.ask("DELETE", pathOf(id), async (earlier) => {
        await check(earlier);
        return undefined;
      }),
  };
}

/** The path of a connection. */
export function pathOf(id: string): string {
  return `/connections/${encodeURIComponent(id)}`;
}

/** Makes the body of one try, if it has one. */
type BodyOf = (earlier: EarlierTries) => Promise<string | undefined>;

/** Sends requests, repeats what may be repeated, and makes a fault of what is no success. */
export class Client {
  readonly #parts: ClientParts;
  readonly #foreign: Foreign;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#foreign = (text) => oneLine(parts.knownSecrets.withhold(text));
  }

  /** A request whose answer has something to read. */
  async call<T>(
    method: HttpRequest["method"],
    path: string,
    bodyOf: BodyOf | undefined,
    read: (value: unknown) => T | undefined,
  ): Promise<Answered<T>> {
    const { answer, attempted } = await this.#succeeded(method, path, bodyOf);
    const json = jsonOf(answer);
    if (json === undefined) throw notJson(answer, attempted, this.#foreign);
    const value = read(json.value);
    if (value === undefined) throw wrongShape(answer, attempted, this.#foreign);
    const { attempts, requestId } = attempted;
    return { value, attempts, httpStatus: answer.status, requestId };
  }

  /** A request of whose answer only the success counts. */
  async ask(method: HttpRequest["method"], path: string, bodyOf: BodyOf): Promise<Answered<undefined>> {
    const { answer, attempted } = await this.#succeeded(method, path, bodyOf);
    const { attempts, requestId } = attempted;
    return { value: undefined, attempts, httpStatus: answer.status, requestId };
  }

  /** How a request that leads nowhere is refused, and what time the service has. */
  async manners(path: string): Promise<{ readonly shape: ErrorShape; readonly skewMs?: number }> {
    const { answer, attempted } = await this.#answered("GET", path, undefined);
    const said = jsonOf(answer)?.value;
    // The clock of the answer is cut to whole seconds: in the middle of one it is wrong by the least.
    const skewMs = Date.parse(answer.date ?? "") + 500 - (attempted.halfwayMs ?? 0);
    return {
      shape: answer.status === 404 ? shapeOfError(said) : "other",
      ...(Number.isNaN(skewMs) ? {} : { skewMs }),
    };
  }

  /** Sends until there is an answer, and throws one that is no success. */
  async #succeeded(
    method: HttpRequest["method"],
    path: string,
    bodyOf: BodyOf | undefined,
  ): Promise<{ readonly answer: HttpAnswer; readonly attempted: Attempted }> {
    const { answer, attempted } = await this.#answered(method, path, bodyOf);
    if (answer.status < 200 || answer.status >= 300) {
      throw refusal(answer, attempted, this.#parts.clock.nowMs(), this.#foreign);
    }
    return { answer, attempted };
  }

  /** Sends until there is an answer, whatever it is. */
  async #answered(
    method: HttpRequest["method"],
    path: string,
    bodyOf: BodyOf | undefined,
  ): Promise<{ readonly answer: HttpAnswer; readonly attempted: Attempted }> {
    const { baseUrl, apiKey, environmentId, newRequestId } = this.#parts;
    const root = baseUrl.pathname.replace(/\/+$/, "");
    const requestId = newRequestId();
    const attempted: Attempted = {
      method,
      url: `${baseUrl.origin}${root}${path}`,
      requestId,
      attempts: 0,
      isLost: false,
      isDoubtful: false,
    };
    const headers = headersOf(
      { apiKey, requestId, ...(environmentId === undefined ? {} : { environmentId }) },
      method === "POST" || method === "PUT",
    );
    const answer = await this.#sendUntilAnswered({ method, path: `${root}${path}`, headers }, bodyOf, attempted);
    return { answer, attempted };
  }

  /** Repeats what is idempotent while that can help. A POST is sent once. */
  async #sendUntilAnswered(
    head: Omit<HttpRequest, "body">,
    bodyOf: BodyOf | undefined,
    attempted: Attempted,
  ): Promise<HttpAnswer> {
    const mayRepeat = head.method !== "POST";
    for (;;) {
      const body = await bodyOf?.({ count: attempted.attempts, mayBeDone: attempted.isLost || attempted.isDoubtful });
      const request = { ...head, ...(body === undefined ? {} : { body }) };
      const { turn = always } = this.#parts;
      const result = await turn(() => this.#sendOnce(request, attempted));
      const isFault = result instanceof HttpFault;
      const canHelp = isFault ? !NO_HELP.has(result.kind) : isWorthAnotherTry(result.status);
      const asked = isFault ? undefined : retryAfterMs(result.retryAfter, this.#parts.clock.nowMs());
      const wait = canHelp && mayRepeat ? waitBefore(attempted.attempts, asked, this.#parts.random()) : "give-up";
      if (wait === "give-up" || wait >= this.#leftMs(attempted)) {
        if (isFault) throw noAnswer(result, attempted, this.#foreign);
        return result;
      }
      const { method, url, requestId } = attempted;
      const reason = isFault ? this.#foreign(result.message) : `answered ${result.status}`;
      const attempt = attempted.attempts;
      this.#parts.onEvent({ kind: "waiting", method, url, requestId, waitMs: wait, attempt, reason });
      await this.#parts.clock.pause(wait);
    }
  }

  /** Until the deadline; infinite without one, and for what a write has begun. */
  #leftMs({ method, url }: Attempted): number {
    const { deadlineAtMs = Number.POSITIVE_INFINITY, clock } = this.#parts;
    const isLookUp = /\/connections\/[^/]+$/.test(url);
    return method === "GET" && !isLookUp ? deadlineAtMs - clock.nowMs() : Number.POSITIVE_INFINITY;
  }

  async #sendOnce(request: HttpRequest, attempted: Attempted): Promise<HttpAnswer | HttpFault> {
    const leftMs = this.#leftMs(attempted);
    if (leftMs <= 0) return new HttpFault("deadline", "not-sent", "the deadline of the run has passed");
    attempted.attempts += 1;
    const { method, url, requestId, attempts: attempt } = attempted;
    const { clock, onEvent, send } = this.#parts;
    const about = { method, url, attempt, requestId };
    onEvent({ kind: "sent", ...about, bodyKeys: keysOf(request.body) });
    const startMs = clock.nowMs();
    try {
      const answer = await send(Number.isFinite(leftMs) ? { ...request, timeoutMs: leftMs } : request);
      attempted.halfwayMs = (startMs + clock.nowMs()) / 2;
      const { status, text = "" } = answer;
      if (isFromGateway(status)) attempted.isDoubtful = true;
      const contentType = this.#foreign(answer.contentType);
      const ms = clock.nowMs() - startMs;
      onEvent({ kind: "answered", ...about, status, contentType, characters: text.length, ms });
      return answer;
    } catch (cause) {
      if (!(cause instanceof HttpFault)) throw cause;
      if (cause.delivery === "unknown") attempted.isLost = true;
      onEvent({ kind: "failed", ...about, reason: this.#foreign(cause.message), ms: clock.nowMs() - startMs });
      const isLate = cause.kind === "timeout" && this.#leftMs(attempted) <= 0;
      return isLate ? new HttpFault("deadline", cause.delivery, "the deadline of the run has passed", cause) : cause;
    }
  }
}

const always: Limit = (task) => task();

/** Faults that another try meets again. */
const NO_HELP: ReadonlySet<HttpFault["kind"]> = new Set(["too-large", "deadline"]);

function keysOf(body: string | undefined): readonly string[] {
  return body === undefined ? [] : Object.keys(JSON.parse(body) as object);
}
