import { Pool } from "undici";
import type { Delivery } from "../model/service-error.js";

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
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly retryAfter?: string;
  readonly location?: string;
  /** When the answer was made, by the clock of the other side. */
  readonly date?: string;
  /** Absent when the bytes are no UTF-8, or encoded in a way that was not asked for. */
  readonly text?: string;
}

/** Sends one request and reads its whole answer. Redirects are answers, never followed: the key must not go elsewhere. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

export type HttpFaultKind = "unreachable" | "timeout" | "deadline" | "cut-off" | "too-large";

/** No usable answer came back. */
export class HttpFault extends Error {
  override readonly name = "HttpFault";
  readonly kind: HttpFaultKind;
  readonly delivery: Exclude<Delivery, "answered">;

  constructor(kind: HttpFaultKind, delivery: Exclude<Delivery, "answered">, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.delivery = delivery;
  }
}

export interface Connection {
  readonly send: Send;
  readonly close: () => Promise<void>;
}

/**
 * Connections to one host.
 *
 * @param origin - scheme, host and port
 * @param mostAtOnce - connections held open
 * @param timeoutMs - for one request with its whole answer
 */
export function connect(origin: string, mostAtOnce: number, timeoutMs: number): Connection {
  // No pipelining: one slow answer would hold up the ones behind it.
  const pool = new Pool(origin, {
    connections: mostAtOnce,
    pipelining: 1,
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const send: Send = (request) =>
    sendOver(pool, request, Math.ceil(Math.min(timeoutMs, request.timeoutMs ?? timeoutMs)));
  return { send, close: () => pool.destroy() };
}

async function sendOver(
  pool: Pool,
  { method, path, headers, body }: HttpRequest,
  timeoutMs: number,
): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  let begun: Omit<HttpAnswer, "text"> | undefined;
  try {
    const answer = await pool.request({ method, path, headers, body: body ?? null, signal });
    const header = (name: string) => first(answer.headers[name]);
    const retryAfter = header("retry-after");
    const location = header("location");
    const date = header("date");
    begun = {
      status: answer.statusCode,
      contentType: header("content-type") ?? "",
      contentEncoding: header("content-encoding") ?? "",
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(location === undefined ? {} : { location }),
      ...(date === undefined ? {} : { date }),
    };
    const bytes = await readBytes(answer.body, begun.status >= 400);
    const text = isEncoded(begun.contentEncoding) ? undefined : textOf(bytes, begun.status >= 400);
    return { ...begun, ...(text === undefined ? {} : { text }) };
  } catch (cause) {
    throw faultOf(cause, begun, timeoutMs);
  }
}

/** Whether a body is compressed or otherwise encoded; nothing of the kind is asked for. */
export function isEncoded(contentEncoding: string): boolean {
  return contentEncoding !== "" && contentEncoding.toLowerCase() !== "identity";
}

async function readBytes(body: AsyncIterable<Uint8Array>, isError: boolean): Promise<Uint8Array> {
  const mostBytes = isError ? LARGEST_ERROR : LARGEST_ANSWER;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= mostBytes) continue;
    if (isError) break;
    throw new HttpFault("too-large", "unknown", `the answer has more than ${mostBytes} bytes`);
  }
  return Buffer.concat(chunks);
}

/** An error may have been cut in the middle of a character; anything else must be UTF-8 as a whole. */
function textOf(bytes: Uint8Array, isError: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: !isError }).decode(bytes);
  } catch {
    return undefined;
  }
}

function first(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" || header === undefined ? header : header[0];
}

/** Codes of faults before anything was sent: names that do not resolve, refused connections, failed TLS. */
const NOT_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_|UND_ERR_CONNECT_TIMEOUT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS)/;

/** Codes that an open connection can end with too. */
const NOT_SENT_IN_CONNECT = /^(?:EHOSTUNREACH|ENETUNREACH)/;

function faultOf(cause: unknown, begun: Omit<HttpAnswer, "text"> | undefined, timeoutMs: number): HttpFault {
  if (cause instanceof HttpFault) return cause;
  const { code, message, isConnecting } = factsOf(cause);
  if (/^(?:EPROTO|ERR_SSL)/.test(code)) {
    const why = "the other side does not speak TLS as expected; is it an http: address?";
    return new HttpFault("unreachable", "unknown", why, cause);
  }
  const isNotSent = NOT_SENT.test(code) || (isConnecting && NOT_SENT_IN_CONNECT.test(code));
  const words = code === "" || message.includes(code) ? message : `${message} (${code})`;
  if (isNotSent) return new HttpFault("unreachable", "not-sent", words, cause);
  if (isTimeout(cause, code))
    return new HttpFault("timeout", "unknown", `no whole answer within ${timeoutMs / 1000} s`, cause);
  if (begun === undefined) return new HttpFault("unreachable", "unknown", words, cause);
  const answer = `it answered ${begun.status} (${begun.contentType || "no content type"})`;
  return new HttpFault("cut-off", "unknown", `${answer}, and then broke off: ${words}`, cause);
}

function isTimeout(cause: unknown, code: string): boolean {
  return (
    code === "UND_ERR_HEADERS_TIMEOUT" ||
    code === "UND_ERR_BODY_TIMEOUT" ||
    (cause instanceof Error && cause.name === "TimeoutError")
  );
}

interface Facts {
  readonly code: string;
  readonly message: string;
  readonly isConnecting: boolean;
}

function factsOf(cause: unknown): Facts {
  if (!(cause instanceof Error)) return { code: "", message: String(cause), isConnecting: false };
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  // Several addresses of one host fail together without a message of their own.
  const inner = cause instanceof AggregateError ? cause.errors.find((one: unknown) => one instanceof Error) : undefined;
  const message = cause.message || (inner instanceof Error ? inner.message : cause.name);
  const isConnecting = [cause, inner].some(
    (one) => one instanceof Error && "syscall" in one && one.syscall === "connect",
  );
  return { code, message, isConnecting };
}
