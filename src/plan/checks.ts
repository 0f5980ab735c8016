import type { Catalogue, FieldFacts, ProviderFacts, SyncGroup } from "../model/catalogue.js";
import type { Desired } from "../model/connection.js";
import { isKeptCredential } from "../model/credentials.js";
import { isObject, type JsonObject, ownValue, valueAt } from "../model/json.js";
import { dotted, type Pointer } from "../model/location.js";
import { error, type Problem, warning } from "../model/problem.js";
import { isKeptByService, syncUnits } from "../state/units.js";

/**
 * Fields without which the service would keep a connection that cannot work, or refuse it.
 *
 * @param syncConfig - what the new connection gets
 * @param isReplaced - it takes the place of one that works: then it has to work, too
 */
export function missingOnCreate(
  desired: Desired,
  syncConfig: JsonObject,
  isReplaced: boolean,
  catalogue: Catalogue,
): readonly Problem[] {
  const { definition } = desired;
  const facts = ownValue(catalogue.providers, definition.providerType);
  if (facts === undefined) return [];
  const present = new Set(desired.credentials.map(({ field }) => field));
  const absent = Object.entries(facts.fields).filter(([field]) => !present.has(field));
  const lacking = (test: (field: FieldFacts) => boolean) =>
    absent.filter(([, one]) => test(one)).map(([field]) => field);
  const required = lacking(
    ({ requiredOnCreate: needed }) =>
      needed === true || (needed !== false && valueAt(syncConfig, needed.unless.split(".")) !== true),
  );
  const expected = lacking(({ expectedOnCreate }) => expectedOnCreate);
  const [first] = desired.credentials;
  const block: Pointer = first === undefined ? ["encrypted_secret_data"] : first.pointer.slice(0, -1);
  const place = definition.origin.locate(block, "key");
  const path = `encrypted_secret_data.${definition.providerType}`;
  const absence = isReplaced ? "is to be created anew" : "does not exist yet";
  const parts = missingSyncConfig(desired, syncConfig, facts, absence);
  if (isReplaced) {
    const fields = [...required, ...expected].map((field) => {
      const detail = `"${desired.name}" ${absence}, and ${path} has no ${field}.`;
      const hint = `add ${field}: the service does not give it back, and without it the new connection would not work.`;
      return error("PLAN.MISSING_ON_CREATE", detail, { place, hint });
    });
    return [...parts, ...fields];
  }
  return [
    ...parts,
    ...required.map((field) =>
      error("PLAN.MISSING_ON_CREATE", `"${desired.name}" ${absence}, and ${path} has no ${field}.`, {
        place,
        hint: `add ${field} to create it; if it should exist already, this may be the key of another environment.`,
      }),
    ),
    ...expected.map((field) =>
      warning(
        "PLAN.EXPECTED_ON_CREATE",
        `"${desired.name}" will be created without ${field}; such connections are normally begun in the dashboard.`,
        {
          place,
          hint: `begin it in the dashboard and let this file adopt it, or add ${field}.`,
        },
      ),
    ),
  ];
}

/** Parts of sync_config without which the service refuses the provider; an unresolved reference gets an error of its own. */
function missingSyncConfig(
  desired: Desired,
  syncConfig: JsonObject,
  { requiredSyncConfig }: ProviderFacts,
  absence: string,
): readonly Problem[] {
  const { origin } = desired.definition;
  return requiredSyncConfig
    .filter((path) => valueAt(syncConfig, path.split(".")) === undefined)
    .map((path) =>
      error("PLAN.MISSING_ON_CREATE", `"${desired.name}" ${absence}, and has no sync_config.${path}.`, {
        place: origin.locate(["sync_config"], "key"),
        hint: `add sync_config.${path}, which the service demands of this provider.`,
      }),
    );
}

/** Fields that the file declares and the service keeps itself: they are not compared, and should not look as if they were. */
export function keptByService(desired: Desired, syncConfig: JsonObject, catalogue: Catalogue): readonly Problem[] {
  const kept = syncUnits(desired.syncConfig, catalogue.syncConfig).filter(
    (unit) => unit.facts !== undefined && isKeptByService(unit, syncConfig, catalogue.syncConfig),
  );
  const credentials = isKeptCredential(catalogue, desired.definition.providerType, syncConfig)
    ? desired.credentials
    : [];
  const [first] = [...credentials.map(({ pointer }) => pointer), ...kept.map(({ keys }) => keys)];
  if (first === undefined) return [];
  const paths = [...credentials, ...kept].map(({ path }) => path).join(", ");
  const detail = `the service keeps ${paths} of "${desired.name}" itself, so what the file says there changes nothing.`;
  const place = desired.definition.origin.locate(first, "key");
  return [warning("PLAN.KEPT_BY_SERVICE", detail, { place, hint: "drop it from the file." })];
}

/** Blocks that would be written without a field that the service demands in them, and that no variable will fill. */
export function incompleteBlocks(desired: Desired, syncConfig: JsonObject, facts: SyncGroup): readonly Problem[] {
  const awaited = new Set(desired.unresolved.map(({ pointer }) => dotted(pointer)));
  return Object.entries(syncConfig).flatMap(([name, value]) => {
    const block = ownValue(facts.members, name);
    if (block?.kind !== "group" || !isObject(value)) return [];
    const { managedBy, required } = block;
    if (managedBy !== undefined && ownValue(value, managedBy) === true) return [];
    const { origin } = desired.definition;
    return required
      .filter((field) => [undefined, null, ""].some((nothing) => ownValue(value, field) === nothing))
      .filter((field) => !awaited.has(dotted(["sync_config", name, field])))
      .map((field) =>
        error(
          "PLAN.INCOMPLETE_BLOCK",
          `${dotted(["sync_config", name])} of "${desired.name}" would have no ${field}, which the service demands.`,
          {
            place: origin.locate(["sync_config", name], "key"),
            hint: `add ${field}.`,
          },
        ),
      );
  });
}
