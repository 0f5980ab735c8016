import type { Answered, ConnectionsApi } from "../api/client.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { fieldFacts } from "../model/credentials.js";
import type { Outcome } from "../model/outcome.js";
import type { Change } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { CreateWish, SentCredential, UpdateWish } from "../model/wish.js";
import { edited, withoutEmptyBlocks } from "../state/merge.js";
import { editsOf, unmet } from "../state/wish.js";

const PLAN_AGAIN = "run plan to see what it has now; another writer or an older service may be at work.";
const LOOK_FIRST =
  "run plan before anything else: if it was created, the plan shows it; apply would create it if it is not there.";

/** What became of one write, and the service's answer if there is one to look at. */
export interface Written {
  readonly outcome: Outcome;
  readonly answer?: Observed;
}

/** What an answer must be about, whatever it says. */
export interface Expected {
  /** Not known yet for a new connection. */
  readonly id?: string;
  readonly providerType: string;
  /** `null` where nothing has shown it. */
  readonly environmentId: string | null;
}

/** One PUT with only the top-level keys that change; each map whole, with all that the definition does not name. */
export async function writeUpdate(
  change: Change,
  desired: Desired,
  row: Observed,
  environmentId: string | null,
  api: ConnectionsApi,
  catalogue: Catalogue,
): Promise<Written> {
  const wish = updateWish(change, desired, row, catalogue);
  const expected: Expected = { id: row.id, providerType: row.providerType, environmentId };
  try {
    return judged("updated", wish, await api.update(row.id, wish), expected, catalogue);
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    if (cause.delivery !== "unknown") return { outcome: failed(cause) };
    return readBack(wish, cause, { ...expected, id: row.id }, api, catalogue);
  }
}

function updateWish({ fields }: Change, desired: Desired, row: Observed, catalogue: Catalogue): UpdateWish {
  const metadata = editsOf(fields, desired, "metadata");
  const sync = editsOf(fields, desired, "sync_config");
  return {
    ...(fields.some(({ path, state }) => path === "name" && state === undefined) ? { name: desired.name } : {}),
    ...(metadata.length === 0 ? {} : { metadata: edited(row.metadata ?? {}, metadata) }),
    ...(sync.length === 0
      ? {}
      : { syncConfig: withoutEmptyBlocks(edited(row.syncConfig, sync), catalogue.syncConfig) }),
  };
}

/** The answer of a PUT is missing, but it may have been done: look, and say so only if the row shows it. */
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
  return { outcome: unknown(lost, "it may or may not have been written") };
}

/** One POST in the flat form; then, if the service drops some fields of a create, one PUT with those. */
export async function writeCreate(
  desired: Desired,
  environmentId: string | null,
  api: ConnectionsApi,
  catalogue: Catalogue,
): Promise<Written> {
  const { providerType } = desired.definition;
  const isAfter = ({ field }: DesiredCredential) => fieldFacts(catalogue, providerType, field)?.afterCreate ?? false;
  const wish: CreateWish = {
    name: desired.name,
    providerType,
    credentials: desired.credentials.filter((credential) => !isAfter(credential)).map(sent),
    ...(desired.metadata === undefined ? {} : { metadata: desired.metadata }),
    ...(desired.syncConfig === undefined ? {} : { syncConfig: desired.syncConfig }),
  };
  let created: Answered<Observed>;
  try {
    created = await api.create(wish);
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    if (cause.delivery !== "unknown") return { outcome: failed(cause) };
    return { outcome: { ...unknown(cause, "it may or may not exist now"), hint: LOOK_FIRST } };
  }
  const after = desired.credentials.filter(isAfter);
  const first = judged("created", wish, created, { providerType, environmentId }, catalogue);
  const made: Written = { ...first, outcome: { ...first.outcome, id: created.value.id } };
  // What came into being elsewhere gets no second secret.
  const isElsewhere = otherThan({ providerType, environmentId }, created.value) !== undefined;
  if (after.length === 0 || isElsewhere) return made;
  try {
    const { attempts } = await api.update(created.value.id, { credentials: { providerType, fields: after.map(sent) } });
    return { ...made, outcome: { ...made.outcome, attempts: made.outcome.attempts + attempts } };
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    return { ...made, outcome: halfMade(made.outcome, after, cause) };
  }
}

function halfMade(made: Outcome, after: readonly DesiredCredential[], cause: ServiceError): Outcome {
  const paths = after.map(({ path }) => path).join(", ");
  const message = `created as ${made.id ?? ""}, but ${paths} was not set: ${cause.message}`;
  const outcome = cause.delivery === "unknown" ? unknown(cause, message) : { ...failed(cause), message };
  return {
    ...outcome,
    hint: `${paths} cannot be read back, so no later run misses it: set it in the dashboard, or delete the connection and run again.`,
    wrote: true,
    attempts: made.attempts + cause.attempts,
    ...(made.id === undefined ? {} : { id: made.id }),
  };
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
    return { outcome: { ...facts, status: "not-converged", message, hint: PLAN_AGAIN }, answer: value };
  }
  const named = "name" in wish && wish.name !== undefined ? { name: wish.name } : {};
  const differs = unmet({ ...named, ...mapsOf(wish) }, value, catalogue.syncConfig);
  if (differs.length === 0) return { outcome: { ...facts, status }, answer: value };
  const message = `the service answered ${httpStatus}, but does not show what was asked: ${differs.join(", ")}`;
  return { outcome: { ...facts, status: "not-converged", differs, message, hint: PLAN_AGAIN }, answer: value };
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

function mapsOf({ metadata, syncConfig }: UpdateWish | CreateWish): Pick<UpdateWish, "metadata" | "syncConfig"> {
  return { ...(metadata === undefined ? {} : { metadata }), ...(syncConfig === undefined ? {} : { syncConfig }) };
}

function failed(cause: ServiceError): Outcome {
  return { ...factsOf(cause), status: "failed", message: cause.message };
}

function unknown(cause: ServiceError, what: string): Outcome {
  const hint = "run plan to see what the service has now; running apply again is safe.";
  return { ...factsOf(cause), status: "unknown", message: `${what}: ${cause.message}`, hint };
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
