import { Pool } from "undici";
import type { Delivery } from "../model/service-error.js";

/** Bytes of an answer that are read at most; ten thousand connections are about 10 MB. */
export const LARGEST_ANSWER = 32 * 1024 * 1024;

/** Of an error only its message is of interest. */
const LARGEST_ERROR = 256 * 1024;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Path and query, from the host's root. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly retryAfter?: string;
  readonly location?: string;
  readonly text: string;
}

/** Sends one request and reads its whole answer. Redirects are answers, never followed: the key must not go elsewhere. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

export type HttpFaultKind = "unreachable" | "timeout" | "cut-off" | "too-large";

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
  return { send: (request) => sendOver(pool, request, timeoutMs), close: () => pool.destroy() };
}

async function sendOver(
  pool: Pool,
  { method, path, headers, body }: HttpRequest,
  timeoutMs: number,
): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  let answered = false;
  try {
    const answer = await pool.request({ method, path, headers, body: body ?? null, signal });
    answered = true;
    const text = await readText(answer.body, answer.statusCode >= 400);
    const header = (name: string) => first(answer.headers[name]);
    const retryAfter = header("retry-after");
    const location = header("location");
    return {
      status: answer.statusCode,
      contentType: header("content-type") ?? "",
      contentEncoding: header("content-encoding") ?? "",
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(location === undefined ? {} : { location }),
      text,
    };
  } catch (cause) {
    throw faultOf(cause, answered, timeoutMs);
  }
}

async function readText(body: AsyncIterable<Uint8Array>, isError: boolean): Promise<string> {
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
  try {
    return new TextDecoder("utf-8", { fatal: !isError }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new HttpFault("cut-off", "unknown", "the answer is not UTF-8", cause);
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

function faultOf(cause: unknown, answered: boolean, timeoutMs: number): HttpFault {
  if (cause instanceof HttpFault) return cause;
  const { code, message, isConnecting } = factsOf(cause);
  if (/^(?:EPROTO|ERR_SSL)/.test(code)) {
    const why = "the other side does not speak TLS as expected; is it an http: address?";
    return new HttpFault("unreachable", "unknown", why, cause);
  }
  const isNotSent = NOT_SENT.test(code) || (isConnecting && NOT_SENT_IN_CONNECT.test(code));
  if (isNotSent) return new HttpFault("unreachable", "not-sent", `${message} (${code})`, cause);
  if (isTimeout(cause, code))
    return new HttpFault("timeout", "unknown", `no whole answer within ${timeoutMs / 1000} s`, cause);
  const words = code === "" ? message : `${message} (${code})`;
  return new HttpFault(answered ? "cut-off" : "unreachable", "unknown", words, cause);
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
