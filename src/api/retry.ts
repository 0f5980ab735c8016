import { Bug } from "../model/problem.js";

/** A request is sent this often at most, but where the host limits all requests and still answers some of them. */
export const MOST_TRIES = 4;

/** Longer than this we do not wait because a service asks for it: a run should end, and say so. */
export const LONGEST_WAIT_MS = 60_000;

const FIRST_WAIT_MS = 250;
const LONGEST_BACKOFF_MS = 8_000;

/** Answers that another try may change: too many requests, and gateways without a service behind them. */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Whether an answer asks for fewer requests of anybody: such a request was not done. */
export function isLimiting(httpStatus: number, retryAfter: string | undefined): boolean {
  return httpStatus === 429 || (httpStatus === 503 && retryAfter !== undefined);
}

/** Answers of a gateway that got none, or none it understood, from the service behind it. */
export function isFromGateway(httpStatus: number): boolean {
  return httpStatus === 502 || httpStatus === 504;
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
 * @param level - how far the back-off has grown, counted from 1, where that is not told by the tries
 * @returns milliseconds to wait, or `"give-up"` when no further try is made
 * @throws {@link Bug} when `triesSoFar` is below 1
 * @see RFC 9110 §10.2.3 (Retry-After), §9.2.2 (PUT is idempotent, so safe to repeat)
 */
export function waitBefore(
  triesSoFar: number,
  retryAfterMs: number | undefined,
  random: number,
  level: number = triesSoFar,
): number | "give-up" {
  if (triesSoFar < 1) throw new Bug("waiting before a first try");
  if (triesSoFar >= MOST_TRIES) return "give-up";
  const ceiling = Math.min(LONGEST_BACKOFF_MS, FIRST_WAIT_MS * 2 ** (level - 1));
  if (retryAfterMs === undefined) return Math.floor(random * ceiling);
  return retryAfterMs > LONGEST_WAIT_MS ? "give-up" : retryAfterMs + spreadMs(random);
}

/** On top of a rest, so that workers that were told the same moment do not all come back in it; in milliseconds. */
export function spreadMs(random: number): number {
  return Math.floor(random * FIRST_WAIT_MS);
}

/**
 * The wait that a `Retry-After` header asks for, as seconds or as an HTTP date.
 *
 * @param nowMs - the present, in milliseconds since 1970
 * @returns milliseconds, 0 for a moment that has passed; `undefined` for no header or one that is neither
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  // A date has a name of a day; what else the platform takes for one, such as "1.5", is none.
  const at = /^\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
