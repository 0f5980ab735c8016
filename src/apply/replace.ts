import type { Observed } from "../model/connection.js";
import type { Change, Source } from "../model/plan.js";
import { messageOf, shellWord } from "../model/problem.js";
import type { FileTarget, RecoveryDocument } from "../model/recovery.js";
import type { KnownSecrets } from "../model/secret.js";
import { ServiceError } from "../model/service-error.js";
import { recoveryOf } from "../state/recovery.js";
import { carriedRow } from "../state/wish.js";
import { writeCreate } from "./create.js";
import { rowToWrite } from "./update.js";
import {
  answeredOrFault,
  factsOf,
  failed,
  Halted,
  isLost,
  notWritten,
  PLAN_AGAIN,
  unknown,
  type Way,
  type Written,
} from "./write.js";

/** Where what a replace would lose is kept while it is under way. */
export interface Recoveries {
  /** Keeps a text for the id of a connection, readable by this user alone, and gives its path. Throws when it cannot. */
  readonly keep: (id: string, text: string) => string;
  readonly remove: (path: string) => void;
}

export interface RecoveryKeeper extends Recoveries {
  readonly tool: RecoveryDocument["tool"];
  readonly target: FileTarget;
  readonly knownSecrets: KnownSecrets;
}

/**
 * Archives a connection and creates another one in its place. What only the connection knows is kept in a file before, and is
 * merged into the new one as an update would merge it.
 */
export async function writeReplacement(
  change: Change,
  source: Source,
  way: Way,
  keeper: RecoveryKeeper,
): Promise<Written> {
  const { catalogue, environment } = way;
  let row: Observed;
  try {
    row = await rowToWrite(change, source, { earlier: { count: 0, mayBeDone: false }, last: undefined }, way);
  } catch (cause) {
    if (cause instanceof Halted) return cause.written;
    throw cause;
  }
  if (environment.id !== null && row.environmentId !== environment.id) {
    const message = `nothing shows that ${row.id} is in ${environment.id}, so it was not archived`;
    return notWritten("APPLY.WRONG_ENVIRONMENT", message, "look up where the connection is.");
  }
  const carried = carriedRow(row, catalogue.syncConfig);
  const document = recoveryOf(change, source, carried, row, catalogue.syncConfig, keeper);
  let file: string;
  try {
    file = keeper.keep(row.id, `${JSON.stringify(document, null, 2)}\n`);
  } catch (cause) {
    const message = `what ${row.id} has beyond its definition could not be kept in a file, so it was not archived: ${messageOf(cause)}`;
    return notWritten("APPLY.NO_RECOVERY_FILE", message, "make the working folder writable, and run again.");
  }
  const recover = `apply --recover ${shellWord(file)} --only ${shellWord(change.name)}`;
  const archived = await archive(row, recover, way);
  if (typeof archived !== "number") {
    if (!archived.mayBeDone) keeper.remove(file);
    return archived;
  }
  const written = await writeCreate(change, { ...source, observed: row, carried }, way, "replaced");
  const attempts = written.outcome.attempts + archived;
  const outcome = { ...written.outcome, attempts, wrote: true };
  if (outcome.id !== undefined) {
    if (outcome.status === "replaced") keeper.remove(file);
    return { ...written, outcome };
  }
  const isUnknown = outcome.status === "unknown";
  const then = isUnknown ? "it is not known whether its replacement was created" : "its replacement was not created";
  const lost = document.left_out.length === 0 ? "" : `; ${document.left_out.join(", ")} must be set again by hand`;
  const message = `${row.id} was archived, but ${then}: ${outcome.message ?? ""}`;
  const hint = `what it had is in ${file}${lost}. This finishes it: flexprice-sync ${recover}`;
  return { ...written, outcome: { ...outcome, ...(isUnknown ? {} : { code: "APPLY.NOT_REPLACED" }), message, hint } };
}

/** Archives a connection. Gives the number of requests that it took, or what became of it instead. */
async function archive({ id }: Observed, recover: string, { api }: Way): Promise<number | Written> {
  const result = await answeredOrFault(() => api.remove(id));
  if (!(result instanceof ServiceError)) return result.attempts;
  const isGone = (fault: ServiceError) => fault.httpStatus === 404 && fault.code === "SERVICE.NOT_FOUND";
  if (isGone(result) && result.attempts === 1) {
    const outcome = { ...factsOf(result), code: "APPLY.ROW_MOVED", hint: PLAN_AGAIN } as const;
    const message = `${id} is gone since the plan was made: ${result.message}`;
    return { outcome: { ...outcome, status: "failed", message }, mayBeDone: false };
  }
  // An earlier try of ours may be why it is gone.
  if (isGone(result)) return result.attempts;
  if (!isLost(result)) return { outcome: failed(result), mayBeDone: false };
  const seen = await answeredOrFault(() => api.get(id));
  if (seen instanceof ServiceError && isGone(seen)) return result.attempts + seen.attempts;
  const outcome = unknown(result, `${id} may or may not have been archived`);
  const hint = `run plan: if ${id} is gone, this finishes it: flexprice-sync ${recover}`;
  return { outcome: { ...outcome, hint }, mayBeDone: true };
}
