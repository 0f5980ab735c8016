import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { fieldFacts, isKeptCredential } from "../model/credentials.js";
import type { Outcome } from "../model/outcome.js";
import type { Change, FieldChange, SecretChange, Source } from "../model/plan.js";
import { detailOf, shellWord } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { Stamp } from "../model/stamp.js";
import type { CreateWish, UpdateWish } from "../model/wish.js";
import { nextStamp, pastOf } from "../state/next-stamp.js";
import { stampText } from "../state/stamp.js";
import { createMaps, updateWish } from "../state/wish.js";
import { foundBySalt } from "./lost-create.js";
import { type NextTry, put } from "./update.js";
import {
  answeredOrFault,
  factsOf,
  failed,
  Halted,
  isLost,
  judged,
  notWritten,
  otherThan,
  sentOf,
  type Told,
  unknown,
  type Way,
  type Written,
} from "./write.js";

const LOOK_FIRST =
  "wait a minute, then run plan before anything else: if it was created, the plan shows it. The service may still be at it, and apply would create what is not there yet a second time.";

/**
 * One POST in the flat form; then, if the service drops some fields of a create, one PUT with those. Where the connection takes
 * the place of an archived one, it gets all that that one had beyond its definition.
 */
export async function writeCreate(
  change: Change,
  source: Source,
  way: Way,
  status: "created" | "replaced" = "created",
): Promise<Written> {
  const { api, catalogue, environment } = way;
  const { desired } = source;
  const { providerType } = desired.definition;
  const isAfter = ({ field }: DesiredCredential) => fieldFacts(catalogue, providerType, field)?.afterCreate === true;
  const after = desired.credentials.filter(isAfter);
  const paths = new Set(after.map(({ path }) => path));
  const atOnce = change.secrets.filter(({ path }) => !paths.has(path));
  const first = firstStamp(change, source, { atOnce, later: [...paths] }, way);
  const mark = first === undefined ? undefined : stampText(first);
  const maps = createMaps(change.fields, source, catalogue.syncConfig, mark);
  const wish: CreateWish = { name: desired.name, providerType, credentials: sentOf(atOnce, desired), ...maps };
  // What takes the place of an archived connection is the second half of something.
  const answer = await answeredOrFault(() => api.create(async () => wish, { isSequel: status === "replaced" }));
  const created = answer instanceof ServiceError ? await lookedFor(answer, first?.salt, way) : answer;
  if ("outcome" in created) return created;
  const expected = { providerType, environmentId: environment.id };
  const judgement = judged(status, wish, created, expected, catalogue);
  const row = created.value;
  const madeAtMs = way.base.nowMs();
  const made: Written = { ...judgement, outcome: { ...judgement.outcome, id: row.id } };
  // What came into being elsewhere, or nobody knows where, gets no second secret.
  if (after.length === 0 || otherThan(expected, row, catalogue) !== undefined) return made;
  const named = [...paths].join(", ");
  if (environment.id !== null && !environment.isProven && row.environmentId === null) {
    const message = `created as ${row.id}, but the answer shows no environment, so ${named} was not sent`;
    return {
      ...made,
      outcome: { ...made.outcome, status: "failed", message, hint: unreadable(named, desired, first) },
    };
  }
  const sentAfter = change.secrets.filter(({ path }) => paths.has(path));
  return completed(made, { row, madeAtMs, status, wish }, { desired, secrets: sentAfter, first }, way);
}

/** What a create has made that was not answered as one: its connection, or what else there is to say of it. */
async function lookedFor(fault: ServiceError, salt: string | undefined, way: Way): Promise<Told | Written> {
  if (!isLost(fault)) return { outcome: failed(fault), mayBeDone: false };
  const found = await foundBySalt(salt, way);
  const { attempts, requestId } = fault;
  if (typeof found !== "string") return { value: found, attempts, requestId };
  // A gateway's answer is a definite failure where the list shows nothing of it.
  const isFailed = fault.delivery === "doubtful" && found === "not-shown";
  const outcome = isFailed ? failed(fault) : unknown(fault, "it may or may not exist now");
  return { outcome: { ...outcome, hint: LOOK_FIRST }, mayBeDone: true };
}

/**
 * The stamp that a create carries: it does not know the connection's id yet, holds what the create really stores, and names
 * what is sent behind it.
 */
function firstStamp(
  { salt, stamp, fields }: Change,
  source: Source,
  { atOnce: secrets, later }: { readonly atOnce: readonly SecretChange[]; readonly later: readonly string[] },
  way: Way,
): Stamp | undefined {
  if (!stamp) return undefined;
  const { catalogue, stamps } = way;
  const { desired } = source;
  const { providerType } = desired.definition;
  const { syncConfig } = createMaps(fields, source, catalogue.syncConfig);
  const isKept = isKeptCredential(catalogue, providerType, syncConfig);
  const isStored = ({ field }: DesiredCredential) =>
    !isKept && fieldFacts(catalogue, providerType, field)?.update !== "server-managed";
  const stored = new Set(desired.credentials.filter(isStored).map(({ path }) => path));
  const recorded = secrets.filter(({ path }) => stored.has(path));
  return nextStamp({ ...pastOf(source), salt, fields, secrets: recorded, later }, stamps, catalogue.syncConfig);
}

/** What the first request of a create has made. */
interface Made {
  readonly row: Observed;
  readonly madeAtMs: number;
  readonly status: "created" | "replaced";
  readonly wish: CreateWish;
}

/** The PUT behind a create: fields that the create dropped, and the stamp that records them and now knows its connection. */
async function completed(
  made: Written,
  { row, madeAtMs, status, wish: created }: Made,
  parts: { readonly desired: Desired; readonly secrets: readonly SecretChange[]; readonly first: Stamp | undefined },
  way: Way,
): Promise<Written> {
  const { catalogue, stamps, base } = way;
  const { desired, secrets, first } = parts;
  const { providerType } = row;
  const fields: readonly FieldChange[] = [];
  const wishFor = (now: Observed): UpdateWish => {
    const wish = { desired, row: now, fields, secrets };
    const stamp = first && stampText(nextStamp({ ...wish, before: first }, stamps, catalogue.syncConfig));
    return {
      ...updateWish(fields, desired, now, catalogue.syncConfig, stamp),
      credentials: { providerType, fields: sentOf(secrets, desired) },
    };
  };
  const next: NextTry = async ({ seen }) => {
    const now = seen ?? (await base.latest(row, madeAtMs, { isSequel: true }));
    if ("severity" in now) throw new Halted(notWritten(now.code, detailOf(now), now.hint));
    return { row: now, wish: wishFor(now) };
  };
  const second = await put(status, row, next, way, { isSequel: true });
  const paths = secrets.map(({ path }) => path).join(", ");
  if ("fault" in second) {
    const { fault, isReadBack } = second;
    const isUnknown = fault.delivery === "unknown" || (fault.delivery === "doubtful" && !isReadBack);
    const facts = { ...factsOf(fault), status: isUnknown ? "unknown" : "failed", message: fault.message } as const;
    return halfMade(made, row.id, facts, paths, unreadable(paths, desired, first));
  }
  if (second.answer === undefined)
    return halfMade(made, row.id, second.outcome, paths, unreadable(paths, desired, first));
  const { metadata } = second.wish ?? {};
  const wish = { ...created, ...(metadata === undefined ? {} : { metadata }) };
  const attempts = made.outcome.attempts + second.outcome.attempts;
  // A create that did not show what was asked stays one, however well the rest went.
  if (made.outcome.status !== status) return { ...made, wish, outcome: { ...made.outcome, attempts } };
  return { ...made, wish, outcome: { ...second.outcome, id: row.id, attempts } };
}

/** A create whose second request went wrong, or was not sent. */
function halfMade(made: Written, id: string, second: Outcome, paths: string, hint: string): Written {
  const { attempts, differs } = made.outcome;
  const was = second.status === "unknown" ? "may not have been" : "was not";
  const outcome: Outcome = {
    ...second,
    message: `created as ${id}, but ${paths} ${was} set: ${second.message}`,
    hint,
    wrote: true,
    attempts: attempts + second.attempts,
    id,
    ...(differs === undefined ? {} : { differs }),
  };
  return { ...made, outcome };
}

/** What to do about fields that a create dropped and that were not sent behind it; a stamp remembers them. */
function unreadable(paths: string, { name }: Desired, stamp: Stamp | undefined): string {
  if (stamp !== undefined) return `run apply again: it sends ${paths}, unless that has arrived after all.`;
  return `${paths} cannot be read back: run apply --write-secrets=${shellWord(name)} to be sure that it is set.`;
}
