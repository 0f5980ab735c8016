import { codeOfStop, DEADLINE_HINT } from "../model/interrupt.js";
import { assertNever, type ProblemCode, sentence } from "../model/problem.js";
import { type Delivery, ServiceError } from "../model/service-error.js";
import { isEncoded } from "./decoding.js";
import type { HttpAnswer, HttpRequest } from "./http.js";
import type { HttpFault } from "./http-fault.js";
import { LONGEST_WAIT_MS, retryAfterMs } from "./retry.js";
import { hasLossyNumber, readError, type ServiceMessage } from "./wire.js";

/** One request, repeats included. */
export interface Attempted {
  readonly method: HttpRequest["method"];
  readonly url: string;
  readonly requestId: string;
  attempts: number;
  /** Whether a try was lost on its way or its answer was: a refusal of a later try says nothing about that one. */
  isLost: boolean;
  /** When the last try was sent, by our clock. */
  sentAtMs?: number;
  /** When the last try was halfway to its answer, by our clock. */
  halfwayMs?: number;
  /** Whether a gateway gave up on the service in some try. */
  isDoubtful: boolean;
  /** It is not tried again, for the deadline of the run comes before that. */
  isCutShort?: boolean;
}

/** Makes text from elsewhere fit to be shown: on one line, of bounded length, without a secret. */
export type Foreign = (text: string) => string;

const BASE_URL_HINT = "is the base URL right? It ends in /v1, as in https://us.api.flexprice.io/v1.";

const RATE_HINT = "run again later, or with fewer requests at a time, such as --parallelism 2.";

/** The variable that names the proxy on the way to an address. */
function proxyVariable(url: string): string {
  return url.startsWith("http:") ? "HTTP_PROXY" : "HTTPS_PROXY";
}

function proxyCredentials(url: string): string {
  return `the proxy wants to know who asks: ${proxyVariable(url)}=http://USER:PASSWORD@HOST:PORT says it.`;
}

/** On every update the service checks the stored sync_config again: a row from before a rule fails until a valid one comes. */
const NO_LONGER_TAKEN =
  "run again; if it stays, the row may hold a part of sync_config that the service no longer takes: declare that part in the file, turned off.";

/** The value of an answer's JSON; `undefined` where there is none that can be read. */
export function jsonOf({ contentType, text }: HttpAnswer): { readonly value: unknown } | undefined {
  if (text === undefined || !isJson(contentType) || hasLossyNumber(text)) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // What the parser says would quote the body.
    return undefined;
  }
}

function isJson(contentType: string): boolean {
  return contentType === "" || /[/+]json\b/i.test(contentType);
}

/**
 * Whether an answer leaves it open what became of the request: a gateway got none from the service, or somebody other than the
 * service's own handlers speaks. Those answer every error as JSON with a message.
 */
export function isDoubtful(answer: HttpAnswer): boolean {
  const { status } = answer;
  if (status === 502 || status === 504) return true;
  return (status >= 500 || status === 408) && readError(parsed(answer)).message === undefined;
}

/** A success whose body is not JSON: a login page, a proxy's greeting, a wrong path. */
export function notJson(answer: HttpAnswer, attempted: Attempted, foreign: Foreign): ServiceError {
  const detail = `${about(answer, attempted, foreign)}, but not with JSON that can be read${whyUnreadable(answer)}.`;
  const hint =
    isEncoded(answer.contentEncoding) && answer.text === undefined
      ? "run again; if it stays, something between here and the service encodes answers: have it pass them on as they are, or go round it."
      : BASE_URL_HINT;
  return fault("SERVICE.NOT_JSON", detail, attempted, afterWrite(attempted), answer.status, hint);
}

function whyUnreadable({ contentType, contentEncoding, text }: HttpAnswer): string {
  if (isEncoded(contentEncoding) && text === undefined)
    return ": it is encoded, in a way that is not known or not all of it";
  if (/\bhtml\b/i.test(contentType)) return ": it is an HTML page, perhaps a login or a proxy's";
  if (text === undefined) return ": it is not UTF-8";
  if (text === "") return ": it is empty";
  if (!isJson(contentType)) return ": that is no content type of JSON";
  return hasLossyNumber(text)
    ? ": it holds a number that would change on its way through JSON"
    : ": it is no JSON, or not all of it";
}

/** A success with a body, or another than 204, where the API answers with nothing: the row tells what became of the request. */
export function notEmpty(answer: HttpAnswer, attempted: Attempted, foreign: Foreign): ServiceError {
  const detail = `${about(answer, attempted, foreign)}, but the connections API answers with 204 and nothing else.`;
  return fault("SERVICE.WRONG_SHAPE", detail, attempted, "doubtful", answer.status, BASE_URL_HINT);
}

/** A success whose JSON is not what the connections API answers. */
export function wrongShape(answer: HttpAnswer, attempted: Attempted, foreign: Foreign): ServiceError {
  const detail = `${about(answer, attempted, foreign)}, but not in the shape of the connections API.`;
  return fault("SERVICE.WRONG_SHAPE", detail, attempted, afterWrite(attempted), answer.status, BASE_URL_HINT);
}

/** An answer that is no success, with the service's own words. */
export function refusal(answer: HttpAnswer, attempted: Attempted, nowMs: number, foreign: Foreign): ServiceError {
  const { status } = answer;
  if ([301, 302, 303, 307, 308].includes(status)) {
    const place = placeOf(answer.location, attempted.url, foreign);
    const detail = `${about(answer, attempted, foreign)} and leads to ${place}; redirects are not followed: the key goes only where the base URL says.`;
    return fault("SERVICE.REDIRECTED", detail, attempted, "answered", status, "correct the base URL.");
  }
  const said = readError(parsed(answer));
  const words = said.message === undefined ? "" : `: ${foreign(said.message)}`;
  const askedMs = retryAfterMs(answer.retryAfter, nowMs, answer.date) ?? 0;
  const detail = `${about(answer, attempted, foreign)}${triesOf(attempted)}${words}${waitWords(askedMs, attempted)}`;
  const [code, general] = meaningOf(status, attempted, said, askedMs);
  const hint =
    said.existingId === undefined ? general : `it exists as ${foreign(said.existingId)}; run plan again to see it.`;
  return fault(code, sentence(detail), attempted, "answered", status, hint);
}

/** No answer, or not a whole one. */
export function noAnswer(
  cause: HttpFault,
  attempted: Attempted,
  stop: AbortSignal | undefined,
  foreign: Foreign,
): ServiceError {
  const { method, url, attempts } = attempted;
  const [code, hint] = transportMeaning(cause, url, stop);
  const what = attempts === 0 ? "was not sent" : `failed${triesOf(attempted)}`;
  const detail = sentence(`${method} ${url} ${what}: ${foreign(cause.message)}`);
  return fault(code, detail, attempted, cause.delivery, undefined, hint, cause);
}

/** Text on one line of at most 300 characters, without control characters. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

function fault(
  code: ProblemCode,
  detail: string,
  attempted: Attempted,
  delivery: Delivery,
  httpStatus: number | undefined,
  hint: string,
  cause?: unknown,
): ServiceError {
  const { attempts, requestId } = attempted;
  const status = httpStatus === undefined ? {} : { httpStatus };
  const next = `${hint} Request id: ${requestId}.`;
  const overall = overAllTries(delivery, attempted);
  return new ServiceError(detail, { code, delivery: overall, attempts, requestId, hint: next, cause, ...status });
}

/** What may have become of a request, going by all its tries. */
function overAllTries(last: Delivery, { method, isLost, isDoubtful }: Attempted): Delivery {
  if (method === "GET" || last === "unknown") return last;
  if (isLost) return "unknown";
  return isDoubtful ? "doubtful" : last;
}

/** An unreadable answer to a write says nothing about whether it was done. */
function afterWrite({ method }: Attempted): Delivery {
  return method === "GET" ? "answered" : "unknown";
}

function about(answer: HttpAnswer, { method, url }: Attempted, foreign: Foreign): string {
  const { status, contentType, contentEncoding } = answer;
  const encoded = isEncoded(contentEncoding) ? `, ${foreign(contentEncoding)}` : "";
  return `${method} ${url} answered ${status} (${foreign(contentType) || "no content type"}${encoded})`;
}

function triesOf({ attempts }: Attempted): string {
  return attempts > 1 ? ` after ${attempts} tries` : "";
}

/** @param askedMs - the wait that the answer asks for; 0 where it asks for none */
function waitWords(askedMs: number, { isCutShort = false }: Attempted): string {
  if (askedMs === 0 || (askedMs <= LONGEST_WAIT_MS && !isCutShort)) return "";
  const but = isCutShort ? "the deadline of the run comes first" : `at most ${LONGEST_WAIT_MS / 1000} s are waited`;
  return ` (it asks to wait ${secondsText(askedMs)}; ${but})`;
}

/** `90 s`; what is longer than a week is told as that. */
export function secondsText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds > 7 * 86_400 ? "more than a week" : `${seconds} s`;
}

function meaningOf(
  status: number,
  { method, url }: Attempted,
  said: ServiceMessage,
  askedMs: number,
): readonly [ProblemCode, string] {
  const isList = method === "GET" && /\/connections(?:\?|$)/.test(url);
  switch (status) {
    case 401:
      return [
        "SERVICE.UNAUTHORIZED",
        "check the API key (FLEXPRICE_API_KEY, or the variable that the settings name): unknown, expired and revoked keys, and publishable ones (pk_…), are all refused so.",
      ];
    case 403:
      return [
        "SERVICE.FORBIDDEN",
        "the key's role may be too small (writing needs all_writer or super_admin), or the environment id is not one of its environments, or the tenant is suspended; flexprice-sync doctor tells which.",
      ];
    case 404:
      return [
        "SERVICE.NOT_FOUND",
        // Without words of the service it is the path that nobody knows, not the connection.
        isList || method === "POST" || said.message === undefined
          ? BASE_URL_HINT
          : "it was deleted meanwhile: run plan again.",
      ];
    case 407:
      return ["SERVICE.PROXY_REFUSED", proxyCredentials(url)];
    case 409:
      return ["SERVICE.CONFLICT", "run plan again to see what is there now."];
    case 429:
      return ["SERVICE.RATE_LIMITED", askedMs > LONGEST_WAIT_MS ? "run again when that time is over." : RATE_HINT];
    case 413:
      return ["SERVICE.REJECTED", "the request is too large for the service, or for something on the way to it."];
    default:
      if (method === "PUT" && said.code === "database_error") return ["SERVICE.FAILED", NO_LONGER_TAKEN];
      if (status >= 500) return ["SERVICE.FAILED", "run again; if it stays, ask whoever runs the service."];
      if (method === "GET") return ["SERVICE.REJECTED", BASE_URL_HINT];
      if (said.message === undefined)
        return ["SERVICE.REJECTED", "it gives no reason; ask whoever runs the service, or what is on the way to it."];
      return [
        "SERVICE.REJECTED",
        "the service's own words say what it does not take; correct the definition, and run plan.",
      ];
  }
}

function lookAtProxy(url: string): string {
  return `check the proxy in ${proxyVariable(url)}; what is reached without it goes into NO_PROXY.`;
}

function transportMeaning(
  { kind, proxyStatus, isThroughProxy, code }: HttpFault,
  url: string,
  stop: AbortSignal | undefined,
): readonly [ProblemCode, string] {
  switch (kind) {
    case "unreachable":
      if (isThroughProxy) return ["SERVICE.UNREACHABLE", lookAtProxy(url)];
      return [
        "SERVICE.UNREACHABLE",
        "check the base URL and the network; where a proxy leads out, name it with HTTPS_PROXY.",
      ];
    case "untrusted":
      if (code === "CERT_HAS_EXPIRED")
        return [
          "SERVICE.UNTRUSTED",
          "whoever runs the service has to renew the certificate; or the clock of this machine is wrong.",
        ];
      if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
        return ["SERVICE.UNTRUSTED", "the certificate is for another host: is the base URL right?"];
      return [
        "SERVICE.UNTRUSTED",
        "if the service or a proxy on the way has an authority of its own, name a file with its certificate: --ca-file FILE, or NODE_EXTRA_CA_CERTS; else somebody else answers there, so send nothing.",
      ];
    case "proxy":
      return [
        "SERVICE.PROXY_REFUSED",
        proxyStatus === 407
          ? proxyCredentials(url)
          : "ask whoever runs the proxy to let it through, or go round it with NO_PROXY.",
      ];
    case "stopped":
      return [stop === undefined ? "RUN.INTERRUPTED" : codeOfStop(stop), "run again; what was done stays done."];
    case "stale":
      return ["SERVICE.TIMEOUT", "run again; connections take long to come about."];
    case "limited":
      return ["SERVICE.RATE_LIMITED", RATE_HINT];
    case "timeout":
      if (isThroughProxy) return ["SERVICE.TIMEOUT", lookAtProxy(url)];
      return ["SERVICE.TIMEOUT", "run again, or allow more, such as --timeout 60."];
    case "deadline":
      return ["RUN.DEADLINE", DEADLINE_HINT];
    case "cut-off":
      return ["SERVICE.CUT_OFF", "run again; something between here and the service ends connections."];
    case "too-large":
      return ["SERVICE.TOO_LARGE", BASE_URL_HINT];
    default:
      return assertNever(kind);
  }
}

function parsed({ text = "" }: HttpAnswer): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Where a redirect leads: another host, or another path of the same one. Its query may hold what nobody should see. */
function placeOf(location: string | undefined, base: string, foreign: Foreign): string {
  if (location === undefined || !URL.canParse(location, base)) return "nowhere";
  // As it came: a part of a secret is no longer known for one.
  const told = foreign(location);
  if (told !== oneLine(location)) return told;
  const { host, origin, pathname, protocol } = new URL(location, base);
  const here = new URL(base);
  if (origin === here.origin) return foreign(`${pathname} of the same host`);
  return foreign(protocol === here.protocol ? host : `${protocol}//${host}`);
}
