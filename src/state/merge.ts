import type { SyncGroup } from "../model/catalogue.js";
import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { saysNothing } from "./units.js";

/** One thing to do to a map: give a value to the place at `keys` (counted from the map's own top), or take the place away. */
export type Edit =
  | { readonly keys: readonly string[]; readonly value: Json }
  | { readonly keys: readonly string[]; readonly remove: true };

/** The map with the edits made and everything else as it was, unheard-of keys included. Nothing is changed in place. */
export function edited(map: JsonObject, edits: readonly Edit[]): JsonObject {
  return edits.reduce<JsonObject>(
    (whole, edit) => editedAt(whole, edit.keys, "value" in edit ? edit.value : undefined),
    map,
  );
}

function editedAt(map: JsonObject, keys: readonly string[], value: Json | undefined): JsonObject {
  const [key, ...rest] = keys;
  if (key === undefined) return map;
  if (rest.length === 0) return value === undefined ? without(map, key) : withValue(map, key, value);
  const inner = ownValue(map, key);
  const changed = editedAt(isObject(inner) ? inner : {}, rest, value);
  if (value === undefined && !isObject(inner)) return map;
  return withValue(map, key, changed);
}

// By entries, not by assignment: a key such as __proto__ that a service holds must survive as what it is.
function withValue(map: JsonObject, key: string, value: Json): JsonObject {
  if (!Object.hasOwn(map, key)) return Object.fromEntries([...Object.entries(map), [key, value]]);
  return Object.fromEntries(Object.entries(map).map(([name, old]) => [name, name === key ? value : old]));
}

function without(map: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));
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
