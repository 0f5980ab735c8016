import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Change, SecretChange, Source, StampPart } from "../model/plan.js";
import { isError, type Problem } from "../model/problem.js";
import type { Stamp } from "../model/stamp.js";
import { nextStamp, stampPartsOf } from "../state/next-stamp.js";
import { isOthers, isWrittenBy, maskedOn, shownStamp, stampText } from "../state/stamp.js";
import { updateWish } from "../state/wish.js";
import {
  type ChangeContext,
  changeOf,
  type MadeChange,
  type PlanRequest,
  salted,
  shownPath,
  stampOn,
} from "./change.js";
import { incompleteBlocks, keptByService } from "./checks.js";
import { compare } from "./compare.js";
import { nothingToSend, secretsOfRow, underPreviousKey } from "./secrets.js";
import {
  assumptionDanger,
  canCarryStamp,
  keptProblems,
  outdatedStamp,
  takeOverDanger,
  tooLong,
  withoutStamp,
} from "./stamps.js";

/** Decides what is to be done with the rows that definitions mean. */
export class ExistingMaker {
  readonly #context: ChangeContext;
  readonly #catalogue: Catalogue;
  readonly #request: PlanRequest;

  constructor(context: ChangeContext) {
    this.#context = context;
    this.#catalogue = context.catalogue;
    this.#request = context.request;
  }

  /** What it takes to make an existing connection equal to its definition. */
  forRow(desired: Desired, row: Observed): MadeChange {
    const { stamps, adopts, saltFor } = this.#request;
    const { syncConfig: facts } = this.#catalogue;
    const found = stampOn(row, desired, this.#context);
    const { stamp, takenFrom } = found;
    const source: Source = { desired, observed: row, ...(stamp === undefined ? {} : { stamp }) };
    if (found.problems.some(isError)) return { source, problems: found.problems };

    // What another owner wrote is not for us to take away, also when the connection becomes ours.
    const ownership = stamp === undefined || isOthers(stamp, stamps.owner) ? undefined : stamp;
    const { fields, keptKeys, lost, gone, needed } = compare(desired, row, facts, {
      ...(ownership === undefined ? {} : { ours: ownership }),
      hidden: maskedOn(row),
      demanded: ownValue(this.#catalogue.providers, row.providerType)?.requiredSyncConfig ?? [],
    });
    const mayStamp = stamps.isOn && canCarryStamp(desired, row, this.#catalogue);
    const secrets = this.#secretsOn(desired, row, stamp, mayStamp);
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
    const change = changeOf(desired, this.#catalogue, {
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
      ...(stamps.isOn && !mayStamp && (adopts || differs) ? [withoutStamp(desired, this.#catalogue)] : []),
      ...(stamps.isOn ? [] : outdatedStamp(desired, row, secrets)),
      ...this.#notSent(desired, secrets),
      ...incompleteBlocks(desired, syncConfig, facts),
      ...keptByService(desired, row.syncConfig, this.#catalogue),
      ...keptProblems(desired, { lost, gone: gone.map((path) => shownPath(path, this.#context)), needed }, isStampDue),
    ];
    return { change, source, problems };
  }

  /** How many fingerprints of a definition's row stay under the previous key, whether it was planned for or not. */
  underPreviousKey(desired: Desired, row: Observed, planned: Change | undefined): number {
    const reading = this.#context.readings.get(row);
    if (reading?.kind !== "own" || isOthers(reading.stamp, this.#request.stamps.owner)) return 0;
    return underPreviousKey(desired, reading.stamp, this.#request.stamps.keys, planned?.secrets ?? []);
  }

  #secretsOn(desired: Desired, row: Observed, stamp: Stamp | undefined, mayStamp: boolean): readonly SecretChange[] {
    const { stamps, adopts, assumesSecrets, writesSecretsOf, saltFor, isAskedAbout } = this.#request;
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
    return secretsOfRow(desired, row, question, this.#catalogue);
  }

  /** Somebody named this definition to have its secrets sent, and none is. */
  #notSent(desired: Desired, secrets: readonly SecretChange[]): readonly Problem[] {
    const { writesSecretsOf, namesSecrets } = this.#request;
    const isAsked = namesSecrets && writesSecretsOf.has(desired) && secrets.length > 0;
    return isAsked && secrets.every(({ state }) => state === "unchanged")
      ? [nothingToSend(desired, this.#catalogue)]
      : [];
  }
}

/** What is new on a stamp; one that is not believed counts for none, but is told apart. */
function partsOf(row: Observed, before: Stamp | undefined, after: Stamp): readonly StampPart[] {
  return before === undefined && shownStamp(row) !== undefined ? ["replaced"] : stampPartsOf(before, after);
}
