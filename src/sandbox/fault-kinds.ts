/** What goes wrong with one request. */
export type Fault =
  /** The answer is another one, or none. Of several that fit the first one counts, as of all kinds. */
  | { readonly kind: "answer"; readonly answer: FaultyAnswer }
  | { readonly kind: "encoding"; readonly encoding: Encoding; readonly isCut: boolean }
  /** Handled so much later. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Handled at once, and answered so much later. */
  | { readonly kind: "late"; readonly ms: number }
  /** A read shows the rows as they were so long ago. */
  | { readonly kind: "lag"; readonly ms: number }
  /** A job that had read the row before the update writes it back so long after it. */
  | { readonly kind: "rewrite"; readonly ms: number }
  /** A job gives the row new tokens just before the update. */
  | { readonly kind: "refresh" };

export type FaultyAnswer =
  | {
      readonly kind: "status";
      readonly status: FaultyStatus;
      /** Whether the request is done all the same. */
      readonly isDone: boolean;
      readonly retryAfter?: RetryAfter;
    }
  | { readonly kind: "reset"; readonly isDone: boolean }
  | { readonly kind: "cut" }
  | { readonly kind: "html" };

export interface RetryAfter {
  readonly form: "seconds" | "date";
  readonly seconds: number;
}

const STATUSES = [429, 500, 502, 503, 504] as const;
export type FaultyStatus = (typeof STATUSES)[number];

const ENCODINGS = ["gzip", "deflate", "br"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** How a kind is written. */
export interface FaultKind {
  /** What may stand behind `=`, in words. */
  readonly takes: string;
  /** The fault with this value; nothing where it takes no such one. */
  readonly read: (value: string | undefined) => Fault | undefined;
  /** The requests that it is about, where these are not all. */
  readonly about?: "reads" | "updates";
}

/** Longer than any client waits, and short enough to be a timer of Node. */
const LONGEST_MS = 600_000;
const LONGEST_RETRY_AFTER_SECONDS = 86_400;
const USUAL_REWRITE_MS = 50;

const MILLISECONDS = `=MS, a whole number up to ${LONGEST_MS}`;

/** The kinds of faults of requests, by their names in a SPEC. */
export const requestKinds: ReadonlyMap<string, FaultKind> = new Map<string, FaultKind>([
  ...STATUSES.map((status) => [String(status), statusKind(status, false)] as const),
  // Who is told to come later was not served: there is no 429 behind something done.
  ...STATUSES.filter((status) => status !== 429).map(
    (status) => [`${status}-after`, statusKind(status, true)] as const,
  ),
  ["reset", plain({ kind: "answer", answer: { kind: "reset", isDone: false } })],
  ["reset-after", plain({ kind: "answer", answer: { kind: "reset", isDone: true } })],
  ["cut", plain({ kind: "answer", answer: { kind: "cut" } })],
  ["html", plain({ kind: "answer", answer: { kind: "html" } })],
  ...ENCODINGS.map((encoding) => [encoding, plain({ kind: "encoding", encoding, isCut: false })] as const),
  ["gzip-cut", plain({ kind: "encoding", encoding: "gzip", isCut: true })],
  ["slow", timed((ms) => ({ kind: "slow", ms }))],
  ["late", timed((ms) => ({ kind: "late", ms }))],
  ["lag", { ...timed((ms) => ({ kind: "lag", ms })), about: "reads" }],
  [
    "rewrite",
    {
      takes: `${MILLISECONDS}, or no value`,
      read: (value) => timed((ms) => ({ kind: "rewrite", ms })).read(value ?? String(USUAL_REWRITE_MS)),
      about: "updates",
    },
  ],
  ["refresh", { ...plain({ kind: "refresh" }), about: "updates" }],
]);

function statusKind(status: FaultyStatus, isDone: boolean): FaultKind {
  return {
    takes: `=seconds:N or =date:N, up to ${LONGEST_RETRY_AFTER_SECONDS}, or no value`,
    read: (value) => {
      if (value === undefined) return { kind: "answer", answer: { kind: "status", status, isDone } };
      const [, form, digits] = /^(seconds|date):(\d+)$/.exec(value) ?? [];
      const seconds = wholeNumber(digits, LONGEST_RETRY_AFTER_SECONDS);
      if (seconds === undefined) return undefined;
      const retryAfter: RetryAfter = { form: form === "date" ? "date" : "seconds", seconds };
      return { kind: "answer", answer: { kind: "status", status, isDone, retryAfter } };
    },
  };
}

function plain(fault: Fault): FaultKind {
  return { takes: "no value", read: (value) => (value === undefined ? fault : undefined) };
}

function timed(fault: (ms: number) => Fault): FaultKind {
  return {
    takes: MILLISECONDS,
    read: (value) => {
      const ms = wholeNumber(value, LONGEST_MS);
      return ms === undefined ? undefined : fault(ms);
    },
  };
}

/** A number that is written in digits alone and is at most this one. */
export function wholeNumber(text: string | undefined, most: number): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}
