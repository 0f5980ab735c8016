import type { EarlierTries } from "../api/sender.js";
import type { Observed } from "../model/connection.js";
import type { Change, Source } from "../model/plan.js";
import { Bug, messageOf } from "../model/problem.js";
import { type RecoveryDocument, recoverCommand } from "../model/recovery.js";
import { type RecoveryParts, recoveryOf } from "../state/recovery.js";
import { carriedRow } from "../state/wish.js";
import { archive } from "./archive.js";
import { writeCreate } from "./create.js";
import { rowToWrite } from "./update.js";
import { Halted, notShownThere, notWritten, PLAN_AGAIN, type Way, type Written } from "./write.js";

/** Where what a replace would lose is kept while it is under way. */
export interface Recoveries {
  /** Keeps a text for the id of a connection, readable by this user alone, and gives its path. Throws when it cannot. */
  readonly keep: (id: string, text: string) => string;
  /** Takes a file away that is not needed any more; where it cannot, somebody else has to, and is told so. */
  readonly remove: (path: string) => void;
}

export interface RecoveryKeeper extends Recoveries, RecoveryParts {
  /** Options that lead to the same target again, as a part of a command line; empty where variables do. */
  readonly sameTarget: string;
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
  const { catalogue } = way;
  const { id } = rowOf(source);
  const elsewhere = notShownThere(rowOf(source), way);
  if (elsewhere !== undefined) return elsewhere;
  const keep = (row: Observed): Kept => {
    const carried = carriedRow(row, catalogue.syncConfig);
    const { desired, stamp } = source;
    const replaced = {
      desired,
      marked: row,
      carried,
      fields: change.fields,
      ...(stamp === undefined ? {} : { stamp }),
    };
    const document = recoveryOf(change, replaced, catalogue.syncConfig, keeper);
    try {
      return { row, carried, document, file: keeper.keep(id, `${JSON.stringify(document, null, 2)}\n`) };
    } catch (cause) {
      const message = `what ${id} has beyond its definition could not be kept in a file, so it was not archived: ${messageOf(cause)}`;
      const hint = "make the working folder writable, and run again.";
      throw new Halted(notWritten("APPLY.NO_RECOVERY_FILE", message, hint));
    }
  };
  let kept: Kept | undefined;
  // What is carried over is what the connection had when it was archived, however long that took.
  const archived = await archive(id, way, async (earlier) => {
    const row = await rowToArchive(change, source, earlier, way);
    if (kept === undefined || (row !== undefined && row !== kept.row)) kept = keep(row ?? rowOf(source));
    return `Run plan: if ${id} is gone, this finishes it: ${recoverWith(kept, change, keeper)}`;
  });
  if (kept === undefined || typeof archived !== "number") {
    if (typeof archived === "number") throw new Bug(`${id} was archived without keeping what it had`);
    if (kept !== undefined && !archived.mayBeDone) keeper.remove(kept.file);
    return archived;
  }
  const { row, carried, document, file } = kept;
  const written = await writeCreate(change, { ...source, observed: row, carried }, way, "replaced");
  const attempts = written.outcome.attempts + archived;
  const { status } = written.outcome;
  // The archive is done: what comes behind it has begun, whether or not it was sent.
  const outcome = { ...written.outcome, attempts, wrote: true, status: status === "not-started" ? "failed" : status };
  if (outcome.id !== undefined) {
    const isCarried = outcome.status !== "not-converged" && outcome.differs === undefined;
    if (isCarried) keeper.remove(file);
    const hint = `what ${id} had is in ${file}; ${outcome.hint ?? PLAN_AGAIN}`;
    return { ...written, outcome: isCarried ? outcome : { ...outcome, hint, recoveryFile: file } };
  }
  const isUnknown = outcome.status === "unknown";
  const then = isUnknown ? "it is not known whether its replacement was created" : "its replacement was not created";
  const lost = document.left_out.length === 0 ? "" : `; ${document.left_out.join(", ")} must be set again by hand`;
  const message = `${id} was archived, but ${then}: ${outcome.message ?? ""}`;
  const where = `what it had is in ${file}${lost}`;
  const isTaken = outcome.code === "SERVICE.CONFLICT";
  const next = isTaken
    ? `somebody else has made one: look at it. If it is to stay, put there by hand what it lacks; if not, archive it, and this finishes the replace: ${recoverWith(kept, change, keeper)}`
    : `${isUnknown ? "if plan does not show it in a minute, " : ""}this finishes it: ${recoverWith(kept, change, keeper)}`;
  // Nothing stands behind a command that somebody copies.
  const request = outcome.requestId === undefined ? "" : `Request id: ${outcome.requestId}. `;
  const hint = `${request}${where.charAt(0).toUpperCase()}${where.slice(1)}; ${next}`;
  const code = isUnknown ? {} : ({ code: "APPLY.NOT_REPLACED" } as const);
  return { ...written, outcome: { ...outcome, ...code, message, hint, recoveryFile: file } };
}

/** What is carried over, and where it is kept. */
interface Kept {
  readonly row: Observed;
  readonly carried: Observed;
  readonly document: RecoveryDocument;
  readonly file: string;
}

function recoverWith({ file }: Kept, { name }: Change, { sameTarget }: RecoveryKeeper): string {
  return recoverCommand(file, name, sameTarget);
}

function rowOf({ observed, desired }: Source): Observed {
  if (observed === undefined) throw new Bug(`"${desired.name}" is to be replaced and has no row`);
  return observed;
}

/** The row as it is just now; nothing where an earlier try of ours may be why it is gone. */
async function rowToArchive(
  change: Change,
  source: Source,
  earlier: EarlierTries,
  way: Way,
): Promise<Observed | undefined> {
  if (earlier.mayBeDone) {
    const { rows, problem } = await way.base.current();
    if (problem === undefined && rows.every(({ id }) => id !== rowOf(source).id)) return undefined;
  }
  return rowToWrite(change, source, { earlier, last: undefined, seen: undefined }, way);
}
