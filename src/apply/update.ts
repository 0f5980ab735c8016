import type { Observed } from "../model/connection.js";
import type { Change, Source } from "../model/plan.js";
import { ServiceError } from "../model/service-error.js";
import type { UpdateWish } from "../model/wish.js";
import { nextStamp } from "../state/next-stamp.js";
import { stampText } from "../state/stamp.js";
import { unmet, updateWish } from "../state/wish.js";
import {
  answeredOrFault,
  failed,
  isLost,
  judged,
  LOOK_AGAIN,
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
  const { catalogue, stamps } = way;
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
  const result = await put("updated", wish, row, way);
  if (!(result instanceof ServiceError)) return result;
  if (!isLost(result)) return { outcome: failed(result), mayBeDone: false };
  // A gateway's answer is a definite failure as long as nothing shows the contrary.
  if (result.delivery === "doubtful") return { outcome: { ...failed(result), hint: LOOK_AGAIN }, mayBeDone: true };
  return { outcome: unknown(result, "it may or may not have been written"), mayBeDone: true };
}

/**
 * Sends a PUT and holds the answer against what was asked; where it was lost, the row is read. Gives the fault where the
 * service refused, and where nothing proves that it was done.
 *
 * @param row - as it was before
 */
export async function put(
  status: "created" | "updated",
  wish: UpdateWish,
  row: Observed,
  { api, catalogue, environment }: Way,
): Promise<Written | ServiceError> {
  const expected = { id: row.id, providerType: row.providerType, environmentId: environment.id };
  const lost = await answeredOrFault(() => api.update(row.id, wish));
  if (!(lost instanceof ServiceError)) return judged(status, wish, lost, expected, catalogue);
  // Credentials do not show. They are in force if something that was written with them shows, and was not there before.
  if (!isLost(lost) || unmet(wish, row, catalogue.syncConfig).length === 0) return lost;
  const answer = await answeredOrFault(() => api.get(row.id));
  if (answer instanceof ServiceError) return lost;
  const told = { ...answer, attempts: lost.attempts, requestId: lost.requestId };
  const written = judged(status, wish, told, expected, catalogue);
  return written.outcome.status === status ? written : lost;
}
