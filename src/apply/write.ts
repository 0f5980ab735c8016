import type { Answered, ConnectionsApi } from "../api/client.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import type { Outcome } from "../model/outcome.js";
import type { SecretChange } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { StampSettings } from "../model/stamp.js";
import type { CreateWish, SentCredential, UpdateWish } from "../model/wish.js";
import { STAMP_PATH, unmet } from "../state/wish.js";

const PLAN_AGAIN = "run plan to see what it has now; another writer or an older service may be at work.";
export const LOOK_AGAIN = "run plan to see what the service has now; running apply again is safe.";
/** What became of one write, and the service's answer if there is one to look at. */
export interface Written {
  readonly outcome: Outcome;
  readonly answer?: Observed;
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

/** Holds an answer against what was asked: 200 alone proves nothing. */
export function judged(
  status: "created" | "updated",
  wish: UpdateWish | CreateWish,
  { attempts, httpStatus, requestId, value }: Answered<Observed>,
  expected: Expected,
  catalogue: Catalogue,
): Written {
  const facts = { attempts, httpStatus, requestId, wrote: true };
  const other = otherThan(expected, value);
  if (other !== undefined) {
    const message = `the service answered ${httpStatus}, but about ${other}`;
    return {
      outcome: { ...facts, status: "not-converged", message, hint: PLAN_AGAIN },
      answer: value,
      mayBeDone: false,
    };
  }
  const all = unmet(wish, value, catalogue.syncConfig);
  // Our own mark is worth a word only when nothing else is.
  const others = all.filter((path) => path !== STAMP_PATH);
  const differs = others.length === 0 ? all : others;
  if (differs.length === 0) return { outcome: { ...facts, status }, answer: value, mayBeDone: false };
  const message = `the service answered ${httpStatus}, but does not show what was asked: ${differs.join(", ")}`;
  const outcome: Outcome = { ...facts, status: "not-converged", differs, message, hint: PLAN_AGAIN };
  return { outcome, answer: value, mayBeDone: false };
}

/** What an answer is about, when it is another connection than the expected one; then it is no sign that that was written. */
export function otherThan(expected: Expected, answer: Observed): string | undefined {
  const isSameId = expected.id === undefined || expected.id === answer.id;
  const isSameEnvironment =
    expected.environmentId === null || answer.environmentId === null || expected.environmentId === answer.environmentId;
  if (isSameId && isSameEnvironment && expected.providerType === answer.providerType && answer.isLive) return undefined;
  const state = answer.isLive ? "" : ", not live";
  return `${answer.id} (${answer.providerType}${state}) in ${answer.environmentId ?? "no environment"}`;
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

/** Whether a failed request may have been done all the same. */
export function isLost({ delivery }: ServiceError): boolean {
  return delivery === "unknown" || delivery === "doubtful";
}

export function failed(cause: ServiceError): Outcome {
  return { ...factsOf(cause), status: "failed", message: cause.message };
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
