import type { Answered } from "../api/client.js";
import type { ConnectionsApi } from "../api/connections.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import type { Outcome } from "../model/outcome.js";
import type { SecretChange } from "../model/plan.js";
import { Bug, detailOf, type Problem, type ProblemCode } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { StampSettings } from "../model/stamp.js";
import type { CreateWish, SentCredential, UpdateWish } from "../model/wish.js";
import { STAMP_PATH, unmet } from "../state/wish.js";
import type { Base } from "./base.js";

const OTHERS_AT_WORK = "run plan to see what it has now; another writer or an older service may be at work.";
export const PLAN_AGAIN = "run plan again to see what is there now.";
export const LOOK_AGAIN = "run plan to see what the service has now; running apply again is safe.";
/** What became of one write, and the service's answer if there is one to look at. */
export interface Written {
  readonly outcome: Outcome;
  readonly answer?: Observed;
  /** What the connection should show; only with an answer. */
  readonly wish?: UpdateWish | CreateWish;
  /** No answer tells, and it may have been done. */
  readonly mayBeDone: boolean;
}

/** The environment that answers must show. */
export interface ExpectedEnvironment {
  /** `null` where neither a row nor the user tells. */
  readonly id: string | null;
  /** Whether the service has shown it already. */
  readonly isProven: boolean;
}

/** What an answer must be about, whatever it says. */
interface Expected {
  /** Not known yet for a new connection. */
  readonly id?: string;
  readonly providerType: string;
  readonly environmentId: string | null;
}

/** What a write goes by. */
export interface Way {
  readonly api: ConnectionsApi;
  readonly catalogue: Catalogue;
  readonly environment: ExpectedEnvironment;
  readonly stamps: StampSettings;
  readonly base: Base;
  /** Waits, in milliseconds; shorter where the run is to end. */
  readonly pause: (ms: number) => Promise<void>;
  /** Whether the run is to end as soon as what is begun is done. */
  readonly isEnding: () => boolean;
}

/** Thrown to keep a request from being sent. */
export class Halted extends Error {
  override readonly name = "Halted";
  readonly written: Written;

  constructor(written: Written) {
    super(written.outcome.message);
    this.written = written;
  }
}

/** What becomes of a change that is not begun, for a reason. */
export function notWritten(code: ProblemCode, message: string, hint: string | undefined): Written {
  const outcome: Outcome = { status: "failed", attempts: 0, wrote: false, code, message };
  return { outcome: hint === undefined ? outcome : { ...outcome, hint }, mayBeDone: false };
}

/** What becomes of a change for which the rows could not be read: nothing was sent for it. */
export function notBegun({ code, ...problem }: Problem): Written {
  const { outcome, ...written } = notWritten(code, detailOf({ code, ...problem }), problem.hint);
  return { ...written, outcome: { ...outcome, status: "not-started" } };
}

/** The credentials that a write takes along. */
export function sentOf(secrets: readonly SecretChange[], desired: Desired): readonly SentCredential[] {
  const paths = new Set(secrets.filter(({ isSent }) => isSent).map(({ path }) => path));
  return desired.credentials.filter(({ path }) => paths.has(path)).map(sent);
}

function sent({ field, value, path }: DesiredCredential): SentCredential {
  if (value.kind === "secret") return { field, value: value.secret };
  if (value.kind === "literal") return { field, value: value.literal };
  throw new Bug(`${path} was to be sent without a value`);
}

/** A row as the service told it; without a status where the answer was lost and it was read afterwards. */
export type Told = Omit<Answered<Observed>, "httpStatus"> & { readonly httpStatus?: number };

/** Holds an answer against what was asked: 200 alone proves nothing. */
export function judged(
  status: "created" | "replaced" | "updated",
  wish: UpdateWish | CreateWish,
  { attempts, httpStatus, requestId, value }: Told,
  expected: Expected,
  catalogue: Catalogue,
): Written {
  const facts = { attempts, requestId, wrote: true, ...(httpStatus === undefined ? {} : { httpStatus }) };
  const answered = httpStatus === undefined ? "the service" : `the service answered ${httpStatus}, but`;
  const other = otherThan(expected, value, catalogue);
  if (other !== undefined) {
    const message = httpStatus === undefined ? `the service tells of ${other}` : `${answered} about ${other}`;
    return {
      outcome: { ...facts, status: "not-converged", message, hint: OTHERS_AT_WORK },
      answer: value,
      mayBeDone: false,
    };
  }
  const differs = notShown(wish, value, catalogue);
  const seen = { answer: value, wish, mayBeDone: false };
  if (differs.length === 0) return { ...seen, outcome: { ...facts, status } };
  const message = `${answered} does not show what was asked: ${differs.join(", ")}`;
  return { ...seen, outcome: { ...facts, status: "not-converged", differs, message, hint: OTHERS_AT_WORK } };
}

/** Paths that were asked for and that a row does not show. Our own mark is worth a word only when nothing else is. */
function notShown(wish: UpdateWish | CreateWish, row: Observed, { syncConfig }: Catalogue): readonly string[] {
  const all = unmet(wish, row, syncConfig);
  const others = all.filter((path) => path !== STAMP_PATH);
  return others.length === 0 ? all : others;
}

/**
 * What became of a write by a later look at its row: the service rewrites some rows as a whole, from what they were before.
 *
 * @param later - the row, or why it could not be read
 */
export function judgedLater({ outcome, wish }: Written, later: Observed | ServiceError, catalogue: Catalogue): Outcome {
  if (later instanceof ServiceError)
    return { ...outcome, unseen: `it could not be read again afterwards: ${later.message}` };
  const differs = wish === undefined ? [] : notShown(wish, later, catalogue);
  if (differs.length === 0) return outcome;
  const message = `it was written, and a moment later the service did not show it any more: ${differs.join(", ")}`;
  const hint = "the service rewrites such connections itself, from what it read before; run apply again.";
  return { ...outcome, status: "not-converged", differs, message, hint };
}

/** What an answer is about, when it is another connection than the expected one; then it is no sign that that was written. */
export function otherThan(
  expected: Expected,
  answer: Observed,
  { providers }: Pick<Catalogue, "providers">,
): string | undefined {
  const isSameId = expected.id === undefined || expected.id === answer.id;
  const isSameEnvironment =
    expected.environmentId === null || answer.environmentId === null || expected.environmentId === answer.environmentId;
  if (isSameId && isSameEnvironment && expected.providerType === answer.providerType && answer.isLive) return undefined;
  const state = answer.isLive ? "" : ", not live";
  // One that is not known is a text of the service, which may repeat anything.
  const provider = Object.hasOwn(providers, answer.providerType) ? answer.providerType : "of an unknown provider";
  return `${answer.id} (${provider}${state}) in ${answer.environmentId ?? "no environment"}`;
}

/** Why a connection is not archived of which nothing shows that it is in the environment that is meant; `undefined` where it is shown. */
export function notShownThere({ id, environmentId }: Observed, { environment }: Way): Written | undefined {
  if (environment.id === null || environmentId === environment.id) return undefined;
  const message = `nothing shows that ${id} is in ${environment.id}, so it was not archived`;
  const hint =
    "the service shows no environment for it, so nothing tells whether it is the right one: ask whoever runs the service.";
  return notWritten("APPLY.WRONG_ENVIRONMENT", message, hint);
}

/** What a request is answered with, or what the service or the way to it did instead; other faults are ours and go on. */
export async function answeredOrFault<T>(request: () => Promise<T>): Promise<T | ServiceError> {
  try {
    return await request();
  } catch (cause) {
    if (cause instanceof ServiceError) return cause;
    throw cause;
  }
}

/** The same, for a request that may be kept from being sent. */
export async function answeredOrHalted<T>(request: () => Promise<T>): Promise<T | ServiceError | Halted> {
  try {
    return await answeredOrFault(request);
  } catch (cause) {
    if (cause instanceof Halted) return cause;
    throw cause;
  }
}

/** Whether a failed request may have been done all the same. */
export function isLost({ delivery }: ServiceError): boolean {
  return delivery === "unknown" || delivery === "doubtful";
}

/** What a refused request comes to; one that was never sent, for the run was at its end before, is not begun. */
export function failed(cause: ServiceError): Outcome {
  return { ...factsOf(cause), status: cause.attempts === 0 ? "not-started" : "failed", message: cause.message };
}

export function unknown(cause: ServiceError, what: string): Outcome {
  return { ...factsOf(cause), status: "unknown", message: `${what}: ${cause.message}`, hint: LOOK_AGAIN };
}

export function factsOf({ attempts, requestId, httpStatus, hint, code }: ServiceError): Omit<Outcome, "status"> {
  return {
    attempts,
    requestId,
    wrote: false,
    code,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(hint === undefined ? {} : { hint }),
  };
}
