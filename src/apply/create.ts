import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { fieldFacts, isKeptCredential } from "../model/credentials.js";
import type { Outcome } from "../model/outcome.js";
import type { Change, SecretChange } from "../model/plan.js";
import { shellWord } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { Stamp } from "../model/stamp.js";
import type { CreateWish, UpdateWish } from "../model/wish.js";
import { nextStamp } from "../state/next-stamp.js";
import { stampText } from "../state/stamp.js";
import { createMaps, updateWish } from "../state/wish.js";
import { put } from "./update.js";
import {
  answeredOrFault,
  factsOf,
  failed,
  isLost,
  judged,
  otherThan,
  sentOf,
  unknown,
  type Way,
  type Written,
} from "./write.js";

const LOOK_FIRST =
  "run plan before anything else: if it was created, the plan shows it; apply would create it if it is not there.";

/** One POST in the flat form; then, if the service drops some fields of a create, one PUT with those. */
export async function writeCreate(change: Change, desired: Desired, way: Way): Promise<Written> {
  const { api, catalogue, environment } = way;
  const { providerType } = desired.definition;
  const isAfter = ({ field }: DesiredCredential) => fieldFacts(catalogue, providerType, field)?.afterCreate ?? false;
  const after = desired.credentials.filter(isAfter);
  const paths = new Set(after.map(({ path }) => path));
  const atOnce = change.secrets.filter(({ path }) => !paths.has(path));
  const first = firstStamp(change, desired, atOnce, way);
  const wish: CreateWish = {
    name: desired.name,
    providerType,
    credentials: sentOf(atOnce, desired),
    ...createMaps(desired, catalogue.syncConfig, first === undefined ? undefined : stampText(first)),
  };
  const created = await answeredOrFault(() => api.create(wish));
  if (created instanceof ServiceError) {
    if (!isLost(created)) return { outcome: failed(created), mayBeDone: false };
    const isDoubtful = created.delivery === "doubtful";
    const outcome = isDoubtful ? failed(created) : unknown(created, "it may or may not exist now");
    return { outcome: { ...outcome, hint: LOOK_FIRST }, mayBeDone: true };
  }
  const expected = { providerType, environmentId: environment.id };
  const judgement = judged("created", wish, created, expected, catalogue);
  const row = created.value;
  const made: Written = { ...judgement, outcome: { ...judgement.outcome, id: row.id } };
  // What came into being elsewhere, or nobody knows where, gets no second secret.
  if (after.length === 0 || otherThan(expected, row) !== undefined) return made;
  const named = [...paths].join(", ");
  if (environment.id !== null && !environment.isProven && row.environmentId === null) {
    const message = `created as ${row.id}, but the answer shows no environment, so ${named} was not sent`;
    return { ...made, outcome: { ...made.outcome, status: "failed", message, hint: unreadable(named, desired) } };
  }
  const sentAfter = change.secrets.filter(({ path }) => paths.has(path));
  return completed(made, row, { desired, secrets: sentAfter, first }, way);
}

/** The stamp that a create carries: it does not know the connection's id yet, and holds what the create really stores. */
function firstStamp(change: Change, desired: Desired, secrets: readonly SecretChange[], way: Way): Stamp | undefined {
  const { salt } = change;
  if (!change.stamp || salt === undefined) return undefined;
  const { catalogue, stamps } = way;
  const { providerType } = desired.definition;
  const isKept = isKeptCredential(catalogue, providerType, desired.syncConfig);
  const stored = secrets.filter(({ path }) => {
    const field = desired.credentials.find((one) => one.path === path)?.field ?? "";
    return !isKept && fieldFacts(catalogue, providerType, field)?.update !== "server-managed";
  });
  return nextStamp({ desired, salt, fields: change.fields, secrets: stored }, stamps, catalogue.syncConfig);
}

/** The PUT behind a create: fields that the create dropped, and the stamp that records them and now knows its connection. */
async function completed(
  made: Written,
  row: Observed,
  parts: { readonly desired: Desired; readonly secrets: readonly SecretChange[]; readonly first: Stamp | undefined },
  way: Way,
): Promise<Written> {
  const { catalogue, stamps } = way;
  const { desired, secrets, first } = parts;
  const { providerType } = row;
  const stamp =
    first === undefined
      ? undefined
      : stampText(nextStamp({ desired, row, before: first, fields: [], secrets }, stamps, catalogue.syncConfig));
  const wish: UpdateWish = {
    ...updateWish([], desired, row, catalogue.syncConfig, stamp),
    credentials: { providerType, fields: sentOf(secrets, desired) },
  };
  const second = await put("created", wish, row, way);
  if (second instanceof ServiceError) {
    const paths = secrets.map(({ path }) => path).join(", ");
    return { ...made, outcome: halfMade(made.outcome, paths, second, desired) };
  }
  const attempts = made.outcome.attempts + second.outcome.attempts;
  // A create that did not show what was asked stays one, however well the rest went.
  if (made.outcome.status !== "created") return { ...made, outcome: { ...made.outcome, attempts } };
  return { ...made, outcome: { ...second.outcome, id: row.id, attempts } };
}

function halfMade(made: Outcome, paths: string, cause: ServiceError, desired: Desired): Outcome {
  const isUnknown = cause.delivery === "unknown";
  const message = `created as ${made.id ?? ""}, but ${paths} ${isUnknown ? "may not have been" : "was not"} set: ${cause.message}`;
  return {
    ...factsOf(cause),
    status: isUnknown ? "unknown" : "failed",
    message,
    hint: unreadable(paths, desired),
    wrote: true,
    attempts: made.attempts + cause.attempts,
    ...(made.id === undefined ? {} : { id: made.id }),
  };
}

function unreadable(paths: string, { name }: Desired): string {
  return `${paths} cannot be read back: run apply --write-secrets=${shellWord(name)} to be sure that it is set.`;
}
