import type { SyncGroup } from "../model/catalogue.js";
import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { saysNothing } from "./units.js";

/** One thing to do to a map: give a value to the place at `keys` (counted from the map's own top), or take the place away. */
export type Edit =
  | { readonly keys: readonly string[]; readonly value: Json }
  | { readonly keys: readonly string[]; readonly remove: true };

/**
 * The map with the edits made and everything else as it was, unheard-of keys included. Nothing is changed in place. No two
 * edits may be about the same place, or one about a place inside the other's.
 */
export function edited(map: JsonObject, edits: readonly Edit[]): JsonObject {
  const byKey = new Map<string, Edit[]>();
  for (const edit of edits) {
    const [key, ...rest] = edit.keys;
    if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), { ...edit, keys: rest }]);
  }
  const kept = Object.entries(map).flatMap(([key, value]): [string, Json][] => {
    const here = byKey.get(key);
    if (here === undefined) return [[key, value]];
    byKey.delete(key);
    return entry(key, value, here);
  });
  // By entries, not by assignment: a key such as __proto__ that a service holds must survive as what it is.
  return Object.fromEntries([...kept, ...[...byKey].flatMap(([key, here]) => entry(key, undefined, here))]);
}

/** A key with what the edits make of its value; nothing where they take it away, or where there is nothing to take away. */
function entry(key: string, value: Json | undefined, edits: readonly Edit[]): [string, Json][] {
  const whole = edits.find(({ keys }) => keys.length === 0);
  if (whole !== undefined) return "value" in whole ? [[key, whole.value]] : [];
  const sets = edits.some((edit) => "value" in edit);
  if (!isObject(value) && !sets) return value === undefined ? [] : [[key, value]];
  return [[key, edited(isObject(value) ? value : {}, edits)]];
}

/** A sync_config without blocks that say nothing any more: the service refuses an empty block where it wants a field in it. */
export function withoutEmptyBlocks(syncConfig: JsonObject, facts: SyncGroup): JsonObject {
  return Object.fromEntries(
    Object.entries(syncConfig).filter(([name, value]) => {
      const block = ownValue(facts.members, name);
      const demands = block?.kind === "group" && block.required.length > 0;
      return !(demands && isObject(value) && saysNothing(value));
    }),
  );
}
