import type { SyncGroup } from "../model/catalogue.js";
import type { Observed } from "../model/connection.js";
import type { Json } from "../model/json.js";
import type { Change, Source } from "../model/plan.js";
import { type FileTarget, RECOVERY_FORMAT, type RecoveryDocument } from "../model/recovery.js";
import type { KnownSecrets } from "../model/secret.js";
import { type Edit, edited } from "./merge.js";
import { sealed } from "./seal.js";
import { maskedOn } from "./stamp.js";
import { metadataUnits, syncUnits, type Unit, unitPathOf } from "./units.js";

/** What a recovery file is made of. */
export interface RecoveryParts {
  readonly tool: RecoveryDocument["tool"];
  readonly target: FileTarget;
  readonly knownSecrets: KnownSecrets;
}

/**
 * What is kept of a connection that is about to be archived: all that the one in its place takes over, but for values of the
 * environment. Those that the definition names come from there again; others are listed.
 *
 * @param row - without our mark, as the new connection starts from it
 * @param marked - the row as it is, with our mark
 */
export function recoveryOf(
  change: Change,
  { desired }: Source,
  row: Observed,
  marked: Observed,
  facts: SyncGroup,
  { tool, target, knownSecrets }: RecoveryParts,
): RecoveryDocument {
  const units = [...metadataUnits(row.metadata), ...syncUnits(row.syncConfig, facts)];
  const fromVariables = [...desired.masked, ...desired.unresolved.map(({ pointer }) => pointer)];
  const hidden = new Set([...maskedOn(marked), ...fromVariables.map((pointer) => unitPathOf(pointer, facts))]);
  const isSecret = ({ path, value }: Unit) => hidden.has(path) || knownSecrets.mask(value as Json) !== value;
  const removed = new Set(change.fields.filter(({ kind }) => kind === "remove").map(({ path }) => path));
  const declared = new Set(
    [...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)].map(({ path }) => path),
  );
  const secret = units.filter(isSecret);
  const edits: readonly Edit[] = units
    .filter((unit) => removed.has(unit.path) || secret.includes(unit))
    .map(({ keys }) => ({ keys, remove: true }));
  const kept = edited({ metadata: row.metadata ?? {}, sync_config: row.syncConfig }, edits);
  return sealed({
    format: "flexprice-sync recovery",
    format_version: RECOVERY_FORMAT,
    tool,
    target,
    definition: { name: knownSecrets.mask(desired.name), file: change.file },
    connection: {
      id: row.id,
      name: knownSecrets.mask(row.name),
      provider_type: row.providerType,
      metadata: {},
      sync_config: {},
      ...kept,
    },
    left_out: secret.map(({ path }) => path).filter((path) => !declared.has(path) && !removed.has(path)),
    salt: change.salt ?? "",
  });
}

/** The archived connection as the one in its place starts from it. */
export function carriedFrom({ connection, target }: RecoveryDocument): Observed {
  const { metadata } = connection;
  return {
    id: connection.id,
    name: connection.name,
    providerType: connection.provider_type,
    environmentId: target.environment_id,
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
    syncConfig: connection.sync_config,
    createdAt: "",
    isLive: false,
  };
}
