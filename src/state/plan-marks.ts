import type { SyncGroup } from "../model/catalogue.js";
import type { Definition, Desired, Observed } from "../model/connection.js";
import { type FingerprintKey, markOf } from "../model/fingerprint.js";
import { canonical, type Json, valueAt } from "../model/json.js";
import { dotted, type Pointer } from "../model/location.js";
import type { RowMarks } from "../model/saved-plan.js";
import { type KnownSecrets, MASK } from "../model/secret.js";
import { fingerprintOf, hiddenOn, shownStamp, unguessableStamp } from "./stamp.js";
import { isKeptByService, metadataUnits, syncUnits, type Unit } from "./units.js";

/** Of what a definition says: equal for two spellings of one definition. References stand in it as they are written. */
export function definitionMark({ definition, name, id, resolvedSettings, masked, ...maps }: Desired): string {
  const isMasked = (pointer: Pointer) => masked.some((one) => dotted(one) === dotted(pointer));
  const settings = resolvedSettings
    .filter((pointer) => !isMasked(pointer))
    .map((pointer) => [dotted(pointer), valueIn(maps, pointer) ?? null]);
  return markOf(canonical([name, id ?? null, settings, ...writtenParts(definition)]));
}

function writtenParts(definition: Definition): readonly Json[] {
  const { providerType, credentials, metadata, syncConfig, exact, protect } = definition;
  const fields = Object.fromEntries(credentials.map(({ path, written }) => [path, written]));
  return [providerType, fields, metadata ?? null, syncConfig ?? null, [...exact].sort(), protect];
}

function valueIn(
  { metadata, syncConfig }: Pick<Desired, "metadata" | "syncConfig">,
  pointer: Pointer,
): Json | undefined {
  const [map, ...steps] = pointer;
  return valueAt(map === "metadata" ? metadata : syncConfig, steps);
}

/** How the values of one definition are marked in one plan: with a key nobody can try guesses, and without one no secret is marked. */
export interface Marking {
  readonly key: FingerprintKey | undefined;
  /** Another one for each definition of each plan. */
  readonly salt: string;
  readonly knownSecrets: KnownSecrets;
}

/**
 * Fingerprints of all credentials of a definition and of all values of the environment in its maps, by their paths; none without
 * a key. Credentials that a file writes out count, too: one may be made of a variable and of text around it.
 */
export function valueMarks(desired: Desired, { key, salt }: Marking): ReadonlyMap<string, string> {
  if (key === undefined) return new Map();
  const { providerType } = desired.definition;
  const credentials = desired.credentials
    .filter(({ value }) => value.kind !== "unresolved")
    .map(({ path, value }) => [path, fingerprintOf(value, { providerType, salt, path }, key)] as const);
  const readable = desired.masked.map((pointer) => {
    const path = dotted(pointer);
    return [path, key.fingerprint({ providerType, salt, path }, canonical(valueIn(desired, pointer) ?? null))] as const;
  });
  return new Map([...credentials, ...readable]);
}

/**
 * Marks of a row, for telling later whether it moved. Without a key values of the environment are left out, since whoever
 * can guess one could check the guess.
 */
export function rowMarks(row: Observed, desired: Desired, facts: SyncGroup, marking: Marking): RowMarks {
  const { key, salt, knownSecrets } = marking;
  const hidden = hiddenOn(row, desired, facts);
  const shown = (path: string, value: Json): Json =>
    key !== undefined ? value : hidden.has(path) ? MASK : knownSecrets.mask(value);
  const valuesOf = (units: readonly Unit[]) => units.map(({ path, value }) => [path, shown(path, value)]);
  const mark = (part: string, value: Json) => {
    const text = canonical([part, value]);
    return key === undefined
      ? markOf(canonical([salt, text]))
      : key.fingerprint({ providerType: row.providerType, salt, path: `row.${part}` }, text);
  };
  const sync = syncUnits(row.syncConfig, facts).filter(
    (unit) => !unit.isDefault && !isKeptByService(unit, row.syncConfig, facts),
  );
  return {
    name: mark("name", shown("name", row.name)),
    metadata: mark("metadata", valuesOf(metadataUnits(row.metadata))),
    sync_config: mark("sync_config", valuesOf(sync)),
    stamp: mark("stamp", key === undefined ? unguessableStamp(row) : (shownStamp(row) ?? null)),
  };
}
