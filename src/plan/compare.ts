import deepDiff from "deep-diff";
import type { SyncGroup } from "../model/catalogue.js";
import type { Desired, Observed, UnresolvedReference } from "../model/connection.js";
import { byText, isObject, type Json, type JsonObject, sameJson } from "../model/json.js";
import { dotted } from "../model/location.js";
import type { FieldChange } from "../model/plan.js";
import { MASK } from "../model/secret.js";
import type { Stamp } from "../model/stamp.js";
import { gonePaths } from "../state/next-stamp.js";
import { claimOn } from "../state/stamp.js";
import { isKeptByService, metadataUnits, syncUnits, type Unit, unitKeysOf, unitPathOf } from "../state/units.js";
import { neededAround, stuckBeside } from "./ownership.js";

export interface Comparison {
  /** In a fixed order: name, metadata by key, sync_config as the catalogue lists it. */
  readonly fields: readonly FieldChange[];
  /** Keys with a value that the definition does not name; they stay. */
  readonly keptKeys: number;
  /** Of these, paths that we wrote and the file no longer names, but somebody has changed since: they are no longer ours. */
  readonly lost: readonly string[];
  /** The same, where somebody has taken them away. */
  readonly gone: readonly string[];
  /** Of these, paths that are ours and left the file, but without them the service would refuse what stays beside them. */
  readonly needed: readonly string[];
}

/** What is known of a row beside what it shows. */
export interface Known {
  /** The row's own stamp, if what it says is ours; without one nothing on the row is known to be. */
  readonly ours?: Stamp;
  /** Paths that had a value of the environment when they were written. */
  readonly hidden: readonly string[];
  /** Parts of sync_config without which the provider's connection could not be made, as `aws_marketplace.region`. */
  readonly demanded: readonly string[];
  /** Set where a new connection takes the row's place, so that nothing is blocked: the sync_config by which it is told what the service keeps. */
  readonly replacedBy?: JsonObject;
}

/** For a row of which nothing is known. */
export const nothingKnown: Known = { hidden: [], demanded: [] };

/**
 * What counts as a difference between a definition and its row: only what the definition declares, unit by unit, in a
 * form in which all spellings of one state are the same. What we wrote earlier and the file no longer names is taken away,
 * if it is still as we wrote it; under `exact` also whatever else the row has.
 *
 * Credentials are no part of this: no answer of the service holds them. Ids, status, times and actors are never compared.
 *
 */
export function compare(desired: Desired, observed: Observed, facts: SyncGroup, known: Known): Comparison {
  const { ours: stamp, hidden, demanded, replacedBy } = known;
  const unresolved = unresolvedUnits(desired, facts);
  const masked = new Set([...desired.masked.map((pointer) => unitPathOf(pointer, facts)), ...hidden]);

  const declared = byPath([...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)]);
  const present = byPath([...metadataUnits(observed.metadata), ...syncUnits(observed.syncConfig, facts)]);
  const kept = (unit: Unit) => isKeptByService(unit, replacedBy ?? observed.syncConfig, facts);

  const blocked = [...declared.values()].filter(
    (unit) => replacedBy === undefined && unit.facts?.update === "create-only" && !unresolved.has(unit.path),
  );
  const writable = [...declared.values()].filter(
    (unit) => !blocked.includes(unit) && !unresolved.has(unit.path) && !kept(unit),
  );
  const isOther = (unit: Unit) => !sameJson(observedValue(unit, present), unit.value);
  const fixed = blocked.filter(isOther);
  const stuck = stuckBeside(fixed, writable, [...present.values()], facts);
  const wanted = writable.filter((unit) => !stuck.includes(unit));
  const refused = [...fixed, ...stuck.filter(isOther)];
  const surplus = [...present.values()].filter(
    (unit) => !unit.isDefault && !declared.has(unit.path) && !unresolved.has(unit.path) && !kept(unit),
  );
  const isExact = (unit: Unit) => desired.definition.exact.some((map) => map === unit.keys[0]);
  // Where the service shows something else than a block, what the file says there replaces it anyway.
  const isReplaced = (unit: Unit) => wanted.some(({ path }) => path.startsWith(`${unit.path}.`));
  // A block that cannot become what the file says is not emptied on the way there.
  const isRefused = (unit: Unit) => refused.some(({ keys }) => keys[0] === unit.keys[0] && keys[1] === unit.keys[1]);
  const removable = surplus.filter(
    (unit) =>
      unit.facts?.update !== "create-only" && !isRefused(unit) && !(unit.facts === undefined && isReplaced(unit)),
  );
  const left = removable.filter((unit) => !isExact(unit) && claimOn(unit, stamp) === "ours");
  const needed = neededAround(
    left,
    // What the row has where a variable is missing stays, whatever the file would say there.
    [
      ...wanted,
      ...blocked,
      ...surplus.filter((unit) => !isExact(unit)),
      ...[...present.values()].filter(({ path }) => unresolved.has(path)),
    ],
    demanded,
    facts,
  );
  const removed = removable.filter((unit) => isExact(unit) || (left.includes(unit) && !needed.has(unit)));

  const name: Unit = { path: "name", keys: ["name"], value: desired.name, isDefault: false };
  const before = viewOf([
    { ...name, value: observed.name },
    ...wanted.flatMap((unit) => observedOrDefault(unit, present)),
    ...removed,
  ]);
  // A removed direction or block field is compared with its default, which is what its absence means.
  const after = viewOf([
    name,
    ...wanted,
    ...removed.flatMap((unit) => (unit.facts === undefined ? [] : [{ ...unit, value: unit.facts.default }])),
  ]);
  const differing = differingPaths(before, after, new Set(["name", ...wanted.map(pathOf), ...removed.map(pathOf)]));

  const seen = new Set([...declared.keys(), ...surplus.map(pathOf), ...unresolved.keys()]);
  const gone = (stamp === undefined ? [] : gonePaths(stamp, seen, observed.syncConfig, facts)).filter(
    (path) => !desired.definition.exact.some((map) => path.startsWith(map)),
  );

  // A switch is never hidden: it can come from no variable, and its danger must show.
  const hide = (path: string, value: Json): Json => (masked.has(path) && typeof value !== "boolean" ? MASK : value);
  const fields: FieldChange[] = [];
  for (const unit of [name, ...wanted]) {
    const now = unit === name ? { ...name, value: observed.name } : present.get(unit.path);
    if (differing.has(unit.path)) fields.push(changeOf(unit, now, hide));
  }
  for (const unit of removed) {
    if (differing.has(unit.path))
      fields.push({ path: unit.path, keys: unit.keys, kind: "remove", before: hide(unit.path, unit.value) });
  }
  for (const unit of refused) {
    fields.push({
      path: unit.path,
      keys: unit.keys,
      kind: "edit",
      before: hide(unit.path, observedValue(unit, present)),
      after: hide(unit.path, unit.value),
      state: "blocked",
    });
  }
  for (const [path, references] of unresolved) {
    fields.push(...unresolvedFields(references, facts, present.has(path) ? "edit" : "add"));
  }
  return {
    fields: inCatalogueOrder(fields, facts),
    keptKeys: surplus.filter((unit) => !isReplaced(unit)).length - removed.length,
    lost: removable.filter((unit) => !isExact(unit) && claimOn(unit, stamp) === "changed").map(pathOf),
    gone,
    needed: [...needed].map(pathOf),
  };
}

/** What a new connection is made of: every declared unit that is not what the service would assume, or fill in, anyway. */
export function compareWithNothing(desired: Desired, facts: SyncGroup): Comparison {
  const unresolved = unresolvedUnits(desired, facts);
  const masked = new Set(desired.masked.map((pointer) => unitPathOf(pointer, facts)));
  const units = [...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)];
  const fields = units
    .filter((unit) => {
      // A reference without a value stops apply, so it shows also where its value would change nothing.
      if (unresolved.has(unit.path)) return true;
      return !unit.isDefault && !isKeptByService(unit, desired.syncConfig ?? {}, facts);
    })
    .flatMap(({ path, keys, value }): readonly FieldChange[] => {
      const references = unresolved.get(path);
      if (references !== undefined) return unresolvedFields(references, facts, "add");
      return [{ path, keys, kind: "add", after: masked.has(path) ? MASK : value }];
    });
  return { fields: inCatalogueOrder(fields, facts), keptKeys: 0, lost: [], gone: [], needed: [] };
}

/** References without a value, by the path of the unit they stand in. */
function unresolvedUnits(desired: Desired, facts: SyncGroup): ReadonlyMap<string, readonly UnresolvedReference[]> {
  const units = new Map<string, UnresolvedReference[]>();
  for (const reference of desired.unresolved) {
    const path = unitPathOf(reference.pointer, facts);
    units.set(path, [...(units.get(path) ?? []), reference]);
  }
  return units;
}

/** One entry for each variable that a unit lacks. */
function unresolvedFields(
  references: readonly UnresolvedReference[],
  facts: SyncGroup,
  kind: "add" | "edit",
): readonly FieldChange[] {
  const byVariable = new Map(references.map((reference) => [reference.variable, reference]));
  return [...byVariable.values()].map(({ pointer, variable, why }) => {
    const keys = unitKeysOf(pointer, facts) ?? pointer.map(String);
    return { path: dotted(keys), keys, kind, state: "unresolved", variable, why: why.reason };
  });
}

function byPath(units: readonly Unit[]): ReadonlyMap<string, Unit> {
  return new Map(units.map((unit) => [unit.path, unit]));
}

function pathOf({ path }: Unit): string {
  return path;
}

/** What the row has at a field's place, or is taken to have. */
function observedValue({ path, facts }: Unit, present: ReadonlyMap<string, Unit>): Json {
  return present.get(path)?.value ?? facts?.default ?? null;
}

function observedOrDefault(unit: Unit, present: ReadonlyMap<string, Unit>): readonly Unit[] {
  const found = present.get(unit.path);
  if (found !== undefined) return [found];
  return unit.facts === undefined ? [] : [{ ...unit, value: unit.facts.default }];
}

/**
 * A plain object with every unit at its place. Every key is marked, values' own keys too: deep-diff passes over a key that
 * is an empty text.
 */
function viewOf(units: readonly Unit[]): object {
  const tree = new Map<string, Json | Map<string, unknown>>([
    ["metadata", new Map()],
    ["sync_config", new Map()],
  ]);
  for (const { keys, value } of units) {
    let level: Map<string, unknown> = tree;
    for (const key of keys.slice(0, -1)) {
      const next = level.get(key);
      const inner: Map<string, unknown> = next instanceof Map ? next : new Map();
      level.set(key, inner);
      level = inner;
    }
    level.set(keys.at(-1) ?? "", value);
  }
  return plain(tree);
}

function plain(tree: ReadonlyMap<string, unknown>): object {
  return Object.fromEntries(
    [...tree].map(([key, value]) => [`${KEY_MARK}${key}`, value instanceof Map ? plain(value) : marked(value as Json)]),
  );
}

const KEY_MARK = "/";

function marked(value: Json): unknown {
  if (Array.isArray(value)) return value.map(marked);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [`${KEY_MARK}${key}`, marked(inner)]));
}

/** Paths of the units in which deep-diff sees an edit. It goes into lists and maps of metadata, which we compare whole. */
function differingPaths(before: object, after: object, units: ReadonlySet<string>): ReadonlySet<string> {
  const differing = new Set<string>();
  for (const edit of deepDiff.diff(before, after) ?? []) {
    const steps = ((edit.path ?? []) as readonly unknown[]).map((step) => String(step).slice(KEY_MARK.length));
    for (let length = 1; length <= steps.length; length += 1) {
      const path = dotted(steps.slice(0, length));
      if (units.has(path)) {
        differing.add(path);
        break;
      }
    }
  }
  return differing;
}

function changeOf(unit: Unit, now: Unit | undefined, hide: (path: string, value: Json) => Json): FieldChange {
  const { path, keys, value, facts } = unit;
  const after = hide(path, value);
  if (facts !== undefined && typeof facts.default === "boolean") {
    return { path, keys, kind: "edit", before: hide(path, now?.value ?? facts.default), after };
  }
  // A direction is off where it is absent; a text or a list that is absent or empty is not there yet.
  if (now === undefined || now.isDefault) return { path, keys, kind: "add", after };
  return { path, keys, kind: "edit", before: hide(path, now.value), after };
}

function inCatalogueOrder(fields: readonly FieldChange[], facts: SyncGroup): readonly FieldChange[] {
  const places = new Map<string, number>();
  const number = (group: SyncGroup, keys: readonly string[]) => {
    for (const [name, member] of Object.entries(group.members)) {
      const at = [...keys, name];
      if (member.kind === "group") number(member, at);
      else places.set(dotted(at), places.size);
    }
  };
  number(facts, ["sync_config"]);
  const top = ({ keys }: FieldChange) => ["name", "metadata", "sync_config"].indexOf(keys[0] ?? "");
  const place = ({ path }: FieldChange) => places.get(path) ?? places.size;
  return [...fields].sort(
    (left, right) => top(left) - top(right) || place(left) - place(right) || byText(left.path, right.path),
  );
}
