import type { SyncGroup } from "../model/catalogue.js";
import type { Desired, Observed } from "../model/connection.js";
import type { FingerprintKey, FingerprintPlace } from "../model/fingerprint.js";
import { byText, canonical, type Json, type JsonObject, ownValue } from "../model/json.js";
import type { FieldChange, SecretChange, Source, StampPart } from "../model/plan.js";
import { Bug } from "../model/problem.js";
import type { Stamp, StampSettings } from "../model/stamp.js";
import { claimOn, fingerprintOf, isOthers, maskedOn, valueMark } from "./stamp.js";
import { factsAt, isKeptByService, isManaged, metadataUnits, syncUnits, type Unit, unitPathOf } from "./units.js";

/** What a write is about to make of a connection, as far as its stamp has to say it. */
export interface StampWish {
  readonly desired: Desired;
  /** The row before the write; absent for a create. */
  readonly row?: Observed;
  /** The row's own stamp before the write. */
  readonly before?: Stamp;
  /** Whether a new connection takes the row's place: its stamp starts anew, from what the row has. */
  readonly isNew?: boolean;
  /** Of a new stamp; also what tells a write by which credentials leave no fingerprint. */
  readonly salt?: string | undefined;
  readonly fields: readonly FieldChange[];
  /** Those that this very request sends or records. */
  readonly secrets: readonly SecretChange[];
  /** Paths of those that a request behind this one will send. */
  readonly later?: readonly string[];
}

/** What a connection that is made had before, in place of another one or not at all. */
export function pastOf({
  desired,
  observed,
  carried,
  stamp,
}: Source): Pick<StampWish, "desired" | "row" | "before" | "isNew"> {
  const row = observed ?? carried;
  return row === undefined
    ? { desired }
    : { desired, row, isNew: true, ...(stamp === undefined ? {} : { before: stamp }) };
}

/**
 * The stamp that a write puts on a connection: everything the definition declares is ours from then on, what still waits to
 * be taken away stays so, and each credential that the service gets with it has its fingerprint. Fingerprints of others are
 * copied as they are, so that a run without the key loses none.
 */
export function nextStamp(wish: StampWish, { owner, keys }: StampSettings, facts: SyncGroup): Stamp {
  const { desired, row, before, isNew = false, secrets } = wish;
  const salt = isNew ? wish.salt : (before?.salt ?? wish.salt);
  if (salt === undefined) throw new Bug(`"${desired.name}" gets a stamp without a salt`);
  const provider = desired.definition.providerType;
  const owns = { ...waiting(wish, salt, owner, facts), ...declaredMarks(wish, salt, facts) };
  const isSent = ({ isSent: goes, state }: SecretChange) => goes && state !== "unresolved";
  const sent = secrets.filter(isSent).map(({ path }) => path);
  const stillPending = (isNew ? [] : (before?.pending ?? [])).filter((path) => !sent.includes(path));
  // A new salt tells the write by itself.
  const write = sent.length > 0 && salt !== wish.salt ? wish.salt : undefined;
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(row === undefined || isNew ? {} : { id: row.id }),
    provider,
    salt,
    owns,
    masked: maskedAfter(owns, wish, facts),
    secrets: secretsAfter(wish, { providerType: provider, salt }, keys.current),
    protect: desired.definition.protect,
    pending: [...stillPending, ...(wish.later ?? [])],
    ...(write === undefined ? {} : { write }),
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

/**
 * Paths that hold a value of the environment: by the definition where it names them, else as long as they have any value.
 * That may be another one by now, but to hide too much is the safer mistake.
 */
function maskedAfter(owns: Stamp["owns"], wish: StampWish, facts: SyncGroup): readonly string[] {
  const { desired, row } = wish;
  const earlier = maskedOn({ metadata: row?.metadata ?? null });
  const now = desired.masked.map((pointer) => unitPathOf(pointer, facts)).filter((path) => Object.hasOwn(owns, path));
  const left = leftOn(wish, facts).filter(({ path }) => earlier.includes(path));
  return [...new Set([...now, ...left.map(({ path }) => path)])].sort(byText);
}

/** Marks of what is ours, left the file, and could not be taken away yet. What another owner wrote is not for us to take away. */
function waiting(wish: StampWish, salt: string, owner: string | undefined, facts: SyncGroup): Stamp["owns"] {
  const { before } = wish;
  if (before === undefined || isOthers(before, owner)) return {};
  const ours = leftOn(wish, facts).filter((unit) => claimOn(unit, before) === "ours");
  return Object.fromEntries(ours.map(({ path, value }) => [path, valueMark(salt, path, value)]));
}

/** What the row has, the definition does not name, and this write does not touch: it could only take it away. */
function leftOn({ desired, row, fields }: StampWish, facts: SyncGroup): readonly Unit[] {
  const touched = new Set(fields.map(({ path }) => path));
  const units = [...metadataUnits(desired.metadata), ...syncUnits(desired.syncConfig, facts)];
  const declared = new Set(units.map(({ path }) => path));
  return [...metadataUnits(row?.metadata), ...syncUnits(row?.syncConfig, facts)].filter(
    (unit) => !unit.isDefault && !declared.has(unit.path) && !touched.has(unit.path),
  );
}

function secretsAfter(
  { desired, before, secrets, isNew = false }: StampWish,
  place: Omit<FingerprintPlace, "path">,
  key: FingerprintKey | undefined,
): Stamp["secrets"] {
  const after = new Map(Object.entries(isNew ? {} : (before?.secrets ?? {})));
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

/**
 * Paths that we wrote, that neither the row nor the file has any more, and that we have not taken away ourselves: somebody
 * did, and decides about them from then on.
 *
 * @param known - paths that the file names, or that the row has
 */
export function gonePaths(
  stamp: Stamp,
  known: ReadonlySet<string>,
  syncConfig: JsonObject,
  facts: SyncGroup,
): readonly string[] {
  return Object.entries(stamp.owns).flatMap(([path, mark]) => {
    if (known.has(path)) return [];
    const keys = path.split(".");
    if (/^metadata[.[]/.test(path)) return [path];
    const field = factsAt(keys, facts);
    // What no version of ours can own, or only a newer one, is not for us to judge; what we wrote as off is still as we wrote it.
    if (field === undefined || isManaged(keys, syncConfig, facts)) return [];
    return mark === valueMark(stamp.salt, path, field.default) ? [] : [path];
  });
}

/** What differs between the stamp that a row has and the one that it gets. */
export function stampPartsOf(before: Stamp | undefined, after: Stamp): readonly StampPart[] {
  if (before === undefined) return ["first"];
  const differs = (left: Json | undefined, right: Json | undefined) =>
    canonical(left ?? null) !== canonical(right ?? null);
  return [
    ...(differs(before.owner, after.owner) ? (["owner"] as const) : []),
    ...(differs(before.id, after.id) ? (["id"] as const) : []),
    ...(differs(before.owns, after.owns) || differs([...before.masked].sort(byText), after.masked)
      ? (["paths"] as const)
      : []),
    ...(differs(before.secrets, after.secrets) ||
    differs([...before.pending].sort(byText), [...after.pending].sort(byText)) ||
    (after.write !== undefined && differs(before.write, after.write))
      ? (["secrets"] as const)
      : []),
    ...(differs(before.protect, after.protect) ? (["protect"] as const) : []),
  ];
}
