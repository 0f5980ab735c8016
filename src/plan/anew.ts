import type { Desired, Observed } from "../model/connection.js";
import { ownValue } from "../model/json.js";
import type { Change, Source } from "../model/plan.js";
import { isError } from "../model/problem.js";
import { nextStamp, pastOf } from "../state/next-stamp.js";
import { leftOut } from "../state/recovery.js";
import { carriedRow, createMaps } from "../state/wish.js";
import {
  type ChangeContext,
  changeOf,
  isOurs,
  keptOf,
  knownOf,
  knownRow,
  type MadeChange,
  salted,
  shownPath,
} from "./change.js";
import { incompleteBlocks, keptByService, missingOnCreate } from "./checks.js";
import { compare, compareWithNothing } from "./compare.js";
import { keptAfter, leftOutDanger, replacementDangers } from "./replacement.js";
import { secretsOfNew } from "./secrets.js";
import { canCarryStamp, lostStamp, takeOverDanger, tooLong, withoutStamp } from "./stamps.js";

/** What it takes to archive a connection and make another one in its place, which has all that this one had beyond its definition. */
export function changeForReplacement(desired: Desired, row: Observed, context: ChangeContext): MadeChange {
  const { catalogue, request, knownSecrets } = context;
  const { found, source: existing, known } = knownRow(desired, row, context);
  const carried = carriedRow(row, catalogue.syncConfig);
  const source: Source = { ...existing, carried };
  if (found.problems.some(isError)) return { source, problems: found.problems };
  const replacedBy = keptAfter(desired, carried, catalogue.syncConfig);
  const compared = compare(desired, carried, catalogue.syncConfig, { ...known, replacedBy });
  const { fields, keptKeys } = compared;
  const lost = leftOut({ desired, marked: row, carried, fields }, catalogue.syncConfig, knownSecrets);
  const made = madeAnew({ action: "replace", id: row.id, fields, keptKeys }, source, context, [
    ...replacementDangers(desired, row, catalogue),
    ...leftOutDanger(lost.map((path) => shownPath(path, context))),
    ...takeOverDanger(found.takenFrom, request.stamps.owner),
  ]);
  const problems = [
    ...found.problems,
    ...(request.stamps.isOn ? [] : lostStamp(desired, row)),
    ...keptOf(desired, compared, true, context),
    ...made.problems,
  ];
  return { ...made, problems };
}

/** What it takes to make a connection that does not exist yet, or does not exist any more. */
export function changeForNew(desired: Desired, context: ChangeContext): MadeChange {
  const { catalogue, request } = context;
  const { fields, keptKeys } = compareWithNothing(desired, catalogue.syncConfig);
  if (request.recovers?.desired !== desired) {
    return madeAnew({ action: "create", fields, keptKeys }, { desired }, context, maybeRenamed(desired, context));
  }
  const { carried, ours } = request.recovers;
  const replacedBy = keptAfter(desired, carried, catalogue.syncConfig);
  const known = { ...knownOf(carried, ours, catalogue), replacedBy };
  const compared = compare(desired, carried, catalogue.syncConfig, known);
  const listed = new Set(fields.map(({ path }) => path));
  // What the definition turns off or empties shows only beside what the archived connection had.
  const more = compared.fields.filter(({ path }) => !listed.has(path) && path !== "name");
  const facts = { action: "create", fields: [...fields, ...more], keptKeys: compared.keptKeys } as const;
  return madeAnew(facts, { desired, carried, stamp: ours }, context, []);
}

function madeAnew(
  facts: Pick<Change, "action" | "fields" | "keptKeys"> & { readonly id?: string },
  source: Source,
  { catalogue, request }: ChangeContext,
  moreDangers: readonly string[],
): MadeChange {
  const { stamps, saltFor } = request;
  const { desired, carried } = source;
  const { fields } = facts;
  const secrets = secretsOfNew(desired, stamps);
  const mayStamp = stamps.isOn && canCarryStamp(desired, carried, catalogue);
  const salt = mayStamp ? saltFor(desired) : undefined;
  const wish = { fields, secrets, ...pastOf(source) };
  const next = salt === undefined ? undefined : nextStamp({ ...wish, salt }, stamps, catalogue.syncConfig);
  const change = changeOf(desired, catalogue, {
    ...facts,
    stamp: mayStamp,
    stampParts: [],
    ...salted(salt),
    secrets,
    moreDangers,
  });
  const { syncConfig = {} } = createMaps(fields, source, catalogue.syncConfig);
  const problems = [
    ...tooLong(desired, next),
    ...(stamps.isOn && !mayStamp ? [withoutStamp(desired, catalogue)] : []),
    ...keptByService(desired, syncConfig, catalogue),
    ...missingOnCreate(desired, syncConfig, facts.action === "replace", catalogue),
    ...incompleteBlocks(desired, syncConfig, catalogue.syncConfig),
  ];
  return { change, source, problems };
}

/** Connections that a new one may be a rename of, by their ids; more of them tell nobody anything. */
const MOST_RENAMED = 3;

/** A connection that is found by its name and has a new one looks like one that does not exist yet, beside one that nobody claims. */
function maybeRenamed({ definition }: Desired, context: ChangeContext): readonly string[] {
  const { providerType } = definition;
  if (ownValue(context.catalogue.providers, providerType)?.identity !== "name") return [];
  const before = context.unclaimed.filter((row) => row.providerType === providerType && isOurs(row, context));
  if (before.length === 0) return [];
  const ids = before.slice(0, MOST_RENAMED).map(({ id }) => id);
  const more = before.length > ids.length ? [`one of ${before.length - ids.length} more`] : [];
  return [
    `looks like a rename of ${[...ids, ...more].join(" or ")}: then add id: to keep that connection, or it stays beside the new one`,
  ];
}
