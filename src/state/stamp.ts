import type { SyncGroup } from "../model/catalogue.js";
import { type CredentialValue, type Desired, type Observed, STAMP_KEY } from "../model/connection.js";
import { type FingerprintKey, type FingerprintPlace, markOf } from "../model/fingerprint.js";
import { byText, canonical, isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { Bug } from "../model/problem.js";
import type { Stamp, StampReading } from "../model/stamp.js";
import { type Unit, unitPathOf } from "./units.js";

/** Of the form of the text that we write. */
const VERSION = 1;

/** Characters of a stamp that are read: ours have a few hundred, and anybody with a key may put something else in its place. */
export const LONGEST_STAMP = 256 * 1024;

/** What the stamp of each row is worth. All rows are looked at together, for a copy shows only beside its original. */
export function readStamps(observed: readonly Observed[]): ReadonlyMap<Observed, StampReading> {
  const readings = new Map(observed.map((row) => [row, readStamp(row)]));
  const bySalt = new Map<string, { readonly row: Observed; readonly stamp: Stamp }[]>();
  for (const [row, reading] of readings) {
    if (reading.kind !== "own") continue;
    const { stamp } = reading;
    bySalt.set(stamp.salt, [...(bySalt.get(stamp.salt) ?? []), { row, stamp }]);
  }
  for (const same of bySalt.values()) {
    for (const { row, stamp } of same) {
      const other = same.find((candidate) => candidate.row !== row);
      // A stamp that names its row is no copy, whoever else has one like it.
      if (stamp.id !== undefined || other === undefined) continue;
      readings.set(row, { kind: "shared", with: other.row.id, salt: stamp.salt });
    }
  }
  return readings;
}

/** What the stamp of a row is worth by itself. */
export function readStamp({ id, providerType, metadata }: Observed): StampReading {
  const text = ownValue(metadata ?? {}, STAMP_KEY);
  if (text === undefined) return { kind: "none" };
  const data = parsed(text);
  const version = ownValue(data, "v");
  if (!isVersion(version)) return { kind: "damaged" };
  if (version > VERSION) return { kind: "newer", version };
  const stamp = stampOf(data);
  if (stamp === undefined) return { kind: "damaged" };
  if (stamp.id !== undefined && stamp.id !== id) return { kind: "foreign", from: stamp.id };
  if (stamp.provider !== providerType) return { kind: "foreign", from: `a connection of ${stamp.provider}` };
  return { kind: "own", stamp };
}

/** What the text of a stamp says; nothing at all where it can be no stamp. */
function parsed(text: Json | undefined): JsonObject {
  if (typeof text !== "string" || text.length > LONGEST_STAMP) return {};
  try {
    const data: unknown = JSON.parse(text);
    return isObject(data) ? data : {};
  } catch {
    return {};
  }
}

function isVersion(value: Json | undefined): value is number {
  return Number.isInteger(value) && Number(value) >= 1;
}

/** What names may be made of: a stamp goes onto a terminal, and anybody with a key may have written it. */
const SHOWABLE = /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u;
function stampOf(data: JsonObject): Stamp | undefined {
  const owner = ownValue(data, "owner") ?? undefined;
  const id = ownValue(data, "id") ?? undefined;
  const provider = ownValue(data, "provider");
  const salt = ownValue(data, "salt");
  const owns = textsOf(ownValue(data, "owns") ?? {});
  const masked = ownValue(data, "masked") ?? [];
  const secrets = textsOf(ownValue(data, "secrets") ?? {});
  const protect = ownValue(data, "protect") ?? false;
  const pending = ownValue(data, "pending") ?? [];
  const write = ownValue(data, "write") ?? undefined;
  if (owner !== undefined && !isShowable(owner)) return undefined;
  if (id !== undefined && !isShowable(id)) return undefined;
  if (!isShowable(provider) || !isShowable(salt)) return undefined;
  if (owns === undefined || secrets === undefined || typeof protect !== "boolean") return undefined;
  if (!isTexts(masked) || !isTexts(pending)) return undefined;
  if (write !== undefined && !isShowable(write)) return undefined;
  const named = { ...(owner === undefined ? {} : { owner }), ...(id === undefined ? {} : { id }) };
  const last = write === undefined ? {} : { write };
  return { ...named, provider, salt, owns, masked, secrets, protect, pending, ...last };
}

function isShowable(value: Json | undefined): value is string {
  return typeof value === "string" && SHOWABLE.test(value);
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function textsOf(value: Json | undefined): Readonly<Record<string, string>> | undefined {
  const isMap = isObject(value) && Object.values(value).every((one) => typeof one === "string");
  return isMap ? (value as Readonly<Record<string, string>>) : undefined;
}

/** A stamp as it stands in the metadata: one text, the same for the same stamp. */
export function stampText(stamp: Stamp): string {
  const { owner, id, provider, salt, owns, masked, secrets, protect, pending, write } = stamp;
  // What is undefined is left out.
  return JSON.stringify({
    v: VERSION,
    owner,
    id,
    provider,
    salt,
    owns: inOrder(Object.entries(owns)),
    ...(masked.length === 0 ? {} : { masked: [...masked].sort(byText) }),
    secrets: inOrder(Object.entries(secrets)),
    protect,
    ...(pending.length === 0 ? {} : { pending: [...pending].sort(byText) }),
    write,
  });
}

function inOrder(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  return Object.fromEntries([...entries].sort(([left], [right]) => byText(left, right)));
}

/**
 * Paths that the stamp of a row says had a value of the environment, whatever the stamp is worth otherwise: to hide claims
 * nothing.
 */
export function maskedOn(row: Pick<Observed, "metadata">): readonly string[] {
  const text = shownStamp(row);
  // Few have any, and every row is asked: the word is looked for before the text is taken apart a second time.
  // Stryker disable next-line ConditionalExpression,StringLiteral: that only takes time.
  if (typeof text !== "string" || !text.includes('"masked"')) return [];
  const masked = ownValue(parsed(text), "masked");
  return isTexts(masked) ? masked : [];
}

/** Paths whose values come from the environment: by the definition, or as the row's stamp remembers. */
export function hiddenOn(row: Observed, { masked, unresolved }: Desired, facts: SyncGroup): ReadonlySet<string> {
  const fromVariables = [...masked, ...unresolved.map(({ pointer }) => pointer)];
  return new Set([...maskedOn(row), ...fromVariables.map((pointer) => unitPathOf(pointer, facts))]);
}

/** The text of a row's stamp without its marks of values of the environment, which a guess could be held against. */
export function unguessableStamp(row: Pick<Observed, "metadata">): Json {
  const text = shownStamp(row) ?? null;
  const masked = maskedOn(row);
  if (masked.length === 0) return text;
  const data = parsed(text);
  const owns = ownValue(data, "owns");
  if (!isObject(owns)) return text;
  return { ...data, owns: Object.fromEntries(Object.entries(owns).filter(([path]) => !masked.includes(path))) };
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
  if (stamp === undefined) return "not-ours";
  const mark = ownValue(stamp.owns, path);
  if (mark === undefined) return "not-ours";
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

/** Whether a stamp was put on by the change that this salt was drawn for. */
export function isWrittenBy({ salt, write }: Stamp, drawn: string): boolean {
  return salt === drawn || write === drawn;
}

/** Whether a stamp names an owner, and another one than ours. */
export function isOthers({ owner }: Stamp, ours: string | undefined): boolean {
  return owner !== undefined && owner !== ours;
}
