import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { byText, ownValue } from "../model/json.js";
import {
  type Change,
  type FieldChange,
  isBlocked,
  type Plan,
  type SecretChange,
  type SecretState,
  type Source,
  type Summary,
  type UnclaimedRow,
} from "../model/plan.js";
import { isError, type Problem } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { Stamp, StampReading, StampSettings } from "../model/stamp.js";
import { nextStamp, stampPartsOf } from "../state/next-stamp.js";
import { isOthers, readStamps, shownStamp, stampText } from "../state/stamp.js";
import { createMaps, updateWish } from "../state/wish.js";
import { incompleteBlocks, keptByService, missingOnCreate } from "./checks.js";
import { compare, compareWithNothing } from "./compare.js";
import { match } from "./match.js";
import { dangersOf } from "./meaning.js";
import { nothingToSend, secretsOfNew, secretsOfRow } from "./secrets.js";
import {
  assumptionDanger,
  canCarryStamp,
  findStamp,
  keptProblems,
  outdatedStamp,
  type StampFinding,
  takeOverDanger,
  tooLong,
  withoutStamp,
} from "./stamps.js";

export interface Planned {
  /** Frozen. */
  readonly plan: Plan;
  /** One for every change of the plan. */
  readonly sources: ReadonlyMap<Change, Source>;
  /** Whether every selected definition has its place in the plan; one whose row could not be told has none. */
  readonly isWhole: boolean;
  readonly problems: readonly Problem[];
}

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
  /** A text that never came before. */
  readonly newSalt: () => string;
}

/**
 * What it takes to make the service equal to the definitions: paired by id, provider or name, ordered by provider, name
 * and id. Plain data; what `apply` does is decided here and nowhere else.
 *
 * @param desired - every definition, so that rows nobody claims can be told
 * @param selected - those to plan for; the others only claim their rows
 * @param knownSecrets - what no name or value of the plan may repeat
 */
export function makePlan(
  desired: readonly Desired[],
  selected: ReadonlySet<Desired>,
  observed: readonly Observed[],
  catalogue: Catalogue,
  knownSecrets: KnownSecrets,
  request: PlanRequest,
): Planned {
  return new Planner(desired, observed, catalogue, knownSecrets, request).plan(selected);
}

interface MadeChange {
  /** Absent when nothing may be written to the row; the problems say why. */
  readonly change?: Change;
  readonly source: Source;
  readonly problems: readonly Problem[];
}

class Planner {
  readonly #catalogue: Catalogue;
  readonly #knownSecrets: KnownSecrets;
  readonly #request: PlanRequest;
  readonly #matches: ReturnType<typeof match>;
  readonly #readings: ReadonlyMap<Observed, StampReading>;
  readonly #unclaimed: readonly Observed[];

  constructor(
    desired: readonly Desired[],
    observed: readonly Observed[],
    catalogue: Catalogue,
    knownSecrets: KnownSecrets,
    request: PlanRequest,
  ) {
    this.#catalogue = catalogue;
    this.#knownSecrets = knownSecrets;
    this.#request = request;
    this.#matches = match(desired, observed, catalogue, knownSecrets);
    this.#readings = request.stamps.isOn ? readStamps(observed) : new Map();
    const claimed = new Set([...this.#matches.values()].map((found) => (found.kind === "row" ? found.row : undefined)));
    this.#unclaimed = observed.filter((row) => !claimed.has(row));
  }

  plan(selected: ReadonlySet<Desired>): Planned {
    const problems: Problem[] = [];
    const sources = new Map<Change, Source>();
    for (const [one, found] of this.#matches) {
      if (!selected.has(one)) continue;
      if (found.kind === "problem") {
        if (!problems.includes(found.problem)) problems.push(found.problem);
        continue;
      }
      const made = found.kind === "row" ? this.#forRow(one, found.row) : this.#forNew(one);
      problems.push(...made.problems);
      if (made.change === undefined) continue;
      const fields = made.change.fields.map((field) => masked(field, this.#knownSecrets));
      sources.set({ ...made.change, fields }, made.source);
    }
    const changes = [...sources.keys()].sort(
      (left, right) =>
        byText(left.providerType, right.providerType) ||
        byText(left.name, right.name) ||
        byText(left.id ?? "", right.id ?? "") ||
        byText(left.file, right.file) ||
        left.line - right.line,
    );
    const unclaimed = this.#unclaimedRows();
    const plan = frozen<Plan>({ version: 1, changes, unclaimed, summary: summaryOf(changes, unclaimed) });
    return { plan, sources, isWhole: changes.length === selected.size, problems };
  }

  #forRow(desired: Desired, row: Observed): MadeChange {
    const { stamps, adopts, newSalt } = this.#request;
    const { syncConfig: facts } = this.#catalogue;
    const found = this.#stampOn(row, desired);
    const { stamp, takenFrom } = found;
    const source: Source = { desired, observed: row, ...(stamp === undefined ? {} : { stamp }) };
    if (found.problems.some(isError)) return { source, problems: found.problems };

    // What another owner wrote is not for us to take away, also when the connection becomes ours.
    const ownership = stamp === undefined || isOthers(stamp, stamps.owner) ? undefined : stamp;
    const { fields, keptKeys, lost, needed } = compare(desired, row, facts, {
      ...(ownership === undefined ? {} : { ours: ownership }),
      hidden: stamp?.masked ?? [],
      demanded: ownValue(this.#catalogue.providers, row.providerType)?.requiredSyncConfig ?? [],
    });
    const mayStamp = stamps.isOn && canCarryStamp(desired, row, this.#catalogue);
    const secrets = this.#secretsOn(desired, row, stamp, mayStamp);
    const differs =
      fields.some(({ state }) => state === undefined) ||
      secrets.some(({ isSent, state }) => isSent && state !== "unresolved");
    // Not looked at where nothing is written anyway: making a stamp costs more than comparing a connection.
    const isLookedAt = mayStamp && (differs || adopts);
    const salt = isLookedAt && stamp === undefined ? newSalt() : undefined;
    const wish = { ...source, row, fields, secrets, ...(stamp === undefined ? salted(salt) : { before: stamp }) };
    const next = isLookedAt ? nextStamp(wish, stamps, facts) : undefined;
    const parts = next === undefined || stampText(next) === shownStamp(row) ? [] : stampPartsOf(stamp, next);
    // That it does not know its connection yet is no reason for a write of its own: the next one fills it in.
    const isStampDue = parts.some((part) => differs || part !== "id");
    const change = this.#changeOf(desired, {
      action: differs || isStampDue ? "update" : "none",
      id: row.id,
      stamp: isStampDue,
      stampParts: isStampDue ? parts : [],
      ...(isStampDue ? salted(salt) : {}),
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
      ...keptProblems(desired, lost, needed, isStampDue),
    ];
    return { change, source, problems };
  }

  #secretsOn(desired: Desired, row: Observed, stamp: Stamp | undefined, mayStamp: boolean): readonly SecretChange[] {
    const { stamps, adopts, assumesSecrets, writesSecretsOf } = this.#request;
    const question = {
      readsStamps: stamps.isOn,
      ...(stamp === undefined ? {} : { stamp }),
      keys: stamps.keys,
      isWritten: writesSecretsOf.has(desired),
      isAdopted: adopts && mayStamp,
      isAssumed: assumesSecrets && mayStamp,
    };
    return secretsOfRow(desired, row, question, this.#catalogue);
  }

  /** Somebody named this definition to have its secrets sent, and none is. */
  #notSent(desired: Desired, secrets: readonly SecretChange[]): readonly Problem[] {
    const { writesSecretsOf, namesSecrets } = this.#request;
    const isAsked = namesSecrets && writesSecretsOf.has(desired) && secrets.length > 0;
    return isAsked && secrets.every(({ state }) => state === "unchanged") ? [nothingToSend(desired)] : [];
  }

  #stampOn(row: Observed, desired: Desired): StampFinding {
    const { stamps, adopts } = this.#request;
    const reading = this.#readings.get(row) ?? { kind: "none" };
    return findStamp(desired, row, reading, stamps, adopts, this.#knownSecrets);
  }

  #forNew(desired: Desired): MadeChange {
    const { stamps, newSalt } = this.#request;
    const { syncConfig: facts } = this.#catalogue;
    const { fields, keptKeys } = compareWithNothing(desired, facts);
    const secrets = secretsOfNew(desired);
    const mayStamp = stamps.isOn && canCarryStamp(desired, undefined, this.#catalogue);
    const salt = mayStamp ? newSalt() : undefined;
    const next = salt === undefined ? undefined : nextStamp({ desired, salt, fields, secrets }, stamps, facts);
    const change = this.#changeOf(desired, {
      action: "create",
      stamp: mayStamp,
      stampParts: [],
      ...salted(salt),
      fields,
      secrets,
      keptKeys,
      moreDangers: this.#maybeRenamed(desired),
    });
    const problems = [
      ...tooLong(desired, next),
      ...(stamps.isOn && !mayStamp ? [withoutStamp(desired, this.#catalogue)] : []),
      ...keptByService(desired, desired.syncConfig ?? {}, this.#catalogue),
      ...missingOnCreate(desired, this.#catalogue),
      ...incompleteBlocks(desired, createMaps(desired, facts).syncConfig ?? {}, facts),
    ];
    return { change, source: { desired }, problems };
  }

  /** A connection that is found by its name and has a new one looks like one that does not exist yet, beside one that nobody claims. */
  #maybeRenamed({ definition }: Desired): readonly string[] {
    const { providerType } = definition;
    if (ownValue(this.#catalogue.providers, providerType)?.identity !== "name") return [];
    const before = this.#unclaimed.filter((row) => row.providerType === providerType && this.#isOurs(row));
    if (before.length === 0) return [];
    const ids = before.map(({ id }) => id).join(" or ");
    return [`looks like a rename of ${ids}: then add id: to keep that connection, or it stays beside the new one`];
  }

  #isOurs(row: Observed): boolean {
    const reading = this.#readings.get(row);
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
    const dangers = dangersOf(made.fields, desired, this.#catalogue);
    return {
      name: desired.name,
      providerType,
      file: origin.file,
      line: origin.line,
      dangers: [...moreDangers, ...dangers.sentences],
      guarded: dangers.guarded || (protect && moreDangers.length > 0),
      ...rest,
    };
  }

  #unclaimedRows(): readonly UnclaimedRow[] {
    return this.#unclaimed
      .map((row): UnclaimedRow => {
        const reading = this.#readings.get(row);
        const owner = reading?.kind === "own" ? reading.stamp.owner : undefined;
        return {
          id: row.id,
          name: this.#knownSecrets.mask(row.name),
          providerType: row.providerType,
          stamped: reading?.kind === "own",
          ...(owner === undefined ? {} : { owner: this.#knownSecrets.mask(owner) }),
        };
      })
      .sort(
        (left, right) =>
          byText(left.providerType, right.providerType) || byText(left.name, right.name) || byText(left.id, right.id),
      );
  }
}

function salted(salt: string | undefined): Pick<Change, "salt"> {
  return salt === undefined ? {} : { salt };
}

/** The service may still show, under another key, what somebody has moved into a variable. */
function masked(field: FieldChange, knownSecrets: KnownSecrets): FieldChange {
  const { before, after } = field;
  return {
    ...field,
    ...(before === undefined ? {} : { before: knownSecrets.mask(before) }),
    ...(after === undefined ? {} : { after: knownSecrets.mask(after) }),
  };
}

/** The value with everything in it closed to changes: what was shown is what is carried out. */
function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) frozen(inner);
  return Object.freeze(value);
}

function summaryOf(changes: readonly Change[], unclaimed: readonly UnclaimedRow[]): Summary {
  const count = (test: (change: Change) => boolean) => changes.filter(test).length;
  const has = (change: Change, state: SecretState | FieldChange["state"]) =>
    [...change.fields, ...change.secrets].some((item) => item.state === state);
  return {
    create: count(({ action }) => action === "create"),
    update: count(({ action }) => action === "update"),
    replace: count(({ action }) => action === "replace"),
    archive: count(({ action }) => action === "archive"),
    unchanged: count(({ action }) => action === "none"),
    blocked: count(isBlocked),
    unknown: count((change) => has(change, "unknown")),
    unresolved: count((change) => has(change, "unresolved")),
    keptKeys: changes.reduce((total, { keptKeys }) => total + keptKeys, 0),
    unclaimed: unclaimed.length,
  };
}
