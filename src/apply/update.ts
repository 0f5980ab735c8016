import type { ConnectionsApi } from "../api/client.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Observed } from "../model/connection.js";
import type { Change, Source } from "../model/plan.js";
import { ServiceError } from "../model/service-error.js";
import type { UpdateWish } from "../model/wish.js";
import { nextStamp, stampText } from "../state/stamp.js";
import { unmet, updateWish } from "../state/wish.js";
import {
  type Expected,
  failed,
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
    if (cause.delivery === "answered" || cause.delivery === "not-sent") return refused(cause);
    return readBack(wish, row, cause, expected, api, catalogue);
  }
}

/** No answer of the service tells whether a PUT was done: look, and say so only if the row shows it. */
async function readBack(
  wish: UpdateWish,
  row: Observed,
  lost: ServiceError,
  expected: Expected & { readonly id: string },
  api: ConnectionsApi,
  catalogue: Catalogue,
): Promise<Written> {
  // Credentials do not show. They are in force if something that was written with them shows, and was not there before.
  const isProof = unmet(wish, row, catalogue.syncConfig).length > 0;
  try {
    const answer = await api.get(expected.id);
    const told = { ...answer, attempts: lost.attempts, requestId: lost.requestId };
    const written = judged("updated", wish, told, expected, catalogue);
    if (isProof && written.outcome.status === "updated") return written;
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
  }
  // A gateway's answer is a definite failure as long as nothing shows the contrary.
  if (lost.delivery === "doubtful") return { outcome: { ...failed(lost), hint: LOOK_AGAIN }, mayBeDone: true };
  return { outcome: unknown(lost, "it may or may not have been written"), mayBeDone: true };
}
