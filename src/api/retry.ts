import { Bug } from "../model/problem.js";

/** A request is sent this often at most, but where the host limits all requests and still answers some of them. */
export const MOST_TRIES = 4;

/** Longer than this we do not wait because a service asks for it: a run should end, and say so. */
export const LONGEST_WAIT_MS = 60_000;

const FIRST_WAIT_MS = 250;

/** The least rest for a host that does not say how long: limits are mostly counted by the second. */
const FIRST_REST_MS = 1_000;
const LONGEST_BACKOFF_MS = 8_000;

/** Answers that another try may change: too many requests, and gateways without a service behind them. */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Whether an answer asks for fewer requests of anybody: such a request was not done. */
export function isLimiting(httpStatus: number, retryAfter: string | undefined): boolean {
  return httpStatus === 429 || (httpStatus === 503 && retryAfter !== undefined);
}

export function isWorthAnotherTry(httpStatus: number): boolean {
  return WORTH_ANOTHER_TRY.has(httpStatus);
}

/**
 * How long to wait before trying a request again: exponential back-off with full jitter, or what the service asks for.
 *
 * @param triesSoFar - tries already made, counted from 1
 * @param retryAfterMs - the service's own wish in milliseconds, if it sent one
 * @param random - from 0 up to 1
 * @returns milliseconds to wait, or `"give-up"` when no further try is made
 * @throws {@link Bug} when `triesSoFar` is below 1
 * @see RFC 9110 §10.2.3 (Retry-After), §9.2.2 (PUT is idempotent, so safe to repeat)
 */
export function waitBefore(triesSoFar: number, retryAfterMs: number | undefined, random: number): number | "give-up" {
  if (triesSoFar < 1) throw new Bug("waiting before a first try");
  if (triesSoFar >= MOST_TRIES) return "give-up";
  const ceiling = Math.min(LONGEST_BACKOFF_MS, FIRST_WAIT_MS * 2 ** (triesSoFar - 1));
  if (retryAfterMs === undefined) return Math.floor(random * ceiling);
  return retryAfterMs > LONGEST_WAIT_MS ? "give-up" : retryAfterMs + spreadMs(random);
}

/**
 * How long a host that asks for fewer requests is left alone where it does not say: half of it for certain, the other by chance.
 *
 * @param level - how often in a row it has asked, counted from 1
 * @param random - from 0 up to 1
 * @returns milliseconds
 */
export function restMs(level: number, random: number): number {
  const most = Math.min(LONGEST_BACKOFF_MS, FIRST_REST_MS * 2 ** (level - 1));
  return Math.floor((most / 2) * (1 + random));
}

/** On top of a rest, so that workers that were told the same moment do not all come back in it; in milliseconds. */
export function spreadMs(random: number): number {
  return Math.floor(random * FIRST_WAIT_MS);
}

/**
 * The wait that a `Retry-After` header asks for, as seconds or as an HTTP date.
 *
 * @param nowMs - the present, in milliseconds since 1970
 * @param date - when the answer was made, by the clock that the wait is meant by
 * @returns milliseconds, 0 for a moment that has passed; `undefined` for no header or one that is neither
 */
export function retryAfterMs(header: string | undefined, nowMs: number, date?: string): number | undefined {
  // Stryker disable next-line ConditionalExpression: what is no text is neither.
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  // A date has a name of a day; what else the platform takes for one, such as "1.5", is none.
  const at = /^\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/i.test(header) ? Date.parse(header) : Number.NaN;
  // Stryker disable next-line ConditionalExpression: what is no text is no date.
  const answeredAt = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(at) ? undefined : Math.max(0, at - (Number.isNaN(answeredAt) ? nowMs : answeredAt));
}
