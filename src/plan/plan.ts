import type { Catalogue } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { byText } from "../model/json.js";
import {
  type Change,
  type FieldChange,
  isBlocked,
  type Plan,
  type SecretState,
  type Source,
  type Summary,
  type UnclaimedRow,
} from "../model/plan.js";
import type { Problem } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import type { StampReading } from "../model/stamp.js";
import { isWrittenBy, readStamps } from "../state/stamp.js";
import { changeForNew, changeForReplacement } from "./anew.js";
import type { ChangeContext, PlanRequest } from "./change.js";
import { changeForRow, leftUnderPreviousKey } from "./existing.js";
import { type Match, match, shownProvider } from "./match.js";
import { nothingToReplace } from "./replacement.js";

export interface Planned {
  /** Frozen. */
  readonly plan: Plan;
  /** One for every change of the plan that a definition asks for. */
  readonly sources: ReadonlyMap<Change, Source>;
  /** The rows of changes that archive what no definition claims. */
  readonly archives: ReadonlyMap<Change, Observed>;
  /** Which row each definition means, the ones that were not selected too. */
  readonly matches: ReadonlyMap<Desired, Match>;
  /** Whether every selected definition has its place in the plan; one whose row could not be told has none. */
  readonly isWhole: boolean;
  readonly problems: readonly Problem[];
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
  const readings = request.stamps.isOn ? readStamps(observed) : new Map<Observed, StampReading>();
  const matches = new Map(
    [...match(desired, observed, catalogue, knownSecrets)].map(([one, found]) => [
      one,
      replacedRow(one, found, { observed, readings, request, catalogue, knownSecrets }) ?? found,
    ]),
  );
  const claimed = new Set([...matches.values()].map((found) => (found.kind === "row" ? found.row : undefined)));
  const unclaimed = observed.filter((row) => !claimed.has(row));
  const context: ChangeContext = { catalogue, knownSecrets, request, readings, unclaimed };
  const problems: Problem[] = [];
  const sources = new Map<Change, Source>();
  let previousKey = 0;
  for (const [one, found] of matches) {
    if (!selected.has(one)) {
      if (found.kind === "row") previousKey += leftUnderPreviousKey(one, found.row, undefined, context);
      continue;
    }
    if (found.kind === "problem") {
      if (!problems.includes(found.problem)) problems.push(found.problem);
      continue;
    }
    if (found.kind === "new" && request.replaces.has(one)) {
      problems.push(nothingToReplace(one));
      continue;
    }
    const isReplaced = found.kind === "row" && request.replaces.has(one) && request.isAskedAbout(one, found.row);
    const made =
      found.kind === "new"
        ? changeForNew(one, context)
        : isReplaced
          ? changeForReplacement(one, found.row, context)
          : changeForRow(one, found.row, context);
    problems.push(...made.problems);
    if (found.kind === "row") previousKey += leftUnderPreviousKey(one, found.row, made.change, context);
    if (made.change === undefined) continue;
    const fields = made.change.fields.map((field) => masked(field, knownSecrets));
    sources.set({ ...made.change, fields }, made.source);
  }
  const changes = [...sources.keys()].sort(
    (left, right) =>
      byText(left.providerType, right.providerType) ||
      byText(left.name, right.name) ||
      byText(left.id ?? "", right.id ?? "") ||
      byText(left.file ?? "", right.file ?? "") ||
      (left.line ?? 0) - (right.line ?? 0),
  );
  const left = unclaimedRows(unclaimed, readings, catalogue, knownSecrets);
  const plan = frozen<Plan>({ version: 1, changes, unclaimed: left, summary: summaryOf(changes, left, previousKey) });
  return { plan, sources, archives: new Map(), matches, isWhole: changes.length === selected.size, problems };
}

/**
 * The row that a plan before has made in the place of one whose id the definition still names: told by its stamp, or where
 * there can be none by what it would be found by without that id. It is never replaced itself.
 */
function replacedRow(
  one: Desired,
  found: Match,
  {
    observed,
    readings,
    request,
    catalogue,
    knownSecrets,
  }: Omit<ChangeContext, "unclaimed"> & { readonly observed: readonly Observed[] },
): Match | undefined {
  const { replaces, saltFor, isAskedAbout, stamps } = request;
  if (found.kind !== "problem" || found.problem.code !== "PLAN.ID_GONE" || !replaces.has(one)) return undefined;
  const salt = saltFor(one);
  const stampedRow = observed.find((candidate) => {
    const reading = readings.get(candidate);
    const isOf = candidate.providerType === one.definition.providerType;
    return isOf && reading?.kind === "own" && isWrittenBy(reading.stamp, salt);
  });
  if (stampedRow !== undefined) return { kind: "row", row: stampedRow };
  if (stamps.isOn) return undefined;
  const { id: _gone, ...unnamed } = one;
  const [again] = match([unnamed], observed, catalogue, knownSecrets).values();
  return again?.kind === "row" && !isAskedAbout(one, again.row) ? again : undefined;
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
export function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) frozen(inner);
  return Object.freeze(value);
}

export function summaryOf(
  changes: readonly Change[],
  unclaimed: readonly UnclaimedRow[],
  previousKey: number,
): Summary {
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
    unknown: count(({ secrets }) => secrets.some(({ state, isSent }) => state === "unknown" && !isSent)),
    unresolved: count((change) => has(change, "unresolved")),
    keptKeys: changes.reduce((total, { keptKeys }) => total + keptKeys, 0),
    unclaimed: unclaimed.length,
    previousKey,
  };
}

function unclaimedRows(
  rows: readonly Observed[],
  readings: ReadonlyMap<Observed, StampReading>,
  catalogue: Catalogue,
  knownSecrets: KnownSecrets,
): readonly UnclaimedRow[] {
  return rows
    .map((row): UnclaimedRow => {
      const reading = readings.get(row);
      const owner = reading?.kind === "own" ? reading.stamp.owner : undefined;
      return {
        id: row.id,
        name: knownSecrets.mask(row.name),
        providerType: shownProvider(row, catalogue, knownSecrets),
        stamped: reading?.kind === "own",
        ...(owner === undefined ? {} : { owner: knownSecrets.mask(owner) }),
      };
    })
    .sort(
      (left, right) =>
        byText(left.providerType, right.providerType) || byText(left.name, right.name) || byText(left.id, right.id),
    );
}
