import type { Catalogue, FieldFacts, ProviderFacts, SyncGroup } from "../model/catalogue.js";
import type { Desired, DesiredCredential, Observed } from "../model/connection.js";
import { STAMP_KEY } from "../model/connection.js";
import { fieldFacts } from "../model/credentials.js";
import { byText, isObject, type JsonObject, ownValue, valueAt } from "../model/json.js";
import { dotted, type Pointer } from "../model/location.js";
import type {
  Change,
  FieldChange,
  Plan,
  SecretChange,
  SecretState,
  Source,
  Summary,
  UnclaimedRow,
} from "../model/plan.js";
import { isBlocked } from "../model/plan.js";
import { error, type Problem, warning } from "../model/problem.js";
import type { KnownSecrets } from "../model/secret.js";
import { isKeptByService, syncUnits } from "../state/units.js";
import { createMaps, updateWish } from "../state/wish.js";
import { compare, compareWithNothing } from "./compare.js";
import { match } from "./match.js";
import { dangersOf } from "./meaning.js";

export interface Planned {
  /** Frozen. */
  readonly plan: Plan;
  /** One for every change of the plan. */
  readonly sources: ReadonlyMap<Change, Source>;
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
): Planned {
  const matches = match(desired, observed, catalogue, knownSecrets);
  const problems: Problem[] = [];
  const sources = new Map<Change, Source>();
  const claimed = new Set<string>();
  for (const [one, found] of matches) {
    if (found.kind === "row") claimed.add(found.row.id);
    if (!selected.has(one)) continue;
    if (found.kind === "problem") {
      if (!problems.includes(found.problem)) problems.push(found.problem);
      continue;
    }
    const made = found.kind === "row" ? planForRow(one, found.row, catalogue) : planForNew(one, catalogue);
    const change = { ...made.change, fields: made.change.fields.map((field) => masked(field, knownSecrets)) };
    sources.set(change, found.kind === "row" ? { desired: one, observed: found.row } : { desired: one });
    problems.push(...made.problems);
  }
  const changes = [...sources.keys()].sort(
    (left, right) =>
      byText(left.providerType, right.providerType) ||
      byText(left.name, right.name) ||
      byText(left.id ?? "", right.id ?? "") ||
      byText(left.file, right.file) ||
      left.line - right.line,
  );
  const unclaimed = unclaimedOf(observed, claimed, knownSecrets);
  const plan = frozen<Plan>({ version: 1, changes, unclaimed, summary: summaryOf(changes, unclaimed) });
  return { plan, sources, isWhole: changes.length === selected.size, problems };
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

interface MadeChange {
  readonly change: Change;
  readonly problems: readonly Problem[];
}

function planForRow(desired: Desired, row: Observed, catalogue: Catalogue): MadeChange {
  const { fields, keptKeys } = compare(desired, row, catalogue.syncConfig);
  const secrets = desired.credentials.flatMap((credential) => {
    const facts = fieldFacts(catalogue, desired.definition.providerType, credential.field);
    // Sent on create only and then kept by the service: there is nothing to say about it later.
    if (facts?.update === "server-managed") return [];
    return [secretChange(credential, "unknown")];
  });
  const isUpdate = fields.some(({ state }) => state === undefined);
  const change = changeOf(desired, catalogue, {
    action: isUpdate ? "update" : "none",
    id: row.id,
    fields,
    secrets,
    keptKeys,
  });
  const { syncConfig = {} } = updateWish(fields, desired, row, catalogue.syncConfig);
  const incomplete = incompleteBlocks(desired, syncConfig, catalogue.syncConfig);
  return { change, problems: [...incomplete, ...keptByService(desired, row.syncConfig, catalogue.syncConfig)] };
}

function planForNew(desired: Desired, catalogue: Catalogue): MadeChange {
  const { fields, keptKeys } = compareWithNothing(desired, catalogue.syncConfig);
  const secrets = desired.credentials.map((credential) => secretChange(credential, "new"));
  const change = changeOf(desired, catalogue, { action: "create", fields, secrets, keptKeys });
  const problems = [
    ...keptByService(desired, desired.syncConfig ?? {}, catalogue.syncConfig),
    ...missingOnCreate(desired, catalogue),
    ...incompleteBlocks(desired, createMaps(desired, catalogue.syncConfig).syncConfig ?? {}, catalogue.syncConfig),
  ];
  return { change, problems };
}

/** What there is to say of a credential: that its variable is missing, or else the state it is in. */
function secretChange({ path, variable, value }: DesiredCredential, state: SecretState): SecretChange {
  const named = variable === undefined ? {} : { variable };
  if (value.kind === "unresolved") return { path, ...named, state: "unresolved", why: value.reference.why.reason };
  return { path, ...named, state };
}

function changeOf(
  desired: Desired,
  catalogue: Catalogue,
  made: Pick<Change, "action" | "fields" | "secrets" | "keptKeys"> & { readonly id?: string },
): Change {
  const { origin, providerType } = desired.definition;
  const dangers = dangersOf(made.fields, desired, catalogue);
  return {
    name: desired.name,
    providerType,
    stamp: false,
    file: origin.file,
    line: origin.line,
    dangers: dangers.sentences,
    guarded: dangers.guarded,
    ...made,
  };
}

/** Fields without which the service would keep a connection that cannot work, or refuse it. */
function missingOnCreate(desired: Desired, catalogue: Catalogue): readonly Problem[] {
  const { definition } = desired;
  const facts = ownValue(catalogue.providers, definition.providerType);
  if (facts === undefined) return [];
  const present = new Set(desired.credentials.map(({ field }) => field));
  const absent = Object.entries(facts.fields).filter(([field]) => !present.has(field));
  const lacking = (test: (field: FieldFacts) => boolean) =>
    absent.filter(([, one]) => test(one)).map(([field]) => field);
  const required = lacking(
    ({ requiredOnCreate: needed }) =>
      needed === true || (needed !== false && valueAt(desired.syncConfig, needed.unless.split(".")) !== true),
  );
  const expected = lacking(({ expectedOnCreate }) => expectedOnCreate);
  const [first] = desired.credentials;
  const block: Pointer = first === undefined ? ["encrypted_secret_data"] : first.pointer.slice(0, -1);
  const place = definition.origin.locate(block, "key");
  const path = `encrypted_secret_data.${definition.providerType}`;
  return [
    ...missingSyncConfig(desired, facts),
    ...required.map((field) =>
      error("PLAN.MISSING_ON_CREATE", `"${desired.name}" does not exist yet, and ${path} has no ${field}.`, {
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
function missingSyncConfig(desired: Desired, { requiredSyncConfig }: ProviderFacts): readonly Problem[] {
  const { origin } = desired.definition;
  return requiredSyncConfig
    .filter((path) => valueAt(desired.syncConfig, path.split(".")) === undefined)
    .map((path) =>
      error("PLAN.MISSING_ON_CREATE", `"${desired.name}" does not exist yet, and has no sync_config.${path}.`, {
        place: origin.locate(["sync_config"], "key"),
        hint: `add sync_config.${path}, which the service demands of this provider.`,
      }),
    );
}

/** Fields that the file declares and the service keeps itself: they are not compared, and should not look as if they were. */
function keptByService(desired: Desired, syncConfig: JsonObject, facts: SyncGroup): readonly Problem[] {
  const kept = syncUnits(desired.syncConfig, facts).filter(
    (unit) => unit.facts !== undefined && isKeptByService(unit, syncConfig, facts),
  );
  const [first] = kept;
  if (first === undefined) return [];
  const detail = `the service keeps ${kept.map(({ path }) => path).join(", ")} of "${desired.name}" itself, so what the file says there changes nothing.`;
  const place = desired.definition.origin.locate(first.keys, "key");
  return [warning("PLAN.KEPT_BY_SERVICE", detail, { place, hint: "drop it from the file." })];
}

/** Blocks that would be written without a field that the service demands in them, and that no variable will fill. */
function incompleteBlocks(desired: Desired, syncConfig: JsonObject, facts: SyncGroup): readonly Problem[] {
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

function unclaimedOf(
  observed: readonly Observed[],
  claimed: ReadonlySet<string>,
  knownSecrets: KnownSecrets,
): readonly UnclaimedRow[] {
  return observed
    .filter(({ id }) => !claimed.has(id))
    .map(({ id, name, providerType, metadata }) => ({
      id,
      name: knownSecrets.mask(name),
      providerType,
      stamped: metadata !== null && Object.hasOwn(metadata, STAMP_KEY),
    }))
    .sort(
      (left, right) =>
        byText(left.providerType, right.providerType) || byText(left.name, right.name) || byText(left.id, right.id),
    );
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
