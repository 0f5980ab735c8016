import type { SyncGroup } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import { isObject, type Json, type JsonObject } from "../model/json.js";
import type { Change, FieldChange } from "../model/plan.js";
import { type FileTarget, RECOVERY_FORMAT, type RecoveryDocument } from "../model/recovery.js";
import type { KnownSecrets } from "../model/secret.js";
import type { Stamp, StampSettings } from "../model/stamp.js";
import { type Edit, edited } from "./merge.js";
import { definitionMark } from "./plan-marks.js";
import { sealed } from "./seal.js";
import { claimOn, hiddenOn, valueMark } from "./stamp.js";
import { metadataUnits, syncUnits, type Unit } from "./units.js";

/** What a recovery file is made of. */
export interface RecoveryParts {
  readonly tool: RecoveryDocument["tool"];
  readonly target: FileTarget;
  readonly paths: readonly string[];
  readonly stamps: StampSettings;
  readonly knownSecrets: KnownSecrets;
}

/** What is about to be archived, and what takes its place. */
export interface Replaced {
  readonly desired: Desired;
  /** As it is, with our mark. */
  readonly marked: Observed;
  /** Without our mark, as the new connection starts from it. */
  readonly carried: Observed;
  /** The mark, if what it says is ours. */
  readonly stamp?: Stamp;
  readonly fields: readonly FieldChange[];
}

/** Which parts of a connection a file can keep for the one in its place. */
interface Parts {
  readonly units: readonly Unit[];
  /** Those that hold a value of the environment, or repeat one. */
  readonly secret: readonly Unit[];
  readonly removed: ReadonlySet<string>;
  readonly declared: ReadonlySet<string>;
}

function partsOf({ desired, marked, carried, fields }: Replaced, facts: SyncGroup, knownSecrets: KnownSecrets): Parts {
  const units = [...metadataUnits(carried.metadata), ...syncUnits(carried.syncConfig, facts)];
  const hidden = hiddenOn(marked, desired, facts);
  const named = [...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)];
  return {
    units,
    secret: units.filter(({ path, value }) => hidden.has(path) || knownSecrets.mask(value) !== value),
    removed: new Set(fields.filter(({ kind }) => kind === "remove").map(({ path }) => path)),
    declared: new Set(named.map(({ path }) => path)),
  };
}

/** Paths that the new connection would lack if it had to be made from the file: they may not stand there, and no definition names them. */
export function leftOut(replaced: Replaced, facts: SyncGroup, knownSecrets: KnownSecrets): readonly string[] {
  return leftOutOf(partsOf(replaced, facts, knownSecrets));
}

function leftOutOf({ secret, declared, removed }: Parts): readonly string[] {
  return secret.map(({ path }) => path).filter((path) => !declared.has(path) && !removed.has(path));
}

/**
 * What is kept of a connection that is about to be archived: all that the one in its place takes over, but for values of the
 * environment. Those that the definition names come from there again; others are listed.
 */
export function recoveryOf(
  change: Change,
  replaced: Replaced,
  facts: SyncGroup,
  { tool, target, paths, stamps, knownSecrets }: RecoveryParts,
): RecoveryDocument {
  const { desired, carried, stamp } = replaced;
  const parts = partsOf(replaced, facts, knownSecrets);
  const { units, secret, removed, declared } = parts;
  const edits: readonly Edit[] = units
    .filter((unit) => removed.has(unit.path) || secret.includes(unit))
    .map(({ keys }) => ({ keys, remove: true }));
  const { metadata, sync_config: syncConfig } = edited(
    { metadata: carried.metadata ?? {}, sync_config: carried.syncConfig },
    edits,
  );
  const isOurs = (unit: Unit) => declared.has(unit.path) || claimOn(unit, stamp) === "ours";
  const ours = change.stamp ? units.filter((unit) => !removed.has(unit.path) && isOurs(unit)) : [];
  return sealed({
    format: "flexprice-sync recovery",
    format_version: RECOVERY_FORMAT,
    tool,
    target,
    paths,
    ...(stamps.owner === undefined ? {} : { owner: stamps.owner }),
    stamps: stamps.isOn,
    definition: {
      name: knownSecrets.mask(desired.name),
      file: desired.definition.origin.file,
      digest: definitionMark(desired),
    },
    connection: {
      id: carried.id,
      name: knownSecrets.mask(carried.name),
      provider_type: carried.providerType,
      metadata: carried.metadata === null ? null : mapOf(metadata),
      sync_config: mapOf(syncConfig),
    },
    ours: ours.map(({ path }) => path),
    left_out: leftOutOf(parts),
    salt: change.salt ?? "",
  });
}

function mapOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The archived connection as the one in its place starts from it. */
export function carriedFrom({ connection, target }: RecoveryDocument): Observed {
  return {
    id: connection.id,
    name: connection.name,
    providerType: connection.provider_type,
    environmentId: target.environment_id,
    metadata: connection.metadata,
    syncConfig: connection.sync_config,
    createdAt: "",
    isLive: false,
  };
}

/** What our stamp would say of it, so that what has left the definition since is taken away. */
export function ownershipFrom(document: RecoveryDocument, facts: SyncGroup): Stamp {
  const { metadata, syncConfig, providerType } = carriedFrom(document);
  const units = [...metadataUnits(metadata), ...syncUnits(syncConfig, facts)];
  const owned = units.filter(({ path }) => document.ours.includes(path));
  const salt = document.salt === "" ? "recovery" : document.salt;
  return {
    provider: providerType,
    salt,
    owns: Object.fromEntries(owned.map(({ path, value }) => [path, valueMark(salt, path, value)])),
    masked: [],
    secrets: {},
    protect: false,
    pending: [],
  };
}
