import type { Observed } from "../model/connection.js";
import type { Change, Source } from "../model/plan.js";
import { ServiceError } from "../model/service-error.js";
import type { UpdateWish } from "../model/wish.js";
import { nextStamp } from "../state/next-stamp.js";
import { stampText } from "../state/stamp.js";
import { unmet, updateWish } from "../state/wish.js";
import {
  type Expected,
  failed,
  isLost,
  judged,
  LOOK_AGAIN,
  refused,
  sentOf,
  unknown,
  type Way,
  type Written,
} from "./write.js";

/**
 * One PUT with only the top-level keys that change; each map whole, with all that the definition does not name. Credentials
 * that changed go along, and so does the stamp that records them: either all of it is done or nothing.
 */
export async function writeUpdate(change: Change, source: Source, row: Observed, way: Way): Promise<Written> {
  const { api, catalogue, environment, stamps } = way;
  const { desired, stamp: before } = source;
  const { fields, secrets, salt } = change;
  const stamp = change.stamp
    ? stampText(
        nextStamp(
          {
            desired,
            row,
            fields,
            secrets,
            ...(before === undefined ? {} : { before }),
            ...(salt === undefined ? {} : { salt }),
          },
          stamps,
          catalogue.syncConfig,
        ),
      )
    : undefined;
  const credentials = sentOf(secrets, desired);
  const wish: UpdateWish = {
    ...updateWish(fields, desired, row, catalogue.syncConfig, stamp),
    ...(credentials.length === 0 ? {} : { credentials: { providerType: row.providerType, fields: credentials } }),
  };
  const expected = { id: row.id, providerType: row.providerType, environmentId: environment.id };
  try {
    return judged("updated", wish, await api.update(row.id, wish), expected, catalogue);
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    if (!isLost(cause)) return refused(cause);
    const shown = await shownAfter("updated", wish, row, cause, expected, way);
    if (shown !== undefined) return shown;
    // A gateway's answer is a definite failure as long as nothing shows the contrary.
    if (cause.delivery === "doubtful") return { outcome: { ...failed(cause), hint: LOOK_AGAIN }, mayBeDone: true };
    return { outcome: unknown(cause, "it may or may not have been written"), mayBeDone: true };
  }
}

/**
 * No answer of the service tells whether a PUT was done: the row is read, and only if it shows all that was sent, and
 * something of it was not there before, it was done. `undefined` where nothing proves it.
 */
export async function shownAfter(
  status: "created" | "updated",
  wish: UpdateWish,
  row: Observed,
  lost: ServiceError,
  expected: Expected & { readonly id: string },
  { api, catalogue }: Way,
): Promise<Written | undefined> {
  // Credentials do not show. They are in force if something that was written with them shows, and was not there before.
  if (unmet(wish, row, catalogue.syncConfig).length === 0) return undefined;
  try {
    const answer = await api.get(expected.id);
    const told = { ...answer, attempts: lost.attempts, requestId: lost.requestId };
    const written = judged(status, wish, told, expected, catalogue);
    return written.outcome.status === status ? written : undefined;
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    return undefined;
  }
}
