import { type Dispatcher, Pool } from "undici";
import { decoded } from "./decoding.js";
import { authorizing, Dialer } from "./dialer.js";
import { faultOf, HttpFault, LONGEST_CONNECT_MS, late, type Progress } from "./http-fault.js";
import type { ProxyRoute, Route } from "./route.js";

/** Bytes of an answer that are read at most; ten thousand connections are about 10 MB. */
export const LARGEST_ANSWER = 32 * 1024 * 1024;

/** Of an error only its message is of interest. */
const LARGEST_ERROR = 256 * 1024;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path and query, from the host's root. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long it may take, where that is less than is usual for the host. */
  readonly timeoutMs?: number;
  /** Breaks it off. */
  readonly signal?: AbortSignal;
  /** Whether it is too old, asked when there is a connection to write it to; then it is not sent. */
  readonly isStale?: () => boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly retryAfter?: string;
  readonly location?: string;
  /** When the answer was made, by the clock of the other side. */
  readonly date?: string;
  /** Absent when the bytes are no UTF-8, or encoded in a way that is not known, or are not all that was encoded. */
  readonly text?: string;
}

/** Sends one request and reads its whole answer. Redirects are answers, never followed: the key must not go elsewhere. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

export interface Connection {
  readonly send: Send;
  readonly close: () => Promise<void>;
}

/**
 * Connections to one host.
 *
 * @param mostAtOnce - connections held open
 * @param timeoutMs - for one request with its whole answer
 */
export function connect(route: Route, mostAtOnce: number, timeoutMs: number): Connection {
  const { origin, proxy } = route;
  const dialer = new Dialer(route, Math.min(timeoutMs, LONGEST_CONNECT_MS));
  // Without TLS there is nothing to tunnel: the proxy is sent the request itself (RFC 9112 §3.2.2).
  const isForwarded = proxy !== undefined && origin.startsWith("http:");
  const peer = isForwarded ? proxy.origin : origin;
  const pool = new Pool(peer, {
    connect: proxy === undefined || isForwarded ? dialer.direct : dialer.tunnel({ origin, proxy }),
    connections: mostAtOnce,
    // No pipelining: one slow answer would hold up the ones behind it.
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const dispatcher = pool.compose(
    (dispatch) => (options, handler) => dispatch(options, notingStart(handler, options as WithProgress)),
  );
  const forwarded = isForwarded ? { host: new URL(origin).host, ...authorizing(proxy) } : {};
  const send: Send = async (request) => {
    const whole = {
      ...request,
      path: isForwarded ? `${origin}${request.path}` : request.path,
      headers: { ...request.headers, ...forwarded },
    };
    try {
      return await sendOver(dispatcher, peer, whole, Math.ceil(Math.min(timeoutMs, request.timeoutMs ?? timeoutMs)));
    } catch (cause) {
      throw proxy === undefined ? cause : throughProxy(cause, proxy);
    }
  };
  return {
    send,
    close() {
      dialer.close();
      return pool.destroy();
    },
  };
}

/** A fault on a way that has a proxy names it: what does not answer may be the one or the other. */
function throughProxy(cause: unknown, { origin }: ProxyRoute): unknown {
  if (!(cause instanceof HttpFault)) return cause;
  const { kind, delivery, message, proxyStatus, code } = cause;
  const facts = { cause, proxyStatus, code, isThroughProxy: true };
  return new HttpFault(kind, delivery, `through the proxy ${origin}: ${message}`, facts);
}

/** Options of a request that is followed. */
type WithProgress = Dispatcher.DispatchOptions & { readonly opaque?: Followed };

interface Followed extends Progress {
  readonly isStale?: () => boolean;
}

const TOO_OLD = "the connection took so long that what was to be written is no longer fresh";

/** Notes when a request begins to be written to a connection; what fails before was never sent. */
function notingStart(handler: Dispatcher.DispatchHandler, { opaque }: WithProgress): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      handler.onRequestStart?.(controller, context);
      if (opaque?.isStale?.() === true) controller.abort(new HttpFault("stale", "not-sent", TOO_OLD));
      else if (opaque !== undefined) opaque.isSent = true;
    },
    onRequestUpgrade: (...parts) => handler.onRequestUpgrade?.(...parts),
    onResponseStart: (...parts) => handler.onResponseStart?.(...parts),
    onResponseData: (...parts) => handler.onResponseData?.(...parts),
    onResponseEnd: (...parts) => handler.onResponseEnd?.(...parts),
    onResponseError: (...parts) => handler.onResponseError?.(...parts),
  };
}

async function sendOver(
  dispatcher: Dispatcher,
  origin: string,
  { method, path, headers, body, signal, isStale }: HttpRequest,
  timeoutMs: number,
): Promise<HttpAnswer> {
  const progress: Followed = { isSent: false, ...(isStale === undefined ? {} : { isStale }) };
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(late(progress, timeoutMs)), timeoutMs);
  const breakOff = () => ending.abort(brokenOff(progress));
  signal?.addEventListener("abort", breakOff, { once: true });
  if (signal?.aborted === true) breakOff();
  try {
    const asked = dispatcher.request({
      origin,
      method,
      path,
      headers,
      body: body ?? null,
      signal: ending.signal,
      opaque: progress,
    });
    const answer = await Promise.race([asked, ended(ending.signal)]);
    const header = (name: string) => first(answer.headers[name]);
    const facts = {
      status: answer.statusCode,
      contentType: header("content-type") ?? "",
      contentEncoding: header("content-encoding") ?? "",
      ...named("retryAfter", header("retry-after")),
      ...named("location", header("location")),
      ...named("date", header("date")),
    };
    progress.begun = `it answered ${facts.status} (${facts.contentType || "no content type"})`;
    const text = await textOf(answer.body, facts);
    return { ...facts, ...(text === undefined ? {} : { text }) };
  } catch (cause) {
    throw faultOf(cause, progress, timeoutMs);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", breakOff);
  }
}

/** Rejects when a request is to end: as long as there is no connection for it the library does not listen. */
function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

function brokenOff({ isSent }: Progress): HttpFault {
  return new HttpFault("stopped", isSent ? "unknown" : "not-sent", "it was broken off");
}

function named<Key extends string>(key: Key, value: string | undefined): { readonly [name in Key]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [name in Key]?: string };
}

/** The text of a body; nothing where it has none that can be read as a whole. */
async function textOf(
  body: AsyncIterable<Uint8Array>,
  { status, contentEncoding }: Pick<HttpAnswer, "status" | "contentEncoding">,
): Promise<string | undefined> {
  const isError = status >= 400;
  const mostBytes = isError ? LARGEST_ERROR : LARGEST_ANSWER;
  const plain = await decoded(await readBytes(body, mostBytes, isError), contentEncoding, mostBytes, isError);
  if (plain === "too-large" && !isError) throw tooLarge(mostBytes);
  if (typeof plain === "string") return undefined;
  try {
    // An error may have been cut in the middle of a character; anything else must be UTF-8 as a whole.
    return new TextDecoder("utf-8", { fatal: !isError }).decode(plain);
  } catch {
    return undefined;
  }
}

async function readBytes(
  body: AsyncIterable<Uint8Array>,
  mostBytes: number,
  isBeginningEnough: boolean,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= mostBytes) continue;
    if (isBeginningEnough) break;
    throw tooLarge(mostBytes);
  }
  return Buffer.concat(chunks);
}

function tooLarge(mostBytes: number): HttpFault {
  return new HttpFault("too-large", "unknown", `the answer has more than ${mostBytes} bytes`);
}

function first(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" || header === undefined ? header : header[0];
}
