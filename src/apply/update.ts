import type { EarlierTries } from "../api/client.js";
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
  notWritten,
  PLAN_AGAIN,
  sentOf,
  unknown,
  type Way,
  type Written,
} from "./write.js";

/** What one try of a PUT asks for, and the row that it starts from. */
export interface Try {
  readonly wish: UpdateWish;
  readonly row: Observed;
}

/** Gives what the next try asks for, from a row that is fresh then; throws {@link Halted} where there can be none. */
export type NextTry = (earlier: EarlierTries, last: Try | undefined) => Promise<Try>;

/**
 * One PUT with only the top-level keys that change; each map whole, with all that the definition does not name. Credentials
 * that changed go along, and so does the stamp that records them: either all of it is done or nothing.
 */
export async function writeUpdate(change: Change, source: Source, way: Way): Promise<Written> {
  const { observed: planned } = source;
  if (planned === undefined) throw new Bug(`"${change.name}" is to be updated and has no row`);
  const { id, providerType } = planned;
  const next: NextTry = async (earlier, last) => {
    const row = await rowToWrite(change, source, { earlier, last }, way);
    return { row, wish: wishFor(change, source, row, way) };
  };
  const result = await put("updated", { id, providerType }, next, way);
  if (!(result instanceof ServiceError)) return result;
  if (!isLost(result)) return { outcome: failed(result), mayBeDone: false };
  // A gateway's answer is a definite failure as long as nothing shows the contrary.
  if (result.delivery === "doubtful") return { outcome: { ...failed(result), hint: LOOK_AGAIN }, mayBeDone: true };
  return { outcome: unknown(result, "it may or may not have been written"), mayBeDone: true };
}

/** The row of a change as it is just now, unless somebody has decided about it since the plan was made. */
export async function rowToWrite(
  { fields }: Change,
  { desired, observed: planned }: Source,
  { earlier, last }: { readonly earlier: EarlierTries; readonly last: Try | undefined },
  { base, catalogue, stamps }: Way,
): Promise<Observed> {
  if (planned === undefined) throw new Bug(`"${desired.name}" is to be written over and has no row`);
  const { rows, problem } = await base.current();
  const row = rows.find(({ id }) => id === planned.id);
  const isTried = earlier.mayBeDone ? "; an earlier try may have been written" : "";
  const halt = (code: ProblemCode, message: string, hint: string | undefined) => {
    const { outcome } = notWritten(code, `${message}${isTried}`, hint);
    const told = { ...outcome, attempts: earlier.count };
    if (!earlier.mayBeDone) return new Halted({ outcome: told, mayBeDone: false });
    return new Halted({ outcome: { ...told, status: "unknown" }, mayBeDone: true });
  };
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
 * Sends a PUT and holds the answer against what was asked; where it was lost, the row is read. Gives the fault where the
 * service refused, and where nothing proves that it was done.
 */
export async function put(
  status: "created" | "replaced" | "updated",
  { id, providerType }: Pick<Observed, "id" | "providerType">,
  next: NextTry,
  { api, catalogue, environment }: Way,
): Promise<Written | ServiceError> {
  const tries: Try[] = [];
  const lost = await answeredOrHalted(() =>
    api.update(id, async (earlier) => {
      const made = await next(earlier, tries.at(-1));
      tries.push(made);
      return made.wish;
    }),
  );
  if (lost instanceof Halted) return lost.written;
  const [first, last] = [tries.at(0), tries.at(-1)];
  if (first === undefined || last === undefined) throw new Bug(`a PUT to ${id} without anything to ask for`);
  const expected = { id, providerType, environmentId: environment.id };
  if (!(lost instanceof ServiceError)) return judged(status, last.wish, lost, expected, catalogue);
  // Credentials do not show. They are in force if something that was written with them shows, and was not there before.
  if (!isLost(lost) || unmet(first.wish, first.row, catalogue.syncConfig).length === 0) return lost;
  const answer = await answeredOrFault(() => api.get(id));
  if (answer instanceof ServiceError) return lost;
  const told = { ...answer, attempts: lost.attempts, requestId: lost.requestId };
  const written = judged(status, last.wish, told, expected, catalogue);
  return written.outcome.status === status ? written : lost;
}
