import type { Delivery } from "../model/service-error.js";

export type HttpFaultKind =
  | "unreachable"
  /** The certificate of the other side is of no authority that is trusted, or not its own. */
  | "untrusted"
  /** The proxy on the way did not let the request through. */
  | "proxy"
  | "timeout"
  | "deadline"
  /** The run was told to end. */
  | "stopped"
  /** The service asks for a longer rest than is waited for. */
  | "limited"
  /** It waited too long for a connection to be sent as it is. */
  | "stale"
  | "cut-off"
  | "too-large";

/** A connection is there sooner than this, or it will not be. */
export const LONGEST_CONNECT_MS = 10_000;

export interface HttpFaultFacts {
  readonly cause?: unknown;
  readonly proxyStatus?: number | undefined;
  readonly isThroughProxy?: boolean;
  readonly code?: string | undefined;
}

/** No usable answer came back. */
export class HttpFault extends Error {
  override readonly name = "HttpFault";
  readonly kind: HttpFaultKind;
  readonly delivery: Exclude<Delivery, "answered">;
  /** What the proxy answered in place of opening the way. */
  readonly proxyStatus: number | undefined;
  /** Whether a proxy is on the way. */
  readonly isThroughProxy: boolean;
  /** What the platform calls it. */
  readonly code: string | undefined;

  constructor(
    kind: HttpFaultKind,
    delivery: Exclude<Delivery, "answered">,
    message: string,
    { cause, proxyStatus, isThroughProxy = false, code }: HttpFaultFacts = {},
  ) {
    super(message, { cause });
    this.kind = kind;
    this.delivery = delivery;
    this.proxyStatus = proxyStatus;
    this.isThroughProxy = isThroughProxy;
    this.code = code;
  }
}

/** How far a request came. */
export interface Progress {
  /** Whether its first byte may have left: before that there was no connection to send it over. */
  isSent: boolean;
  /** The beginning of an answer, as text: its status and what it holds. */
  begun?: string;
}

/** The certificate was looked at and is not taken: OpenSSL's names for why, and Node's for a name that it does not hold. */
const UNTRUSTED = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|ERR_TLS_CERT)/;

/** What a library threw, as a fault of ours. */
export function faultOf(cause: unknown, progress: Readonly<Progress>, timeoutMs: number): HttpFault {
  const { isSent, begun } = progress;
  if (cause instanceof HttpFault) return cause;
  const { code, message } = factsOf(cause);
  const delivery = isSent ? "unknown" : "not-sent";
  const words = code === "" || message.includes(code) ? message : `${message} (${code})`;
  if (UNTRUSTED.test(code)) return new HttpFault("untrusted", delivery, words, { cause, code });
  if (/^(?:EPROTO|ERR_SSL)/.test(code)) {
    const why = "the other side does not speak TLS as expected; is it an http: address?";
    return new HttpFault("unreachable", delivery, why, { cause });
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT") return late(progress, Math.min(timeoutMs, LONGEST_CONNECT_MS));
  if (/^UND_ERR_(?:HEADERS|BODY)_TIMEOUT$/.test(code)) return late(progress, timeoutMs);
  if (begun === undefined) return new HttpFault("unreachable", delivery, words, { cause });
  return new HttpFault("cut-off", "unknown", `${begun}, and then broke off: ${words}`, { cause });
}

/** What took too long, by its name: the connection, the answer's beginning, or its end. */
export function late({ isSent, begun }: Readonly<Progress>, timeoutMs: number): HttpFault {
  const within = `within ${timeoutMs / 1000} s`;
  if (!isSent) return new HttpFault("timeout", "not-sent", `there was no connection ${within}`);
  if (begun === undefined) return new HttpFault("timeout", "unknown", `no answer began ${within}`);
  return new HttpFault("timeout", "unknown", `${begun}, and was not whole ${within}`);
}

interface Facts {
  readonly code: string;
  readonly message: string;
}

function factsOf(cause: unknown): Facts {
  if (!(cause instanceof Error)) return { code: "", message: String(cause) };
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  // Several addresses of one host fail together without a message of their own.
  const inner = cause instanceof AggregateError ? cause.errors.find((one: unknown) => one instanceof Error) : undefined;
  const message = cause.message || (inner instanceof Error ? inner.message : cause.name);
  return { code, message };
}
