import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Change, Source } from "../model/plan.js";
import { isError } from "../model/problem.js";
import type { Stamp } from "../model/stamp.js";
import { nextStamp } from "../state/next-stamp.js";
import { leftOut } from "../state/recovery.js";
import { isOthers, maskedOn } from "../state/stamp.js";
import { carriedRow, carryingMaps, createMaps } from "../state/wish.js";
import {
  type ChangeContext,
  changeOf,
  isOurs,
  type MadeChange,
  type PlanRequest,
  salted,
  shownPath,
  stampOn,
} from "./change.js";
import { incompleteBlocks, keptByService, missingOnCreate } from "./checks.js";
import { type Comparison, compare, compareWithNothing } from "./compare.js";
import { keptAfter, leftOutDanger, replacementDangers } from "./replacement.js";
import { secretsOfNew } from "./secrets.js";
import { canCarryStamp, keptProblems, lostStamp, takeOverDanger, tooLong, withoutStamp } from "./stamps.js";

/** Decides what it takes to make connections: new ones, those that take the place of others, and those whose replace broke off. */
export class AnewMaker {
  readonly #context: ChangeContext;
  readonly #catalogue: Catalogue;
  readonly #request: PlanRequest;

  constructor(context: ChangeContext) {
    this.#context = context;
    this.#catalogue = context.catalogue;
    this.#request = context.request;
  }

  /** What it takes to archive a connection and make another one in its place, which has all that this one had beyond its definition. */
  forReplacement(desired: Desired, row: Observed): MadeChange {
    const { syncConfig: facts } = this.#catalogue;
    const found = stampOn(row, desired, this.#context);
    const { stamp, takenFrom } = found;
    const carried = carriedRow(row, facts);
    const source: Source = { desired, observed: row, carried, ...(stamp === undefined ? {} : { stamp }) };
    if (found.problems.some(isError)) return { source, problems: found.problems };
    const ownership = stamp === undefined || isOthers(stamp, this.#request.stamps.owner) ? undefined : stamp;
    const { fields, keptKeys, lost, gone, needed } = this.#compareAnew(desired, carried, row, ownership);
    const kept = keptProblems(
      desired,
      { lost, gone: gone.map((path) => shownPath(path, this.#context)), needed },
      true,
    );
    const made = this.#anew(desired, { action: "replace", id: row.id, fields, keptKeys }, source, [
      ...replacementDangers(desired, row, this.#catalogue),
      ...leftOutDanger(
        leftOut({ desired, marked: row, carried, fields }, facts, this.#context.knownSecrets).map((path) =>
          shownPath(path, this.#context),
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
    const change = changeOf(desired, this.#catalogue, {
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
    const before = this.#context.unclaimed.filter(
      (row) => row.providerType === providerType && isOurs(row, this.#context),
    );
    if (before.length === 0) return [];
    const ids = before.map(({ id }) => id).join(" or ");
    return [`looks like a rename of ${ids}: then add id: to keep that connection, or it stays beside the new one`];
  }
}
