import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Change, SecretChange, Source, StampPart } from "../model/plan.js";
import { isError, type Problem } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { Stamp, StampReading, StampSettings } from "../model/stamp.js";
import { nextStamp, stampPartsOf } from "../state/next-stamp.js";
import { leftOut } from "../state/recovery.js";
import { isOthers, isWrittenBy, maskedOn, shownStamp, stampText } from "../state/stamp.js";
import { carriedRow, carryingMaps, createMaps, updateWish } from "../state/wish.js";
import { incompleteBlocks, keptByService, missingOnCreate } from "./checks.js";
import { type Comparison, compare, compareWithNothing } from "./compare.js";
import { dangersOf } from "./meaning.js";
import { keptAfter, leftOutDanger, replacementDangers } from "./replacement.js";
import { nothingToSend, secretsOfNew, secretsOfRow, underPreviousKey } from "./secrets.js";
import {
  assumptionDanger,
  canCarryStamp,
  findStamp,
  keptProblems,
  lostStamp,
  outdatedStamp,
  type StampFinding,
  takeOverDanger,
  tooLong,
  withoutStamp,
} from "./stamps.js";

/** What is asked of a plan beyond the definitions. */
export interface PlanRequest {
  readonly stamps: StampSettings;
  /** Put a stamp on every connection that lacks what it should have, whoever's it was. */
  readonly adopts: boolean;
  /** Take the present secrets for those that the service has. */
  readonly assumesSecrets: boolean;
  /** Definitions whose unknown secrets are sent. */
  readonly writesSecretsOf: ReadonlySet<Desired>;
  /** Whether somebody named them, so that it should be said when there is nothing to send. */
  readonly namesSecrets: boolean;
  /** Definitions whose connection is archived and made anew. */
  readonly replaces: ReadonlySet<Desired>;
  /** A definition whose connection was archived already, and what that one was; with what of it is ours. */
  readonly recovers?: { readonly desired: Desired; readonly carried: Observed; readonly ours: Stamp };
  /**
   * Whether a row is one that this was asked about: of a plan that was made before, only the row that it was made from. On a
   * row that has come since, nothing is replaced and no unknown secret is sent.
   */
  readonly isAskedAbout: (desired: Desired, row: Observed) => boolean;
  /** A text that never came before; of a plan that was made before, the one that was drawn then. */
  readonly saltFor: (desired: Desired) => string;
}

export interface MadeChange {
  /** Absent when nothing may be written to the row; the problems say why. */
  readonly change?: Change;
  readonly source: Source;
  readonly problems: readonly Problem[];
}

/** What the changes of one plan have in common. */
export interface ChangeContext {
  readonly catalogue: Catalogue;
  readonly knownSecrets: KnownSecrets;
  readonly request: PlanRequest;
  /** What the stamp of each row is worth; empty where stamps are turned off. */
  readonly readings: ReadonlyMap<Observed, StampReading>;
  /** Rows that no definition means. */
  readonly unclaimed: readonly Observed[];
}

/** Characters of a path that nothing but a stamp vouches for. */
const LONGEST_SHOWN = 120;

/** Decides what is to be done with one definition after the other. */
export class ChangeMaker {
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
    const found = this.#stampOn(row, desired);
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
    const change = this.#changeOf(desired, {
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
      ...keptProblems(desired, { lost, gone: gone.map((path) => this.#shown(path)), needed }, isStampDue),
    ];
    return { change, source, problems };
  }

  /** A path that only a stamp names, which anybody with a key may have written. */
  #shown(path: string): string {
    return this.#context.knownSecrets.withhold(path.length > LONGEST_SHOWN ? `${path.slice(0, LONGEST_SHOWN)}…` : path);
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

  #stampOn(row: Observed, desired: Desired): StampFinding {
    const { stamps, adopts } = this.#request;
    const reading = this.#context.readings.get(row) ?? { kind: "none" };
    return findStamp(desired, row, reading, stamps, adopts, this.#context.knownSecrets);
  }

  /** Whether the connection of a definition is to be archived and made anew. */
  isReplaced(desired: Desired, row: Observed): boolean {
    const { replaces, isAskedAbout } = this.#request;
    return replaces.has(desired) && isAskedAbout(desired, row);
  }

  /** What it takes to archive a connection and make another one in its place, which has all that this one had beyond its definition. */
  forReplacement(desired: Desired, row: Observed): MadeChange {
    const { syncConfig: facts } = this.#catalogue;
    const found = this.#stampOn(row, desired);
    const { stamp, takenFrom } = found;
    const carried = carriedRow(row, facts);
    const source: Source = { desired, observed: row, carried, ...(stamp === undefined ? {} : { stamp }) };
    if (found.problems.some(isError)) return { source, problems: found.problems };
    const ownership = stamp === undefined || isOthers(stamp, this.#request.stamps.owner) ? undefined : stamp;
    const { fields, keptKeys, lost, gone, needed } = this.#compareAnew(desired, carried, row, ownership);
    const kept = keptProblems(desired, { lost, gone: gone.map((path) => this.#shown(path)), needed }, true);
    const made = this.#anew(desired, { action: "replace", id: row.id, fields, keptKeys }, source, [
      ...replacementDangers(desired, row, this.#catalogue),
      ...leftOutDanger(
        leftOut({ desired, marked: row, carried, fields }, facts, this.#context.knownSecrets).map((path) =>
          this.#shown(path),
        ),
      ),
      ...takeOverDanger(takenFrom, this.#request.stamps.owner),
    ]);
    const unstamped = this.#request.stamps.isOn ? [] : lostStamp(desired, row);
    return { ...made, problems: [...found.problems, ...unstamped, ...kept, ...made.problems] };
  }

  #compareAnew(desired: Desired, carried: Observed, row: Observed, ours: Stamp | undefined): Comparison {
    return compare(desired, carried, this.#catalogue.syncConfig, {
      ...(ours === undefined ? {} : { ours }),
      hidden: maskedOn(row),
      demanded: ownValue(this.#catalogue.providers, row.providerType)?.requiredSyncConfig ?? [],
      replacedBy: keptAfter(desired, carried, this.#catalogue.syncConfig),
    });
  }

  /** What it takes to make a connection that does not exist yet, or does not exist any more. */
  forNew(desired: Desired): MadeChange {
    const { recovers } = this.#request;
    const { fields, keptKeys } = compareWithNothing(desired, this.#catalogue.syncConfig);
    if (recovers?.desired !== desired)
      return this.#anew(desired, { action: "create", fields, keptKeys }, { desired }, this.#maybeRenamed(desired));
    const { carried, ours } = recovers;
    const against = this.#compareAnew(desired, carried, carried, ours);
    const listed = new Set(fields.map(({ path }) => path));
    // What the definition turns off or empties shows only beside what the archived connection had.
    const more = against.fields.filter(({ path }) => !listed.has(path) && path !== "name");
    const facts = { action: "create", fields: [...fields, ...more], keptKeys: against.keptKeys } as const;
    return this.#anew(desired, facts, { desired, carried, stamp: ours }, []);
  }

  #anew(
    desired: Desired,
    facts: Pick<Change, "action" | "fields" | "keptKeys"> & { readonly id?: string },
    source: Source,
    moreDangers: readonly string[],
  ): MadeChange {
    const { stamps, saltFor } = this.#request;
    const { carried, observed, stamp: before } = source;
    const { fields } = facts;
    const secrets = secretsOfNew(desired);
    const mayStamp = stamps.isOn && canCarryStamp(desired, carried, this.#catalogue);
    const salt = mayStamp ? saltFor(desired) : undefined;
    const row = observed ?? carried;
    const past = row === undefined ? {} : { row, isNew: true, ...(before === undefined ? {} : { before }) };
    const next =
      salt === undefined
        ? undefined
        : nextStamp({ desired, salt, fields, secrets, ...past }, stamps, this.#catalogue.syncConfig);
    const change = this.#changeOf(desired, {
      ...facts,
      stamp: mayStamp,
      stampParts: [],
      ...salted(salt),
      secrets,
      moreDangers,
    });
    const { syncConfig = {} } =
      carried === undefined
        ? createMaps(desired, this.#catalogue.syncConfig)
        : carryingMaps(fields, desired, carried, this.#catalogue.syncConfig);
    const problems = [
      ...tooLong(desired, next),
      ...(stamps.isOn && !mayStamp ? [withoutStamp(desired, this.#catalogue)] : []),
      ...keptByService(desired, syncConfig, this.#catalogue),
      ...missingOnCreate(desired, syncConfig, facts.action === "replace", this.#catalogue),
      ...incompleteBlocks(desired, syncConfig, this.#catalogue.syncConfig),
    ];
    return { change, source, problems };
  }

  /** A connection that is found by its name and has a new one looks like one that does not exist yet, beside one that nobody claims. */
  #maybeRenamed({ definition }: Desired): readonly string[] {
    const { providerType } = definition;
    if (ownValue(this.#catalogue.providers, providerType)?.identity !== "name") return [];
    const before = this.#context.unclaimed.filter((row) => row.providerType === providerType && this.#isOurs(row));
    if (before.length === 0) return [];
    const ids = before.map(({ id }) => id).join(" or ");
    return [`looks like a rename of ${ids}: then add id: to keep that connection, or it stays beside the new one`];
  }

  #isOurs(row: Observed): boolean {
    const reading = this.#context.readings.get(row);
    return reading?.kind === "own" && !isOthers(reading.stamp, this.#request.stamps.owner);
  }

  #changeOf(
    desired: Desired,
    made: Pick<Change, "action" | "stamp" | "stampParts" | "salt" | "fields" | "secrets" | "keptKeys"> & {
      readonly id?: string;
      readonly moreDangers: readonly string[];
    },
  ): Change {
    const { origin, providerType, protect } = desired.definition;
    const { moreDangers, ...rest } = made;
    const isReplaced = made.action === "replace";
    const dangers = dangersOf(made.fields, desired, this.#catalogue);
    return {
      name: desired.name,
      providerType,
      file: origin.file,
      line: origin.line,
      dangers: [...moreDangers, ...dangers.sentences],
      guarded: isReplaced || dangers.guarded || (protect && moreDangers.length > 0),
      isProtected: protect,
      ...rest,
    };
  }
}

/** What is new on a stamp; one that is not believed counts for none, but is told apart. */
function partsOf(row: Observed, before: Stamp | undefined, after: Stamp): readonly StampPart[] {
  return before === undefined && shownStamp(row) !== undefined ? ["replaced"] : stampPartsOf(before, after);
}

function salted(salt: string | undefined): Pick<Change, "salt"> {
  return salt === undefined ? {} : { salt };
}
