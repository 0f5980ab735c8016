import type { Catalogue } from "../model/catalogue.js";
import type { Desired } from "../model/connection.js";
import { byText } from "../model/json.js";
import type { Change, FieldChange, SecretChange, Source } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import type { FileTarget } from "../model/recovery.js";
import {
  PLAN_FORMAT,
  type SavedChange,
  type SavedDefinition,
  type SavedField,
  type SavedPlan,
  type SavedSecret,
  type SavedTarget,
  summaryNumbers,
} from "../model/saved-plan.js";
import type { KnownSecrets } from "../model/secret.js";
import { definitionMark, type Marking, rowMarks, valueMarks } from "../state/plan-marks.js";
import { sealed } from "../state/seal.js";
import type { PlanRequest } from "./change.js";
import type { Planned } from "./plan.js";

/** What a saved plan says beside the plans themselves. */
export interface SavingParts {
  readonly tool: SavedPlan["tool"];
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly keyId: string | null;
  readonly adopts: boolean;
  readonly assumesSecrets: boolean;
}

/** What it says of one environment beside its plan. */
export interface TargetParts {
  readonly target: FileTarget;
  readonly assumeUpdatable: readonly string[];
  /** Of the marks in it. */
  readonly salt: string;
  readonly paths: readonly string[];
  readonly pathsAreNamed: boolean;
  readonly catalogue: Catalogue;
  readonly knownSecrets: KnownSecrets;
}

/** The plans of all environments as a document to keep. */
export function savePlan(targets: readonly SavedTarget[], parts: SavingParts): SavedPlan {
  return sealed({
    format: "flexprice-sync plan",
    format_version: PLAN_FORMAT,
    tool: parts.tool,
    created_at: parts.createdAt,
    expires_at: parts.expiresAt,
    key_id: parts.keyId,
    adopt: parts.adopts,
    assume_secrets: parts.assumesSecrets,
    targets,
  });
}

/**
 * The plan of one environment as a part of a document to keep: what is to be done, and marks of all that it was made from.
 *
 * @param desired - every definition that was read
 */
export function savedTarget(
  planned: Planned,
  desired: readonly Desired[],
  request: PlanRequest,
  parts: TargetParts,
): SavedTarget {
  const { stamps, writesSecretsOf } = request;
  const { salt, paths, pathsAreNamed, target, assumeUpdatable } = parts;
  const key = stamps.keys.current;
  const all = inFileOrder(desired);
  const positions = new Map(all.map((one, at) => [one, at]));
  const { plan, sources } = planned;
  const changes = plan.changes.map((change) => {
    const source = sources.get(change);
    if (source === undefined) throw new Bug(`"${change.name}" is planned from nothing`);
    const definition = positions.get(source.desired);
    if (definition === undefined) throw new Bug(`"${change.name}" is planned from a definition that was not read`);
    const marking = { key, salt: saltAt(salt, definition), knownSecrets: parts.knownSecrets };
    return savedChange(change, source, definition, writesSecretsOf.has(source.desired), marking, parts.catalogue);
  });
  return {
    ...target,
    ...(stamps.owner === undefined ? {} : { owner: stamps.owner }),
    stamps: stamps.isOn,
    ...(assumeUpdatable.length === 0 ? {} : { assume_updatable: assumeUpdatable }),
    salt,
    paths,
    ...(pathsAreNamed ? { paths_named: true } : {}),
    summary: summaryNumbers(plan.summary),
    definitions: all.map((one) => savedDefinition(one, parts.knownSecrets)),
    changes,
  };
}

/** Equal values of two definitions have different marks. */
export function saltAt(salt: string, definition: number): string {
  return `${salt}.${definition}`;
}

function inFileOrder(desired: readonly Desired[]): readonly Desired[] {
  return [...desired].sort(
    ({ definition: { origin: left } }, { definition: { origin: right } }) =>
      byText(left.file, right.file) || left.line - right.line,
  );
}

function savedDefinition(desired: Desired, knownSecrets: KnownSecrets): SavedDefinition {
  const { origin, providerType } = desired.definition;
  return {
    name: knownSecrets.mask(desired.name),
    provider_type: providerType,
    file: origin.file,
    line: origin.line,
    digest: definitionMark(desired),
  };
}

function savedChange(
  { action, id, stamp, salt, fields, secrets, dangers }: Change,
  { desired, observed }: Source,
  definition: number,
  writesSecrets: boolean,
  marking: Marking,
  { syncConfig }: Catalogue,
): SavedChange {
  const marks = valueMarks(desired, marking);
  const listed = new Set(secrets.map(({ path }) => path));
  const readable = [...marks].filter(([path]) => !listed.has(path));
  return {
    definition,
    action,
    ...(id === undefined ? {} : { id }),
    stamp,
    ...(salt === undefined ? {} : { salt }),
    fields: fields.map(savedField),
    secrets: [
      ...secrets.map((secret) => savedSecret(secret, marks.get(secret.path))),
      ...readable.map(([path, fingerprint]) => ({ path, sent: false, recorded: false, fingerprint })),
    ],
    dangers,
    write_secrets: writesSecrets,
    ...(observed === undefined ? {} : { row: rowMarks(observed, desired, syncConfig, marking) }),
  };
}

function savedField({ path, kind, before, after, state, variable }: FieldChange): SavedField {
  return {
    path,
    kind,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(state === undefined ? {} : { state }),
    ...(variable === undefined ? {} : { variable }),
  };
}

function savedSecret(
  { path, variable, state, isSent, isRecorded }: SecretChange,
  mark: string | undefined,
): SavedSecret {
  return {
    path,
    ...(variable === undefined ? {} : { variable }),
    state,
    sent: isSent,
    recorded: isRecorded,
    ...(mark === undefined ? {} : { fingerprint: mark }),
  };
}
