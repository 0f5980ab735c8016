import type { Answered, ConnectionsApi } from "../api/client.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { fieldFacts } from "../model/credentials.js";
import type { Outcome } from "../model/outcome.js";
import type { Change } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { CreateWish, SentCredential, UpdateWish } from "../model/wish.js";
import { createMaps, unmet, updateWish } from "../state/wish.js";

const PLAN_AGAIN = "run plan to see what it has now; another writer or an older service may be at work.";
const LOOK_AGAIN = "run plan to see what the service has now; running apply again is safe.";
const LOOK_FIRST =
  "run plan before anything else: if it was created, the plan shows it; apply would create it if it is not there.";

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

/** One PUT with only the top-level keys that change; each map whole, with all that the definition does not name. */
export async function writeUpdate(
  change: Change,
  desired: Desired,
  row: Observed,
  environment: ExpectedEnvironment,
  api: ConnectionsApi,
  catalogue: Catalogue,
): Promise<Written> {
  const wish = updateWish(change.fields, desired, row, catalogue.syncConfig);
  const expected = { id: row.id, providerType: row.providerType, environmentId: environment.id };
  try {
    return judged("updated", wish, await api.update(row.id, wish), expected, catalogue);
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    if (cause.delivery === "answered" || cause.delivery === "not-sent") return refused(cause);
    return readBack(wish, cause, expected, api, catalogue);
  }
}

/** No answer of the service tells whether a PUT was done: look, and say so only if the row shows it. */
async function readBack(
  wish: UpdateWish,
  lost: ServiceError,
  expected: Expected & { readonly id: string },
  api: ConnectionsApi,
  catalogue: Catalogue,
): Promise<Written> {
  try {
    const answer = await api.get(expected.id);
    const told = { ...answer, attempts: lost.attempts, requestId: lost.requestId };
    const written = judged("updated", wish, told, expected, catalogue);
    if (written.outcome.status === "updated") return written;
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
  }
  // A gateway's answer is a definite failure as long as nothing shows the contrary.
  if (lost.delivery === "doubtful") return { outcome: { ...failed(lost), hint: LOOK_AGAIN }, mayBeDone: true };
  return { outcome: unknown(lost, "it may or may not have been written"), mayBeDone: true };
}

/** One POST in the flat form; then, if the service drops some fields of a create, one PUT with those. */
export async function writeCreate(
  desired: Desired,
  environment: ExpectedEnvironment,
  api: ConnectionsApi,
  catalogue: Catalogue,
): Promise<Written> {
  const { providerType } = desired.definition;
  const isAfter = ({ field }: DesiredCredential) => fieldFacts(catalogue, providerType, field)?.afterCreate ?? false;
  const wish: CreateWish = {
    name: desired.name,
    providerType,
    credentials: desired.credentials.filter((credential) => !isAfter(credential)).map(sent),
    ...createMaps(desired, catalogue.syncConfig),
  };
  let created: Answered<Observed>;
  try {
    created = await api.create(wish);
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    if (cause.delivery === "not-sent" || cause.delivery === "answered") return refused(cause);
    const outcome = cause.delivery === "doubtful" ? failed(cause) : unknown(cause, "it may or may not exist now");
    return { outcome: { ...outcome, hint: LOOK_FIRST }, mayBeDone: true };
  }
  const expected = { providerType, environmentId: environment.id };
  const first = judged("created", wish, created, expected, catalogue);
  const made: Written = { ...first, outcome: { ...first.outcome, id: created.value.id } };
  const after = desired.credentials.filter(isAfter);
  // What came into being elsewhere, or nobody knows where, gets no second secret.
  if (after.length === 0 || otherThan(expected, created.value) !== undefined) return made;
  const paths = after.map(({ path }) => path).join(", ");
  if (environment.id !== null && !environment.isProven && created.value.environmentId === null) {
    const message = `created as ${created.value.id}, but the answer shows no environment, so ${paths} was not sent`;
    return { ...made, outcome: { ...made.outcome, status: "failed", message, hint: unreadable(paths) } };
  }
  try {
    const { attempts } = await api.update(created.value.id, { credentials: { providerType, fields: after.map(sent) } });
    return { ...made, outcome: { ...made.outcome, attempts: made.outcome.attempts + attempts } };
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    return { ...made, outcome: halfMade(made.outcome, paths, cause) };
  }
}

function halfMade(made: Outcome, paths: string, cause: ServiceError): Outcome {
  const isLost = cause.delivery === "unknown";
  const message = `created as ${made.id ?? ""}, but ${paths} ${isLost ? "may not have been" : "was not"} set: ${cause.message}`;
  return {
    ...factsOf(cause),
    status: isLost ? "unknown" : "failed",
    message,
    hint: unreadable(paths),
    wrote: true,
    attempts: made.attempts + cause.attempts,
    ...(made.id === undefined ? {} : { id: made.id }),
  };
}

function unreadable(paths: string): string {
  return `${paths} cannot be read back, so no later run misses it: set it in the dashboard, or delete the connection and run again.`;
}

function sent({ field, value, path }: DesiredCredential): SentCredential {
  if (value.kind === "secret") return { field, value: value.secret };
  if (value.kind === "literal") return { field, value: value.literal };
  throw new Bug(`${path} was to be sent without a value`);
}

/** Holds an answer against what was asked: 200 alone proves nothing. */
function judged(
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
  const differs = unmet(wish, value, catalogue.syncConfig);
  if (differs.length === 0) return { outcome: { ...facts, status }, answer: value, mayBeDone: false };
  const message = `the service answered ${httpStatus}, but does not show what was asked: ${differs.join(", ")}`;
  const outcome: Outcome = { ...facts, status: "not-converged", differs, message, hint: PLAN_AGAIN };
  return { outcome, answer: value, mayBeDone: false };
}

/** What an answer is about, when it is another connection than the expected one; then it is no sign that that was written. */
function otherThan(expected: Expected, answer: Observed): string | undefined {
  const isSameId = expected.id === undefined || expected.id === answer.id;
  const isSameEnvironment =
    expected.environmentId === null || answer.environmentId === null || expected.environmentId === answer.environmentId;
  if (isSameId && isSameEnvironment && expected.providerType === answer.providerType && answer.isLive) return undefined;
  const state = answer.isLive ? "" : ", not live";
  return `${answer.id} (${answer.providerType}${state}) in ${answer.environmentId ?? "no environment"}`;
}

/** A definite refusal: nothing was changed. */
function refused(cause: ServiceError): Written {
  return { outcome: failed(cause), mayBeDone: false };
}

function failed(cause: ServiceError): Outcome {
  return { ...factsOf(cause), status: "failed", message: cause.message };
}

function unknown(cause: ServiceError, what: string): Outcome {
  return { ...factsOf(cause), status: "unknown", message: `${what}: ${cause.message}`, hint: LOOK_AGAIN };
}

function factsOf({ attempts, requestId, httpStatus, hint, code }: ServiceError): Omit<Outcome, "status"> {
  return {
    attempts,
    requestId,
    wrote: false,
    code,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(hint === undefined ? {} : { hint }),
  };
}
