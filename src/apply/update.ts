import type { CallOptions, EarlierTries } from "../api/sender.js";
import type { Observed } from "../model/connection.js";
import type { Change, Source } from "../model/plan.js";
import { Bug, detailOf, type ProblemCode } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import type { UpdateWish } from "../model/wish.js";
import { nextStamp } from "../state/next-stamp.js";
import { stampText } from "../state/stamp.js";
import { moved, unmet, updateWish } from "../state/wish.js";
import {
  answeredOrFault,
  answeredOrHalted,
  failed,
  Halted,
  isLost,
  judged,
  LOOK_AGAIN,
  notBegun,
  notWritten,
  PLAN_AGAIN,
  sentOf,
  type Told,
  unknown,
  type Way,
  type Written,
} from "./write.js";

/** What one try of a PUT asks for, and the row that it starts from. */
export interface Try {
  readonly wish: UpdateWish;
  readonly row: Observed;
}

/** What is known of a connection when the next try is made. */
export interface Before {
  readonly earlier: EarlierTries;
  readonly last: Try | undefined;
  /** The row itself, where it was read for this try; else the base has it. */
  readonly seen: Observed | undefined;
}

/** Gives what the next try asks for, from a row that is fresh then; throws {@link Halted} where there can be none. */
export type NextTry = (before: Before) => Promise<Try>;

/** A PUT that nothing proves to be done. */
export interface Unproven {
  readonly fault: ServiceError;
  /** Whether the row was read afterwards, and does not show it. */
  readonly isReadBack: boolean;
}

/**
 * One PUT with only the top-level keys that change; each map whole, with all that the definition does not name. Credentials
 * that changed go along, and so does the stamp that records them: either all of it is done or nothing.
 */
export async function writeUpdate(change: Change, source: Source, way: Way): Promise<Written> {
  const { observed: planned } = source;
  if (planned === undefined) throw new Bug(`"${change.name}" is to be updated and has no row`);
  const { id, providerType } = planned;
  const next: NextTry = async (before) => {
    const row = await rowToWrite(change, source, before, way);
    return { row, wish: wishFor(change, source, row, way) };
  };
  const result = await put("updated", { id, providerType }, next, way);
  if (!("fault" in result)) return result;
  const { fault, isReadBack } = result;
  if (!isLost(fault)) return { outcome: failed(fault), mayBeDone: false };
  // A gateway's answer is a definite failure where the row shows nothing of it.
  if (fault.delivery === "doubtful" && isReadBack)
    return { outcome: { ...failed(fault), hint: LOOK_AGAIN }, mayBeDone: true };
  return { outcome: unknown(fault, MAY_BE_WRITTEN), mayBeDone: true };
}

const MAY_BE_WRITTEN = "it may or may not have been written";

/** The row of a change as it is just now, unless somebody has decided about it since the plan was made. */
export async function rowToWrite(
  { fields }: Change,
  { desired, observed: planned }: Source,
  { earlier, last, seen }: Before,
  { base, catalogue, stamps }: Way,
): Promise<Observed> {
  if (planned === undefined) throw new Bug(`"${desired.name}" is to be written over and has no row`);
  const { rows, problem } = seen === undefined ? await base.current() : { rows: [seen] };
  const row = rows.find(({ id }) => id === planned.id);
  const isTried = earlier.mayBeDone ? "; an earlier try may have been written" : "";
  const halt = (code: ProblemCode, message: string, hint: string | undefined) => {
    const { outcome } = notWritten(code, `${message}${isTried}`, hint);
    const told = { ...outcome, attempts: earlier.count };
    if (!earlier.mayBeDone) return new Halted({ outcome: told, mayBeDone: false });
    return new Halted({ outcome: { ...told, status: "unknown" }, mayBeDone: true });
  };
  if (problem !== undefined && earlier.count === 0) throw new Halted(notBegun(problem));
  if (problem !== undefined) throw halt(problem.code, detailOf(problem), problem.hint);
  if (row === undefined) throw halt("APPLY.ROW_MOVED", `${planned.id} is gone since the plan was made`, PLAN_AGAIN);
  // What an earlier try has written is not somebody else's doing.
  if (last !== undefined && unmet(last.wish, row, catalogue.syncConfig).length === 0) return row;
  const paths = moved(fields, desired, planned, row, catalogue.syncConfig, stamps.isOn);
  if (paths.length === 0) return row;
  const message = `somebody changed ${paths.join(", ")} since the plan was made, so nothing was written`;
  throw halt("APPLY.ROW_MOVED", message, PLAN_AGAIN);
}

function wishFor(change: Change, { desired, stamp: before }: Source, row: Observed, way: Way): UpdateWish {
  const { catalogue, stamps } = way;
  const { fields, secrets, salt } = change;
  const known = { ...(before === undefined ? {} : { before }), ...(salt === undefined ? {} : { salt }) };
  const stamp = change.stamp
    ? stampText(nextStamp({ desired, row, fields, secrets, ...known }, stamps, catalogue.syncConfig))
    : undefined;
  const credentials = sentOf(secrets, desired);
  return {
    ...updateWish(fields, desired, row, catalogue.syncConfig, stamp),
    ...(credentials.length === 0 ? {} : { credentials: { providerType: row.providerType, fields: credentials } }),
  };
}

/**
 * Sends a PUT and holds the answer against what was asked. Where an answer was lost, the row is read before the PUT is repeated, and
 * at the end: what it shows is done. Gives the fault where the service refused, and where nothing proves that it was done.
 */
export async function put(
  status: "created" | "replaced" | "updated",
  { id, providerType }: Pick<Observed, "id" | "providerType">,
  next: NextTry,
  { api, catalogue, environment }: Way,
  options: CallOptions = {},
): Promise<Written | Unproven> {
  const tries: Try[] = [];
  const expected = { id, providerType, environmentId: environment.id };
  /** The write as done, if a row that was read after it proves that. */
  const proven = (answer: Told): Written | undefined => {
    const [first, last] = [tries.at(0), tries.at(-1)];
    if (first === undefined || last === undefined || !isVisible(first, catalogue)) return undefined;
    const written = judged(status, last.wish, answer, expected, catalogue);
    return written.outcome.status === status ? written : undefined;
  };
  const seenBefore = async (earlier: EarlierTries): Promise<Observed | undefined> => {
    if (!earlier.mayBeDone) return undefined;
    const answer = await answeredOrFault(() => api.get(id, { ...options, isNested: true }));
    if (answer instanceof ServiceError) {
      const outcome = { ...unknown(answer, `${MAY_BE_WRITTEN}, and the row cannot be read`), attempts: earlier.count };
      throw new Halted({ outcome, mayBeDone: true });
    }
    const { value, requestId } = answer;
    const done = proven({ value, requestId, attempts: earlier.count });
    if (done !== undefined) throw new Halted(done);
    return value;
  };
  const sent = await answeredOrHalted(() =>
    api.update(
      id,
      async (earlier) => {
        const last = tries[earlier.count - 1];
        const made = await next({ earlier, last, seen: await seenBefore(earlier) });
        // A body that was never sent is replaced by the next one.
        tries[earlier.count] = made;
        return made.wish;
      },
      options,
    ),
  );
  if (sent instanceof Halted) return sent.written;
  const [first, last] = [tries.at(0), tries.at(-1)];
  if (!(sent instanceof ServiceError)) {
    if (last === undefined) throw new Bug(`a PUT to ${id} without anything to ask for`);
    return judged(status, last.wish, sent, expected, catalogue);
  }
  if (!isLost(sent) || first === undefined || !isVisible(first, catalogue)) return { fault: sent, isReadBack: false };
  const answer = await answeredOrFault(() => api.get(id, { isSequel: true }));
  if (answer instanceof ServiceError) return { fault: sent, isReadBack: false };
  const { attempts, requestId } = sent;
  return proven({ value: answer.value, attempts, requestId }) ?? { fault: sent, isReadBack: true };
}

/** Whether a row that has what was asked for differs from one that has not. Credentials do not show. */
function isVisible({ wish, row }: Try, { syncConfig }: Way["catalogue"]): boolean {
  // They are in force if something that was written with them shows, and was not there before.
  return unmet(wish, row, syncConfig).length > 0;
}
