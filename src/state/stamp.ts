import type { SyncGroup } from "../model/catalogue.js";
import { type CredentialValue, type Desired, type Observed, STAMP_KEY } from "../model/connection.js";
import { type FingerprintKey, type FingerprintPlace, markOf } from "../model/fingerprint.js";
import { byText, canonical, isObject, type Json, ownValue } from "../model/json.js";
import type { FieldChange, SecretChange } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import type { Stamp, StampReading, StampSettings } from "../model/stamp.js";
import { isKeptByService, metadataUnits, syncUnits, type Unit } from "./units.js";

/** Of the form of the text that we write. */
const VERSION = 1;

/** Characters of a stamp that are read: ours have a few hundred, and anybody with a key may put something else in its place. */
export const LONGEST_STAMP = 256 * 1024;

/** What the stamp of each row is worth. All rows are looked at together, for a copy shows only beside its original. */
export function readStamps(observed: readonly Observed[]): ReadonlyMap<Observed, StampReading> {
  const readings = new Map(observed.map((row) => [row, readingOf(row)]));
  const bySalt = new Map<string, Observed[]>();
  for (const [row, reading] of readings) {
    if (reading.kind === "own") bySalt.set(reading.stamp.salt, [...(bySalt.get(reading.stamp.salt) ?? []), row]);
  }
  for (const rows of bySalt.values()) {
    if (rows.length === 1) continue;
    for (const row of rows) {
      const reading = readings.get(row);
      const other = rows.find((candidate) => candidate !== row);
      // A stamp that names its row is no copy, whoever else has one like it.
      if (reading?.kind !== "own" || reading.stamp.id !== undefined || other === undefined) continue;
      readings.set(row, { kind: "shared", with: other.id });
    }
  }
  return readings;
}

function readingOf({ id, providerType, metadata }: Observed): StampReading {
  const text = ownValue(metadata ?? {}, STAMP_KEY);
  if (text === undefined) return { kind: "none" };
  const data = typeof text === "string" && text.length <= LONGEST_STAMP ? parsed(text) : undefined;
  const version = ownValue(data ?? {}, "v");
  if (data === undefined || typeof version !== "number" || !Number.isInteger(version) || version < 1)
    return { kind: "damaged" };
  if (version > VERSION) return { kind: "newer", version };
  const stamp = stampOf(data);
  if (stamp === undefined) return { kind: "damaged" };
  if (stamp.id !== undefined && stamp.id !== id) return { kind: "foreign", from: stamp.id };
  if (stamp.provider !== providerType) return { kind: "foreign", from: `a connection of ${stamp.provider}` };
  return { kind: "own", stamp };
}

function parsed(text: string): Readonly<Record<string, Json>> | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return isObject(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** What names may be made of: a stamp goes onto a terminal, and anybody with a key may have written it. */
const SHOWABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u;
const SALT = /^[\w-]{16,100}$/;

function stampOf(data: Readonly<Record<string, Json>>): Stamp | undefined {
  const owner = ownValue(data, "owner") ?? undefined;
  const id = ownValue(data, "id") ?? undefined;
  const provider = ownValue(data, "provider");
  const salt = ownValue(data, "salt");
  const owns = textsOf(ownValue(data, "owns"));
  const secrets = textsOf(ownValue(data, "secrets"));
  const protect = ownValue(data, "protect") ?? false;
  if (owner !== undefined && !isShowable(owner)) return undefined;
  if (id !== undefined && !isShowable(id)) return undefined;
  if (!isShowable(provider) || typeof salt !== "string" || !SALT.test(salt)) return undefined;
  if (owns === undefined || secrets === undefined || typeof protect !== "boolean") return undefined;
  const named = { ...(owner === undefined ? {} : { owner }), ...(id === undefined ? {} : { id }) };
  return { ...named, provider, salt, owns, secrets, protect };
}

function isShowable(value: Json | undefined): value is string {
  return typeof value === "string" && SHOWABLE.test(value);
}

function textsOf(value: Json | undefined): Readonly<Record<string, string>> | undefined {
  const isMap = isObject(value) && Object.values(value).every((one) => typeof one === "string");
  return isMap ? (value as Readonly<Record<string, string>>) : undefined;
}

/** A stamp as it stands in the metadata: one text, the same for the same stamp. */
export function stampText({ owner, id, provider, salt, owns, secrets, protect }: Stamp): string {
  const named = { ...(owner === undefined ? {} : { owner }), ...(id === undefined ? {} : { id }) };
  return JSON.stringify({
    v: VERSION,
    ...named,
    provider,
    salt,
    owns: inOrder(Object.entries(owns)),
    secrets: inOrder(Object.entries(secrets)),
    protect,
  });
}

function inOrder(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  return Object.fromEntries([...entries].sort(([left], [right]) => byText(left, right)));
}

/** The text of a row's stamp as the service shows it, whatever it is worth. */
export function shownStamp({ metadata }: Pick<Observed, "metadata">): Json | undefined {
  return ownValue(metadata ?? {}, STAMP_KEY);
}

/** What is kept of a value that we wrote, to tell later whether it is still there. */
export function valueMark(salt: string, path: string, value: Json): string {
  return markOf(canonical([salt, path, value]));
}

/**
 * Whose a value is that no definition names any more: still as we wrote it, changed by somebody since, or never ours.
 *
 * @param stamp - the row's own
 */
export function claimOn({ path, value }: Unit, stamp: Stamp | undefined): "ours" | "changed" | "not-ours" {
  const mark = stamp === undefined ? undefined : ownValue(stamp.owns, path);
  if (stamp === undefined || mark === undefined) return "not-ours";
  return mark === valueMark(stamp.salt, path, value) ? "ours" : "changed";
}

/** The fingerprint of a credential's present value. */
export function fingerprintOf(value: CredentialValue, place: FingerprintPlace, key: FingerprintKey): string {
  switch (value.kind) {
    case "secret":
      return value.secret.fingerprint(key, place);
    case "literal":
      return key.fingerprint(place, value.literal);
    default:
      throw new Bug(`${place.path} has no value to make a fingerprint of`);
  }
}

/** What a write is about to make of a connection, as far as its stamp has to say it. */
export interface StampWish {
  readonly desired: Desired;
  /** The row before the write; absent for a create. */
  readonly row?: Observed;
  /** The row's own stamp before the write. */
  readonly before?: Stamp;
  /** Of a new stamp. */
  readonly salt?: string;
  readonly fields: readonly FieldChange[];
  /** Those that this very request sends or records. */
  readonly secrets: readonly SecretChange[];
}

/**
 * The stamp that a write puts on a connection: everything the definition declares is ours from then on, what still waits to
 * be taken away stays so, and each credential that the service gets with it has its fingerprint. Fingerprints of others are
 * copied as they are, so that a run without the key loses none.
 */
export function nextStamp(wish: StampWish, { owner, keys }: StampSettings, facts: SyncGroup): Stamp {
  const { desired, row, before } = wish;
  const salt = before?.salt ?? wish.salt;
  if (salt === undefined) throw new Bug(`"${desired.name}" gets a stamp without a salt`);
  const provider = desired.definition.providerType;
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(row === undefined ? {} : { id: row.id }),
    provider,
    salt,
    owns: { ...waiting(wish, owner, facts), ...declaredMarks(wish, salt, facts) },
    secrets: secretsAfter(wish, { providerType: provider, salt }, keys.current),
    protect: desired.definition.protect,
  };
}

/** Marks of what the definition declares and the row has after the write; what stays as it was keeps the mark it had. */
function declaredMarks({ desired, row, before, fields }: StampWish, salt: string, facts: SyncGroup): Stamp["owns"] {
  const open = new Set(fields.filter(({ state }) => state !== undefined).map(({ path }) => path));
  const shown = row?.syncConfig ?? desired.syncConfig ?? {};
  const units = [...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)];
  return Object.fromEntries(
    units.flatMap((unit): readonly (readonly [string, string])[] => {
      if (isKeptByService(unit, shown, facts)) return [];
      if (!open.has(unit.path)) return [[unit.path, valueMark(salt, unit.path, unit.value)]];
      const mark = ownValue(before?.owns ?? {}, unit.path);
      return mark === undefined ? [] : [[unit.path, mark]];
    }),
  );
}

/** Marks of what is ours, left the file, and could not be taken away yet. What another owner wrote is not for us to take away. */
function waiting(
  { desired, row, before, fields }: StampWish,
  owner: string | undefined,
  facts: SyncGroup,
): Stamp["owns"] {
  if (row === undefined || before === undefined || isOthers(before, owner)) return {};
  const removed = new Set(fields.filter(({ kind }) => kind === "remove").map(({ path }) => path));
  const declared = new Set(
    [...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)].map(({ path }) => path),
  );
  const units = [...metadataUnits(row.metadata), ...syncUnits(row.syncConfig, facts)];
  return Object.fromEntries(
    units
      .filter((unit) => !unit.isDefault && !declared.has(unit.path) && !removed.has(unit.path))
      .filter((unit) => claimOn(unit, before) === "ours")
      .map(({ path }) => [path, before.owns[path] ?? ""]),
  );
}

/** Whether a stamp names an owner, and another one than ours. */
export function isOthers({ owner }: Stamp, ours: string | undefined): boolean {
  return owner !== undefined && owner !== ours;
}

function secretsAfter(
  { desired, before, secrets }: StampWish,
  place: Omit<FingerprintPlace, "path">,
  key: FingerprintKey | undefined,
): Stamp["secrets"] {
  const after = new Map(Object.entries(before?.secrets ?? {}));
  for (const { path, state, isSent, isRecorded } of secrets) {
    // Without a value there is nothing to send, and apply stops before the first write.
    if ((!isSent && !isRecorded) || state === "unresolved") continue;
    const credential = desired.credentials.find((candidate) => candidate.path === path);
    if (credential === undefined) throw new Bug(`${path} is written and not declared`);
    if (key !== undefined) after.set(path, fingerprintOf(credential.value, { ...place, path }, key));
    else after.delete(path);
  }
  return Object.fromEntries(after);
}
