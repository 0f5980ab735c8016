import type { Observed } from "../model/connection.js";
import { assertNever, type ProblemCode, sentence } from "../model/problem.js";
import type { KnownSecrets, Secret } from "../model/secret.js";
import { type Delivery, ServiceError } from "../model/service-error.js";
import type { CreateWish, UpdateWish } from "../model/wish.js";
import { type HttpAnswer, HttpFault, type HttpRequest, type Send } from "./http.js";
import { isWorthAnotherTry, LONGEST_WAIT_MS, retryAfterMs, waitBefore } from "./retry.js";
import {
  type ConnectionsPage,
  createBody,
  headersOf,
  readConnection,
  readError,
  readPage,
  updateBody,
} from "./wire.js";

/** An answer with what is worth telling about the way to it. */
export interface Answered<T> {
  readonly value: T;
  readonly attempts: number;
  readonly httpStatus: number;
  readonly requestId: string;
}

/** What the steps need of the service. Everything throws {@link ServiceError} and nothing else. */
export interface ConnectionsApi {
  /** Connections from a position on; the service of today gives all of them whatever the position. */
  readonly list: (offset: number) => Promise<Answered<ConnectionsPage>>;
  readonly get: (id: string) => Promise<Answered<Observed>>;
  readonly create: (wish: CreateWish) => Promise<Answered<Observed>>;
  readonly update: (id: string, wish: UpdateWish) => Promise<Answered<Observed>>;
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
      readonly bytes: number;
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
  readonly newRequestId: () => string;
  readonly onEvent: (event: WireEvent) => void;
}

/** The connections of one environment of the service. */
export function connectionsApi(parts: ClientParts): ConnectionsApi {
  const client = new Client(parts);
  return {
    list: (offset) =>
      client.call("GET", offset === 0 ? "/connections" : `/connections?offset=${offset}`, undefined, readPage),
    get: (id) => client.call("GET", `/connections/${encodeURIComponent(id)}`, undefined, readConnection),
    create: (wish) => client.call("POST", "/connections", createBody(wish), readConnection),
    update: (id, wish) =>
      client.call("PUT", `/connections/${encodeURIComponent(id)}`, updateBody(wish), readConnection),
  };
}

type Method = HttpRequest["method"];

/** One request, repeats included. */
interface Attempted {
  readonly method: Method;
  readonly url: string;
  readonly requestId: string;
  attempts: number;
}

class Client {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  async call<T>(
    method: Method,
    path: string,
    body: string | undefined,
    read: (value: unknown) => T | undefined,
  ): Promise<Answered<T>> {
    const { baseUrl, apiKey, environmentId, newRequestId } = this.#parts;
    const root = baseUrl.pathname.replace(/\/+$/, "");
    const requestId = newRequestId();
    const attempted: Attempted = { method, url: `${baseUrl.origin}${root}${path}`, requestId, attempts: 0 };
    const headers = headersOf(
      { apiKey, requestId, ...(environmentId === undefined ? {} : { environmentId }) },
      body !== undefined,
    );
    const request: HttpRequest = { method, path: `${root}${path}`, headers, ...(body === undefined ? {} : { body }) };
    const answer = await this.#sendUntilAnswered(request, attempted);
    if (answer.status < 200 || answer.status >= 300) throw this.#refusal(answer, attempted);
    const value = read(this.#json(answer, attempted));
    if (value === undefined) {
      const detail = `${about(answer, attempted)}, but not in the shape of the connections API.`;
      throw this.#fault("SERVICE.WRONG_SHAPE", detail, attempted, afterWrite(method), answer.status, BASE_URL_HINT);
    }
    return { value, attempts: attempted.attempts, httpStatus: answer.status, requestId };
  }

  /** Repeats GET and PUT, which are idempotent, while that can help. A POST is sent once. */
  async #sendUntilAnswered(request: HttpRequest, attempted: Attempted): Promise<HttpAnswer> {
    const mayRepeat = request.method !== "POST";
    for (;;) {
      const result = await this.#sendOnce(request, attempted);
      const canHelp = result instanceof HttpFault ? result.kind !== "too-large" : isWorthAnotherTry(result.status);
      const asked =
        result instanceof HttpFault ? undefined : retryAfterMs(result.retryAfter, this.#parts.clock.nowMs());
      const wait = canHelp && mayRepeat ? waitBefore(attempted.attempts, asked, this.#parts.random()) : "give-up";
      if (wait === "give-up") {
        if (result instanceof HttpFault) throw this.#transportError(result, attempted);
        return result;
      }
      const { method, url, requestId } = attempted;
      this.#parts.onEvent({ kind: "waiting", method, url, requestId, waitMs: wait });
      await this.#parts.clock.pause(wait);
    }
  }

  async #sendOnce(request: HttpRequest, attempted: Attempted): Promise<HttpAnswer | HttpFault> {
    attempted.attempts += 1;
    const { method, url, requestId, attempts: attempt } = attempted;
    const { clock, onEvent, send } = this.#parts;
    onEvent({ kind: "sent", method, url, attempt, requestId, bodyKeys: keysOf(request.body) });
    const startMs = clock.nowMs();
    try {
      const answer = await send(request);
      const { status, contentType, text } = answer;
      onEvent({
        kind: "answered",
        method,
        url,
        attempt,
        requestId,
        status,
        contentType,
        bytes: text.length,
        ms: clock.nowMs() - startMs,
      });
      return answer;
    } catch (cause) {
      if (!(cause instanceof HttpFault)) throw cause;
      onEvent({
        kind: "failed",
        method,
        url,
        attempt,
        requestId,
        reason: this.#parts.knownSecrets.withhold(cause.message),
        ms: clock.nowMs() - startMs,
      });
      return cause;
    }
  }

  #json(answer: HttpAnswer, attempted: Attempted): unknown {
    const encoded = answer.contentEncoding !== "" && answer.contentEncoding !== "identity";
    const isJson = answer.contentType === "" || /[/+]json\b/i.test(answer.contentType);
    if (!encoded && isJson) {
      try {
        return JSON.parse(answer.text) as unknown;
      } catch {
        // Said below: the parser's own message would quote the body.
      }
    }
    const detail = `${about(answer, attempted)}${encoded ? `, encoded as ${answer.contentEncoding}` : ""}, which is not JSON.`;
    throw this.#fault(
      "SERVICE.NOT_JSON",
      detail,
      attempted,
      afterWrite(attempted.method),
      answer.status,
      BASE_URL_HINT,
    );
  }

  #refusal(answer: HttpAnswer, attempted: Attempted): ServiceError {
    const { status } = answer;
    if (status >= 300 && status < 400) {
      const detail = `${about(answer, attempted)} and leads to ${hostOf(answer.location, attempted.url)}; redirects are not followed, for they would carry the key.`;
      return this.#fault("SERVICE.REDIRECTED", detail, attempted, "answered", status, "correct the base URL.");
    }
    const said = readError(parsed(answer));
    const words = said.message === undefined ? "" : `: ${oneLine(this.#parts.knownSecrets.withhold(said.message))}`;
    const tries = attempted.attempts > 1 ? ` after ${attempted.attempts} tries` : "";
    const detail = `${about(answer, attempted)}${tries}${words}${waitWords(answer, this.#parts.clock.nowMs())}`;
    const [code, hint] = meaningOf(status);
    const existing =
      said.existingId === undefined ? hint : `it exists as ${oneLine(said.existingId)}; run plan again to see it.`;
    return this.#fault(code, sentence(detail), attempted, "answered", status, existing);
  }

  #transportError(fault: HttpFault, attempted: Attempted): ServiceError {
    const [code, hint] = transportMeaning(fault);
    const tries = attempted.attempts > 1 ? ` after ${attempted.attempts} tries` : "";
    const why = oneLine(this.#parts.knownSecrets.withhold(fault.message));
    const detail = sentence(`${attempted.method} ${attempted.url} failed${tries}: ${why}`);
    return this.#fault(code, detail, attempted, fault.delivery, undefined, hint, fault);
  }

  #fault(
    code: ProblemCode,
    detail: string,
    { attempts, requestId }: Attempted,
    delivery: Delivery,
    httpStatus: number | undefined,
    hint: string,
    cause?: unknown,
  ): ServiceError {
    const status = httpStatus === undefined ? {} : { httpStatus };
    return new ServiceError(detail, {
      code,
      delivery,
      attempts,
      requestId,
      hint: `${hint} Request id: ${requestId}.`,
      cause,
      ...status,
    });
  }
}

const BASE_URL_HINT = "is the base URL right? It ends in /v1, as in https://us.api.flexprice.io/v1.";

/** An unreadable answer to a write says nothing about whether it was done. */
function afterWrite(method: Method): Delivery {
  return method === "GET" ? "answered" : "unknown";
}

function about({ status, contentType }: HttpAnswer, { method, url }: Attempted): string {
  return `${method} ${url} answered ${status} (${oneLine(contentType) || "no content type"})`;
}

function waitWords({ retryAfter }: HttpAnswer, nowMs: number): string {
  const asked = retryAfterMs(retryAfter, nowMs);
  if (asked === undefined || asked <= LONGEST_WAIT_MS) return "";
  return ` (it asks to wait ${Math.ceil(asked / 1000)} s; at most ${LONGEST_WAIT_MS / 1000} s are waited)`;
}

function meaningOf(status: number): readonly [ProblemCode, string] {
  switch (status) {
    case 401:
      return [
        "SERVICE.UNAUTHORIZED",
        "check FLEXPRICE_API_KEY: unknown, expired and revoked keys, and publishable ones (pk_…), are all refused so.",
      ];
    case 403:
      return [
        "SERVICE.FORBIDDEN",
        "the key's role may be too small (writing needs all_writer or super_admin), or FLEXPRICE_ENVIRONMENT_ID is not one of its environments.",
      ];
    case 404:
      return ["SERVICE.NOT_FOUND", BASE_URL_HINT];
    case 409:
      return ["SERVICE.CONFLICT", "run plan again to see what is there now."];
    case 429:
      return ["SERVICE.RATE_LIMITED", "run again later, or with a smaller --parallelism."];
    default:
      if (status >= 500) return ["SERVICE.FAILED", "run again; if it stays, ask whoever runs the service."];
      return ["SERVICE.REJECTED", "the service does not take this; compare the definition with its schema."];
  }
}

function transportMeaning(fault: HttpFault): readonly [ProblemCode, string] {
  switch (fault.kind) {
    case "unreachable":
      return ["SERVICE.UNREACHABLE", "check the base URL and the network."];
    case "timeout":
      return ["SERVICE.TIMEOUT", "run again, or allow more with --timeout."];
    case "cut-off":
      return ["SERVICE.CUT_OFF", "run again; something between here and the service ends connections."];
    case "too-large":
      return ["SERVICE.TOO_LARGE", BASE_URL_HINT];
    default:
      return assertNever(fault.kind);
  }
}

function parsed({ text }: HttpAnswer): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Text from elsewhere on one line of bounded length, without control characters. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

function hostOf(location: string | undefined, base: string): string {
  if (location === undefined || !URL.canParse(location, base)) return "nowhere";
  return new URL(location, base).host;
}

function keysOf(body: string | undefined): readonly string[] {
  return body === undefined ? [] : Object.keys(JSON.parse(body) as object);
}
