import type { Catalogue, FieldFacts, ProviderFacts, SyncGroup } from "../model/catalogue.js";
import type { Observed } from "../model/connection.js";
import { isKeptCredential, looksLive } from "../model/credentials.js";
import { isObject, type Json, type JsonObject, ownValue, valueAt } from "../model/json.js";
import type { KnownSecrets } from "../model/secret.js";
import type { StampReading } from "../model/stamp.js";
import { type Edit, edited } from "../state/merge.js";
import { maskedOn } from "../state/stamp.js";
import { factsAt, metadataUnits, syncUnits, type Unit } from "../state/units.js";
import type { VariableNames } from "./names.js";

/** A definition that is about to be written: what the file says, and what it says of what it cannot say. */
export interface Draft {
  readonly row: Observed;
  readonly name: string;
  readonly id?: string;
  readonly protect: boolean;
  /** Credentials that it declares. */
  readonly credentials: readonly NamedField[];
  /** Credentials that the connection may or may not have. */
  readonly offered: readonly NamedField[];
  /** Sentences for whoever reads the file. */
  readonly notes: readonly string[];
  readonly metadata: JsonObject;
  readonly syncConfig: JsonObject;
  /** Parts of both maps, as they are compared. */
  readonly parts: readonly Pick<Unit, "path" | "keys">[];
  /** Parts that it leaves out, and why. */
  readonly leftOut: readonly LeftOut[];
  /** Variables that it needs. */
  readonly variables: readonly string[];
}

export interface NamedField {
  readonly field: string;
  readonly variable: string;
}

export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

export interface DraftParts {
  readonly catalogue: Catalogue;
  readonly knownSecrets: KnownSecrets;
  readonly names: VariableNames;
  readonly stem: string;
  /** Whether only its id tells the connection from another. */
  readonly needsId: boolean;
  /** What the row's stamp is worth. */
  readonly reading: StampReading;
  /** Paths that a definition turned out not to be able to say, and why. */
  readonly without: ReadonlyMap<string, string>;
}

/** What a definition says of a connection, so that a plan has nothing to do for it. */
export function draftOf(row: Observed, parts: DraftParts): Draft {
  const { catalogue, needsId, reading } = parts;
  const facts = ownValue(catalogue.providers, row.providerType);
  const stamp = reading.kind === "own" ? reading.stamp : undefined;
  const variables: string[] = [];
  const reference = (...path: readonly string[]) => {
    const name = parts.names.nameFor(parts.stem, path);
    variables.push(name);
    return `\${${name}}`;
  };
  const given = new Set(Object.keys(stamp?.secrets ?? {}));
  const { declared, offered, notes } = credentialsOf(row, facts, given, catalogue);
  const named = (field: string): NamedField => ({ field, variable: parts.names.nameFor(parts.stem, [field]) });
  const credentials = declared.map(named);
  variables.push(...credentials.map(({ variable }) => variable));
  const { told, leftOut } = tellable(row, parts);
  const masked = new Set(maskedOn(row));
  const edits = told.map(
    ({ path, keys, value }): Edit => ({
      keys,
      value: masked.has(path) ? referenced(value, keys, reference) : escaped(value),
    }),
  );
  const { metadata, sync_config: syncConfig } = edited({ metadata: {}, sync_config: {} }, edits);
  return {
    row,
    name: literal(row.name),
    ...(needsId ? { id: row.id } : {}),
    protect: stamp?.protect ?? false,
    credentials,
    offered: offered.map(named),
    notes,
    metadata: isObject(metadata) ? metadata : {},
    syncConfig: isObject(syncConfig) ? syncConfig : {},
    parts: told,
    leftOut,
    variables,
  };
}

interface Credentials {
  readonly declared: readonly string[];
  readonly offered: readonly string[];
  readonly notes: readonly string[];
}

/** Which credentials a connection surely has, which it may have, and which are no business of a file. */
function credentialsOf(
  { providerType, syncConfig }: Observed,
  facts: ProviderFacts | undefined,
  given: ReadonlySet<string>,
  catalogue: Catalogue,
): Credentials {
  const fields = Object.entries(facts?.fields ?? {});
  if (isKeptCredential(catalogue, providerType, syncConfig))
    return { declared: [], offered: [], notes: ["The service puts its own credentials in, so the file has none."] };
  const isGiven = (field: string) => given.has(`encrypted_secret_data.${providerType}.${field}`);
  const isOwn = (field: string, { update }: FieldFacts) =>
    !isGiven(field) && (update === "server-managed" || (facts?.oauth === true && update !== "applied"));
  const own = fields.filter(([field, one]) => isOwn(field, one)).map(([field]) => field);
  const rest = fields.filter(([field, one]) => !isOwn(field, one));
  const isSure = (field: string, { requiredOnCreate, expectedOnCreate }: FieldFacts) =>
    isGiven(field) || requiredOnCreate !== false || expectedOnCreate;
  const listed = new Set(fields.map(([field]) => field));
  const others =
    facts?.anyField === undefined ? [] : givenFields(given, providerType).filter((field) => !listed.has(field));
  const declared = [...rest.filter(([field, one]) => isSure(field, one)).map(([field]) => field), ...others];
  const any =
    facts?.anyField === undefined
      ? []
      : ["This provider takes any credentials; which it has, the service does not show."];
  const title = facts?.title ?? providerType;
  const kept =
    facts?.oauth === true
      ? `Credentials of ${title} come from consent in a browser, and the service keeps them itself.`
      : `The service keeps ${own.join(", ")} itself.`;
  return {
    declared,
    offered: rest.filter(([field, one]) => !isSure(field, one)).map(([field]) => field),
    notes: [...(own.length === 0 ? [] : [kept]), ...any],
  };
}

/** Fields of the paths that a stamp has fingerprints of. */
function givenFields(given: ReadonlySet<string>, provider: string): readonly string[] {
  const start = `encrypted_secret_data.${provider}.`;
  return [...given].flatMap((path) => (path.startsWith(start) ? [path.slice(start.length)] : [])).sort();
}

/** The parts of a connection that its file can say, and those that it cannot. */
function tellable(
  row: Observed,
  { catalogue, knownSecrets, without }: DraftParts,
): { readonly told: readonly Unit[]; readonly leftOut: readonly LeftOut[] } {
  const masked = new Set(maskedOn(row));
  const told: Unit[] = [];
  const leftOut: LeftOut[] = [];
  for (const unit of [...metadataUnits(row.metadata), ...syncParts(row, catalogue)]) {
    const why = without.get(unit.path) ?? whyNot(unit, masked.has(unit.path), knownSecrets);
    if (why === undefined) told.push(unit);
    else if (!unit.isDefault)
      leftOut.push({ path: unit.keys.some(looksLive) ? `a key of ${unit.keys[0]}` : unit.path, why });
  }
  return { told, leftOut };
}

const CREDENTIAL_WORDS = "it looks like a credential, which belongs in no file";

function whyNot({ keys, value, facts }: Unit, isMasked: boolean, knownSecrets: KnownSecrets): string | undefined {
  if (keys.some(looksLive)) return CREDENTIAL_WORDS;
  if (keys[0] === "sync_config" && facts === undefined) return "this version of flexprice-sync does not know it";
  if (isMasked) return undefined;
  if (knownSecrets.areIn(JSON.stringify(value))) return "it repeats a secret of this run";
  return holdsCredential(value) ? CREDENTIAL_WORDS : undefined;
}

function holdsCredential(value: Json): boolean {
  if (typeof value === "string") return looksLive(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => looksLive(key) || holdsCredential(inner));
}

/** The units of the sync_config that say something, and what the service demands beside them. */
function syncParts(
  { syncConfig, providerType }: Observed,
  { syncConfig: facts, providers }: Catalogue,
): readonly Unit[] {
  const units = syncUnits(syncConfig, facts);
  const demanded = new Set(
    (ownValue(providers, providerType)?.requiredSyncConfig ?? []).map((path) => `sync_config.${path}`),
  );
  const saying = units.filter(
    (unit) => (!unit.isDefault || demanded.has(unit.path)) && !isFilled(unit, syncConfig, facts),
  );
  const blocks = new Set(saying.map(({ keys }) => keys.slice(0, -1).join(".")));
  return units.filter((unit) => {
    if (saying.includes(unit)) return true;
    const group = groupAt(unit.keys.slice(1, -1), facts);
    const name = unit.keys.at(-1) ?? "";
    const isNeeded = group !== undefined && (group.required.includes(name) || group.together.includes(name));
    return isNeeded && blocks.has(unit.keys.slice(0, -1).join(".")) && !isFilled(unit, syncConfig, facts);
  });
}

/** Whether the service itself fills a part in, since it keeps the block. */
function isFilled({ keys }: Unit, syncConfig: JsonObject, facts: SyncGroup): boolean {
  const block = keys.slice(1, -1);
  const managedBy = groupAt(block, facts)?.managedBy;
  return (
    managedBy !== undefined &&
    factsAt(keys, facts)?.serverFilled === true &&
    valueAt(syncConfig, [...block, managedBy]) === true
  );
}

function groupAt(keys: readonly string[], facts: SyncGroup): SyncGroup | undefined {
  let group: SyncGroup = facts;
  for (const key of keys) {
    const member = ownValue(group.members, key);
    if (member?.kind !== "group") return undefined;
    group = member;
  }
  return group;
}

/** A value that came from the environment, with references in place of its texts: what it holds must not stand in a file. */
function referenced(value: Json, path: readonly string[], reference: (...path: readonly string[]) => string): Json {
  if (typeof value === "string") return reference(...path);
  if (Array.isArray(value)) return value.map((item, at) => referenced(item, [...path, String(at)], reference));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, referenced(item, [...path, key], reference)]),
  );
}

/** A text as a file writes it, so that what looks like a reference is none. */
function literal(text: string): string {
  // By a function: in a text that replaces, two dollar signs are one.
  return text.replaceAll("${", () => "$${");
}

/** A value as a file writes it. */
function escaped(value: Json): Json {
  if (typeof value === "string") return literal(value);
  if (Array.isArray(value)) return value.map(escaped);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escaped(item)]));
}
