import type { Desired, Observed } from "../model/connection.js";
import type { Change, SecretChange, StampPart } from "../model/plan.js";
import { isError, type Problem } from "../model/problem.js";
import type { Stamp } from "../model/stamp.js";
import { nextStamp, stampPartsOf } from "../state/next-stamp.js";
import { isWrittenBy, shownStamp, stampText } from "../state/stamp.js";
import { updateWish } from "../state/wish.js";
import { type ChangeContext, changeOf, isOurs, keptOf, knownRow, type MadeChange, salted } from "./change.js";
import { incompleteBlocks, keptByService } from "./checks.js";
import { compare } from "./compare.js";
import { nothingToSend, secretsOfRow, underPreviousKey } from "./secrets.js";
import { assumptionDanger, canCarryStamp, outdatedStamp, takeOverDanger, tooLong, withoutStamp } from "./stamps.js";

/** What it takes to make an existing connection equal to its definition. */
export function changeForRow(desired: Desired, row: Observed, context: ChangeContext): MadeChange {
  const { catalogue, request } = context;
  const { stamps, adopts, saltFor } = request;
  const { syncConfig: facts } = catalogue;
  const { found, source, known } = knownRow(desired, row, context);
  if (found.problems.some(isError)) return { source, problems: found.problems };
  const { stamp, takenFrom } = found;
  const compared = compare(desired, row, facts, known);
  const { fields, keptKeys } = compared;
  const mayStamp = stamps.isOn && canCarryStamp(desired, row, catalogue);
  const secrets = secretsOn(desired, row, stamp, mayStamp, context);
  const differs =
    fields.some(({ state }) => state === undefined) ||
    secrets.some(({ isSent, state }) => isSent && state !== "unresolved");
  // Not looked at where nothing is written anyway: making a stamp costs more than comparing a connection.
  const isLookedAt = mayStamp && (differs || adopts);
  const isUntold = stamps.keys.current === undefined && secrets.some(({ isSent }) => isSent);
  const drawn = isLookedAt && (stamp === undefined || isUntold) ? (found.salt ?? saltFor(desired)) : undefined;
  const salt = salted(drawn);
  const wish = { ...source, row, fields, secrets, ...salt, ...(stamp === undefined ? {} : { before: stamp }) };
  const next = isLookedAt ? nextStamp(wish, stamps, facts) : undefined;
  const parts = next === undefined || stampText(next) === shownStamp(row) ? [] : partsOf(row, stamp, next);
  // That it does not know its connection yet is no reason for a write of its own: the next one fills it in.
  const isStampDue = parts.some((part) => differs || part !== "id");
  const change = changeOf(desired, catalogue, {
    action: differs || isStampDue ? "update" : "none",
    id: row.id,
    stamp: isStampDue,
    stampParts: isStampDue ? parts : [],
    ...(isStampDue ? salt : {}),
    fields,
    secrets,
    keptKeys,
    moreDangers: [...takeOverDanger(takenFrom, stamps.owner), ...assumptionDanger(secrets)],
  });
  const { syncConfig = {} } = updateWish(fields, desired, row, facts);
  const problems = [
    ...found.problems,
    ...tooLong(desired, next),
    ...(stamps.isOn && !mayStamp && (adopts || differs) ? [withoutStamp(desired, catalogue)] : []),
    ...(stamps.isOn ? [] : outdatedStamp(desired, row, secrets)),
    ...notSent(desired, secrets, context),
    ...incompleteBlocks(desired, syncConfig, facts),
    ...keptByService(desired, row.syncConfig, catalogue),
    ...keptOf(desired, compared, isStampDue, context),
  ];
  return { change, source, problems };
}

/** How many fingerprints of a definition's row stay under the previous key, whether it was planned for or not. */
export function leftUnderPreviousKey(
  desired: Desired,
  row: Observed,
  planned: Change | undefined,
  context: ChangeContext,
): number {
  const reading = context.readings.get(row);
  if (reading?.kind !== "own" || !isOurs(row, context)) return 0;
  return underPreviousKey(desired, reading.stamp, context.request.stamps.keys, planned?.secrets ?? []);
}

function secretsOn(
  desired: Desired,
  row: Observed,
  stamp: Stamp | undefined,
  mayStamp: boolean,
  { catalogue, request }: ChangeContext,
): readonly SecretChange[] {
  const { stamps, adopts, assumesSecrets, writesSecretsOf, saltFor, isAskedAbout } = request;
  const isAsked = writesSecretsOf.has(desired) && isAskedAbout(desired, row);
  const question = {
    readsStamps: stamps.isOn,
    canHaveStamp: mayStamp,
    ...(stamp === undefined ? {} : { stamp }),
    keys: stamps.keys,
    isWritten: isAsked,
    // What this very plan has written already is not sent again.
    isDone: isAsked && stamp !== undefined && isWrittenBy(stamp, saltFor(desired)),
    isAdopted: adopts && mayStamp,
    isAssumed: assumesSecrets && mayStamp,
  };
  return secretsOfRow(desired, row, question, catalogue);
}

/** Somebody named this definition to have its secrets sent, and none is. */
function notSent(
  desired: Desired,
  secrets: readonly SecretChange[],
  { catalogue, request: { writesSecretsOf, namesSecrets } }: ChangeContext,
): readonly Problem[] {
  const isAsked = namesSecrets && writesSecretsOf.has(desired) && secrets.length > 0;
  return isAsked && secrets.every(({ state }) => state === "unchanged") ? [nothingToSend(desired, catalogue)] : [];
}

/** What is new on a stamp; one that is not believed counts for none, but is told apart. */
function partsOf(row: Observed, before: Stamp | undefined, after: Stamp): readonly StampPart[] {
  return before === undefined && shownStamp(row) !== undefined ? ["replaced"] : stampPartsOf(before, after);
}
