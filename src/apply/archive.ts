import type { EarlierTries } from "../api/sender.js";
import type { Observed } from "../model/connection.js";
import { sameJson } from "../model/json.js";
import { detailOf } from "../model/problem.js";
import { ServiceError } from "../model/service-error.js";
import {
  answeredOrFault,
  answeredOrHalted,
  factsOf,
  failed,
  Halted,
  isLost,
  notBegun,
  notShownThere,
  notWritten,
  PLAN_AGAIN,
  unknown,
  type Way,
  type Written,
} from "./write.js";

/** Archives a connection that no definition claims, if it still is as it was when that was planned. */
export async function writeArchive(planned: Observed, way: Way): Promise<Written> {
  const { id } = planned;
  const elsewhere = notShownThere(planned, way);
  if (elsewhere !== undefined) return elsewhere;
  const archived = await archive(id, way, async (earlier) => {
    const why = await movedSince(planned, earlier, way);
    if (why !== undefined) throw new Halted(why);
    return `Run prune again: it archives ${id} if it is still there.`;
  });
  if (typeof archived !== "number") return archived;
  return { outcome: { status: "archived", attempts: archived, wrote: true }, mayBeDone: false };
}

/** What became of a connection that somebody changed since the plan; `undefined` where nobody did. */
async function movedSince(planned: Observed, earlier: EarlierTries, { base }: Way): Promise<Written | undefined> {
  const { rows, problem } = await base.current();
  if (problem !== undefined) {
    if (earlier.count === 0) return notBegun(problem);
    return inDoubt(notWritten(problem.code, detailOf(problem), problem.hint), earlier);
  }
  const row = rows.find(({ id }) => id === planned.id);
  if (row === undefined) {
    // An earlier try of ours may be why.
    if (earlier.mayBeDone) return undefined;
    return notWritten("APPLY.ROW_MOVED", `${planned.id} is gone since the plan was made`, PLAN_AGAIN);
  }
  const isSame =
    row.name === planned.name &&
    sameJson(row.metadata, planned.metadata) &&
    sameJson(row.syncConfig, planned.syncConfig);
  if (isSame) return undefined;
  const then = earlier.mayBeDone ? "" : ", so it was not archived";
  const message = `somebody changed ${planned.id} since the plan was made${then}`;
  return inDoubt(notWritten("APPLY.ROW_MOVED", message, PLAN_AGAIN), earlier);
}

/** Why no further try is made; where an earlier one may have been done, nobody knows what became of it. */
function inDoubt({ outcome }: Written, { count, mayBeDone }: EarlierTries): Written {
  const told = { ...outcome, attempts: count };
  if (!mayBeDone) return { outcome: told, mayBeDone };
  const message = `${outcome.message}; an earlier try may have archived it`;
  return { outcome: { ...told, status: "unknown", message }, mayBeDone };
}

/**
 * Archives a connection. Gives the number of requests that it took, or what became of it instead.
 *
 * @param check - called before every try; gives what to do where it is not known whether it was archived
 */
export async function archive(
  id: string,
  { api }: Way,
  check: (earlier: EarlierTries) => Promise<string>,
): Promise<number | Written> {
  let next = "";
  const result = await answeredOrHalted(() =>
    api.remove(id, async (earlier) => {
      next = await check(earlier);
    }),
  );
  if (result instanceof Halted) return result.written;
  if (!(result instanceof ServiceError)) return result.attempts;
  const { httpStatus, attempts, delivery } = result;
  const isRefused = delivery === "not-sent" || isRefusal(httpStatus ?? 0);
  if (isRefused && !isLost(result)) return { outcome: failed(result), mayBeDone: false };
  // Any other answer says little: it may be about the exports, which the service deletes before the connection.
  const seen = await answeredOrFault(() => api.get(id, { isSequel: true }));
  if (seen instanceof ServiceError && seen.httpStatus === 404) {
    // Gone by somebody else's doing, unless a try of ours may have been it.
    if (httpStatus !== 404 || isLost(result)) return attempts + seen.attempts;
    const outcome = { ...factsOf(result), code: "APPLY.ROW_MOVED", hint: PLAN_AGAIN } as const;
    const message = `${id} is gone since the plan was made: ${result.message}`;
    return { outcome: { ...outcome, status: "failed", message }, mayBeDone: false };
  }
  if (delivery === "unknown" || seen instanceof ServiceError) {
    const hint = `Request id: ${result.requestId}. ${next}`;
    return { outcome: { ...unknown(result, `${id} may or may not have been archived`), hint }, mayBeDone: true };
  }
  const message = `${id} was not archived, but its scheduled exports may be deleted: ${result.message}`;
  const hint = `look at the exports of ${id}, then run again.`;
  return { outcome: { ...failed(result), message, hint, wrote: true }, mayBeDone: false };
}

/** Answers that are given before anything is deleted: whom the key belongs to, how many requests there are, where else to go. */
function isRefusal(httpStatus: number): boolean {
  return [401, 403, 407, 413, 429, 503].includes(httpStatus) || (httpStatus >= 300 && httpStatus < 400);
}
