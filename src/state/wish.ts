import type { SyncGroup } from "../model/catalogue.js";
import { type Desired, type MapName, type Observed, STAMP_KEY } from "../model/connection.js";
import { byText, type Json, type JsonObject, ownValue, sameJson, valueAt } from "../model/json.js";
import { dotted } from "../model/location.js";
import type { FieldChange, Source } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import type { UpdateWish, WishedMaps } from "../model/wish.js";
import { type Edit, edited, withoutEmptyBlocks } from "./merge.js";
import { shownStamp } from "./stamp.js";
import { isKeptByService, metadataUnits, syncUnits, type Unit } from "./units.js";

/** Where our own mark stands, as a path. */
export const STAMP_PATH = dotted(["metadata", STAMP_KEY]);

/**
 * What a PUT sends for planned field changes: only the top-level keys that change, each map whole, with all that it has beyond them.
 *
 * @param stamp - the text that the write puts on the row, if it does
 */
export function updateWish(
  fields: readonly FieldChange[],
  desired: Desired,
  row: Observed,
  facts: SyncGroup,
  stamp?: string,
): Pick<UpdateWish, "name"> & WishedMaps {
  const mark: readonly Edit[] =
    stamp === undefined || stamp === shownStamp(row) ? [] : [{ keys: [STAMP_KEY], value: stamp }];
  const metadata = [...editsOf(fields, desired, "metadata"), ...mark];
  const sync = editsOf(fields, desired, "sync_config");
  return {
    ...(fields.some(({ path, state }) => path === "name" && state === undefined) ? { name: desired.name } : {}),
    ...(metadata.length === 0 ? {} : { metadata: edited(row.metadata ?? {}, metadata) }),
    ...(sync.length === 0 ? {} : { syncConfig: withoutEmptyBlocks(edited(row.syncConfig, sync), facts) }),
  };
}

/**
 * A row as the connection that takes its place starts from: without our mark, and without what the service fills in where it
 * keeps a block itself.
 */
export function carriedRow(row: Observed, facts: SyncGroup): Observed {
  const filled = syncUnits(row.syncConfig, facts).filter((unit) => isKeptByService(unit, row.syncConfig, facts));
  const unmarked = edited(row.metadata ?? {}, [{ keys: [STAMP_KEY], remove: true }]);
  return {
    ...row,
    // That there were some, if only our mark, is not the same everywhere as that there were none.
    metadata: row.metadata === null ? null : unmarked,
    syncConfig: edited(
      row.syncConfig,
      filled.map(({ keys }) => ({ keys: keys.slice(1), remove: true })),
    ),
  };
}

/**
 * The maps of a connection that is to be made, with its stamp if it gets one. Where it takes the place of another one, it has
 * all that that one had beyond the definition.
 */
export function createMaps(
  fields: readonly FieldChange[],
  { desired, carried }: Pick<Source, "desired" | "carried">,
  facts: SyncGroup,
  stamp?: string,
): WishedMaps {
  const metadata =
    carried === undefined ? desired.metadata : edited(carried.metadata ?? {}, editsOf(fields, desired, "metadata"));
  const sync =
    carried === undefined ? desired.syncConfig : edited(carried.syncConfig, editsOf(fields, desired, "sync_config"));
  const hasMetadata = desired.metadata !== undefined || stamp !== undefined || (carried?.metadata ?? null) !== null;
  const hasSync = desired.syncConfig !== undefined || Object.keys(sync ?? {}).length > 0;
  return {
    ...(hasMetadata ? { metadata: stampedMetadata(metadata ?? {}, stamp) } : {}),
    ...(hasSync ? { syncConfig: withoutEmptyBlocks(sync ?? {}, facts) } : {}),
  };
}

/** A metadata map with our stamp in it. */
export function stampedMetadata(metadata: JsonObject, stamp: string | undefined): JsonObject {
  return stamp === undefined ? metadata : edited(metadata, [{ keys: [STAMP_KEY], value: stamp }]);
}

/** The edits that planned field changes make to one map; their values come from the definition, for a plan holds no secret. */
function editsOf(fields: readonly FieldChange[], desired: Desired, map: MapName): readonly Edit[] {
  return fields
    .filter(({ keys, state }) => keys[0] === map && state === undefined)
    .map(({ keys, kind }): Edit => {
      if (kind === "remove") return { keys: keys.slice(1), remove: true };
      return { keys: keys.slice(1), value: desiredValue(desired, keys) };
    });
}

function desiredValue(desired: Desired, keys: readonly string[]): Json {
  const [map, ...rest] = keys;
  const value = valueAt(map === "metadata" ? desired.metadata : desired.syncConfig, rest);
  if (value === undefined) throw new Bug(`the plan changes ${keys.join(".")}, which the definition does not declare`);
  return value;
}

/**
 * What a wish and an answer disagree on, as paths: every unit that was sent and is not shown, and every one that is shown
 * in a map that was replaced without it. What the service keeps itself is not compared.
 */
export function unmet(
  wish: Pick<UpdateWish, "name"> & WishedMaps,
  answer: Observed,
  facts: SyncGroup,
): readonly string[] {
  const name = wish.name !== undefined && wish.name !== answer.name ? ["name"] : [];
  return [...name, ...unmetMetadata(wish.metadata, answer), ...unmetSync(wish.syncConfig, answer, facts)];
}

function unmetMetadata(sent: JsonObject | undefined, answer: Observed): readonly string[] {
  if (sent === undefined) return [];
  const shown = answer.metadata ?? {};
  const keys = [...new Set([...Object.keys(sent), ...Object.keys(shown)])].sort(byText);
  return keys
    .filter((key) => !sameValue(ownValue(sent, key), ownValue(shown, key)))
    .map((key) => dotted(["metadata", key]));
}

function unmetSync(sent: JsonObject | undefined, answer: Observed, facts: SyncGroup): readonly string[] {
  if (sent === undefined) return [];
  const wished = new Map(syncUnits(sent, facts).map((unit) => [unit.path, unit]));
  const shown = new Map(syncUnits(answer.syncConfig, facts).map((unit) => [unit.path, unit]));
  return [...new Map([...shown, ...wished])]
    .filter(([, unit]) => !isKeptByService(unit, answer.syncConfig, facts))
    .filter(([path]) => !bothDefault(wished.get(path), shown.get(path)))
    .filter(([path]) => !sameValue(wished.get(path)?.value, shown.get(path)?.value))
    .map(([path]) => path);
}

/**
 * What of a row is no longer as it was when it was planned for, among all that the definition declares and all that the plan
 * changes: somebody else has decided about it meanwhile. A stamp is part of it where the plan was made from stamps.
 */
export function moved(
  fields: readonly FieldChange[],
  desired: Desired,
  before: Observed,
  now: Observed,
  facts: SyncGroup,
  readsStamps: boolean,
): readonly string[] {
  const declared = [...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)].map(
    ({ path }) => path,
  );
  const watched = new Set([...declared, ...fields.map(({ path }) => path)]);
  const unitsOf = ({ metadata, syncConfig }: Observed) =>
    new Map([...metadataUnits(metadata), ...syncUnits(syncConfig, facts)].map((unit) => [unit.path, unit]));
  const old = unitsOf(before);
  const current = unitsOf(now);
  const paths = [...watched].filter((path) => {
    const left = old.get(path);
    const right = current.get(path);
    const unit = right ?? left;
    if (unit !== undefined && isKeptByService(unit, now.syncConfig, facts)) return false;
    const isOff = left?.facts !== undefined || right?.facts !== undefined ? bothDefault(left, right) : false;
    return !isOff && !sameValue(left?.value, right?.value);
  });
  if (readsStamps && !sameValue(shownStamp(before), shownStamp(now))) paths.push(STAMP_PATH);
  return before.name === now.name ? paths : ["name", ...paths];
}

function bothDefault(left: Unit | undefined, right: Unit | undefined): boolean {
  return (left?.isDefault ?? true) && (right?.isDefault ?? true);
}

function sameValue(left: Json | undefined, right: Json | undefined): boolean {
  return left === undefined || right === undefined ? left === right : sameJson(left, right);
}
