import type { SyncField, SyncGroup } from "../model/catalogue.js";
import { STAMP_KEY } from "../model/connection.js";
import { byText, isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { dotted, type Pointer } from "../model/location.js";

/**
 * The smallest part of a connection that is compared and written as one: a direction of an entity, a field of a block,
 * a top-level key of the metadata.
 */
export interface Unit {
  readonly path: string;
  /** From the top: `["sync_config", "invoice", "outbound"]`, `["metadata", "team"]`. */
  readonly keys: readonly string[];
  readonly value: Json;
  /** Whether the service would behave the same without it. */
  readonly isDefault: boolean;
  /** What is known of it; absent in the metadata and where a newer service shows something unheard of. */
  readonly facts?: SyncField;
}

/** The units of a metadata map, by key. Our own note in it is not one of them; an absent map has none. */
export function metadataUnits(metadata: JsonObject | null | undefined): readonly Unit[] {
  return Object.entries(metadata ?? {})
    .filter(([key]) => key !== STAMP_KEY)
    .sort(([left], [right]) => byText(left, right))
    .map(([key, value]) => ({ path: dotted(["metadata", key]), keys: ["metadata", key], value, isDefault: false }));
}

/**
 * The units of a sync_config, in the catalogue's order. Spellings of one state give the same units: an absent value
 * stands for its default, `null` and an absent block for nothing.
 */
export function syncUnits(syncConfig: JsonObject | null | undefined, facts: SyncGroup): readonly Unit[] {
  return groupUnits(syncConfig ?? {}, facts, ["sync_config"]);
}

function groupUnits(group: JsonObject, facts: SyncGroup, keys: readonly string[]): readonly Unit[] {
  const known = Object.entries(facts.members).flatMap(([name, member]): readonly Unit[] => {
    const value = ownValue(group, name);
    const at = [...keys, name];
    if (value === undefined || value === null) return [];
    if (member.kind === "field") {
      return [{ path: dotted(at), keys: at, value, isDefault: isSame(value, member.default), facts: member }];
    }
    return isObject(value) ? groupUnits(value, member, at) : [unheardOf(value, at)];
  });
  const others = Object.entries(group)
    .filter(([name, value]) => !Object.hasOwn(facts.members, name) && value !== null)
    .sort(([left], [right]) => byText(left, right))
    .map(([name, value]) => unheardOf(value, [...keys, name]));
  return [...known, ...others];
}

function unheardOf(value: Json, keys: readonly string[]): Unit {
  return { path: dotted(keys), keys, value, isDefault: saysNothing(value) };
}

function isSame(value: Json, fallback: Json): boolean {
  return (
    value === fallback ||
    (Array.isArray(value) && Array.isArray(fallback) && value.length === 0 && fallback.length === 0)
  );
}

/** Whether a value is off, empty, or made of nothing else. */
export function saysNothing(value: Json): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) return Object.values(value).every(saysNothing);
  return value === null || value === false || value === "";
}

/** The keys of the unit that a pointer leads into; `undefined` when it leads to a whole map or group. */
export function unitKeysOf(pointer: Pointer, facts: SyncGroup): readonly string[] | undefined {
  const [top, ...rest] = pointer.map(String);
  if (top === "metadata") return rest[0] === undefined ? undefined : [top, rest[0]];
  if (top !== "sync_config") return undefined;
  let group = facts;
  const keys = [top];
  for (const step of rest) {
    keys.push(step);
    const member = ownValue(group.members, step);
    if (member?.kind !== "group") return keys;
    group = member;
  }
  return undefined;
}

/** The path of the unit that a pointer leads into; the pointer's own where that is a whole map or group. */
export function unitPathOf(pointer: Pointer, facts: SyncGroup): string {
  return dotted(unitKeysOf(pointer, facts) ?? pointer);
}

/** What is known of the field at these keys, starting with `sync_config`. */
export function factsAt(keys: readonly string[], facts: SyncGroup): SyncField | undefined {
  let group = facts;
  for (const step of keys.slice(1)) {
    const member = ownValue(group.members, step);
    if (member === undefined) return undefined;
    if (member.kind === "field") return member;
    group = member;
  }
  return undefined;
}

/**
 * Whether the service decides about a unit itself: in a block that it keeps, what it fills in and what we have not heard of.
 * Such units are never compared.
 */
export function isKeptByService({ keys, facts }: Unit, syncConfig: JsonObject, catalogue: SyncGroup): boolean {
  return (facts?.serverFilled ?? true) && isManaged(keys, syncConfig, catalogue);
}

/** Whether the service itself keeps the block that holds these keys, going by the connection's own sync_config. */
export function isManaged(keys: readonly string[], syncConfig: JsonObject, facts: SyncGroup): boolean {
  const name = String(keys[1]);
  const block = ownValue(facts.members, name);
  if (keys[0] !== "sync_config" || block?.kind !== "group" || block.managedBy === undefined) return false;
  const observed = ownValue(syncConfig, name);
  return isObject(observed) && ownValue(observed, block.managedBy) === true;
}
