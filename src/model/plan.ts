import type { Desired, Observed, Unavailable } from "./connection.js";
import type { Json } from "./json.js";
import { type Place, startOf } from "./location.js";
import type { Stamp } from "./stamp.js";

export type Action = "create" | "update" | "replace" | "archive" | "none";
export type SecretState = "new" | "unchanged" | "changed" | "blocked" | "unknown" | "unresolved";

/** One readable field that differs, or that cannot be compared. Values that come from the environment are masked here already. */
export interface FieldChange {
  readonly path: string;
  /** The same way as steps from the top. */
  readonly keys: readonly string[];
  readonly kind: "add" | "edit" | "remove";
  /** Absent for `add`, and where the field is not compared. */
  readonly before?: Json;
  /** Absent for `remove`, and where the field is not compared. */
  readonly after?: Json;
  readonly state?: "blocked" | "unresolved";
  readonly variable?: string;
  /** Why `variable` has no value; only with `unresolved`. */
  readonly why?: Unavailable["reason"];
}

/**
 * What the fingerprint of a credential tells: whether the value equals what was written, under this key or the one before it;
 * that a create cut short has still to send it; or why it tells nothing: stamps are not read, the connection can have none,
 * there is no key, the fingerprint is of another key, or there is none.
 */
export type Evidence =
  | "equal"
  | "equal-under-previous-key"
  | "different"
  | "different-under-previous-key"
  | "not-sent-yet"
  | "stamps-off"
  | "no-stamp"
  | "no-key"
  | "other-key"
  | "no-record";

/** What a write changes on a stamp; `first` when there was none, `replaced` when there was one that is not believed. */
export type StampPart = "first" | "replaced" | "owner" | "id" | "paths" | "secrets" | "protect";

export interface SecretChange {
  readonly path: string;
  readonly variable?: string;
  readonly state: SecretState;
  /**
   * Whether the write takes it along: a new or changed one, or one that the service takes only together with a changed one.
   * With `unresolved`: the write needs it, so there can be none.
   */
  readonly isSent: boolean;
  /** Absent for a new connection, and where there is no value. */
  readonly evidence?: Evidence;
  /** Whether the present value is recorded as what the service has, without being sent. */
  readonly isRecorded: boolean;
  /** Why `variable` has no value; only with `unresolved`. */
  readonly why?: Unavailable["reason"];
}

/** What the change of one field means, in the words of a billing person. */
export interface Consequence {
  readonly path: string;
  readonly sentence: string;
  /** Where the definition says so, or would. */
  readonly place: Place;
  /** `danger`: somebody should think about it first; `none`: nothing that Flexprice does changes. */
  readonly weight: "danger" | "change" | "none";
}

/** What would be done with one definition, and why. */
export interface Change {
  readonly action: Action;
  readonly name: string;
  readonly providerType: string;
  /** Absent for a connection that does not exist yet. */
  readonly id?: string;
  /** Whether the write also puts our stamp on the connection, or renews it. */
  readonly stamp: boolean;
  /** What that changes on the stamp of an existing connection. */
  readonly stampParts: readonly StampPart[];
  /**
   * For a connection that gets its first stamp, and for a write whose credentials leave no fingerprint: drawn when the plan is
   * made, so that what it has written can be told again by it.
   */
  readonly salt?: string;
  /** Where the definition begins; absent for a connection that none claims. */
  readonly file?: string;
  readonly line?: number;
  readonly fields: readonly FieldChange[];
  readonly secrets: readonly SecretChange[];
  /** One for each field that is written, in their order. */
  readonly consequences: readonly Consequence[];
  /** The dangerous ones of them, and others of the change as a whole. */
  readonly dangers: readonly string[];
  /** Whether one of the dangers needs more than a plain yes: the definition is protected, or the connection is replaced. */
  readonly guarded: boolean;
  /** Whether the definition forbids that the connection is replaced. */
  readonly isProtected: boolean;
  /** Keys with a value that the definition does not name; they stay. */
  readonly keptKeys: number;
}

export interface UnclaimedRow {
  readonly id: string;
  readonly name: string;
  readonly providerType: string;
  readonly stamped: boolean;
  /** Whose stamp it has; absent where that names none. */
  readonly owner?: string;
}

export interface Summary {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly archive: number;
  readonly unchanged: number;
  readonly blocked: number;
  readonly unknown: number;
  readonly unresolved: number;
  readonly keptKeys: number;
  readonly unclaimed: number;
  /** Fingerprints that were made with the previous key, and still will be after the plan. */
  readonly previousKey: number;
}

/** All that a run would do in one environment: data only, in a fixed order, without a secret in it. */
export interface Plan {
  /** Of this form. */
  readonly version: 1;
  readonly changes: readonly Change[];
  readonly unclaimed: readonly UnclaimedRow[];
  readonly summary: Summary;
}

/** What a change was planned from: the values that its writes take, and the row if there is one. */
export interface Source {
  readonly desired: Desired;
  readonly observed?: Observed;
  /** The row's own stamp, if it has one. */
  readonly stamp?: Stamp;
  /** For a new connection that takes the place of an archived one: that one, without our mark. */
  readonly carried?: Observed;
}

/** Whether a fingerprint proves that a value is not the one that was written. */
export function isDifferent(evidence: Evidence | undefined): boolean {
  return evidence === "different" || evidence === "different-under-previous-key";
}

/** Where the definition of a change begins, if it has one. */
export function placeOf({ file, line }: Change): { readonly place?: Place } {
  return file === undefined || line === undefined ? {} : { place: startOf({ file, line }) };
}

/** A change that writes. */
export type WritingChange = Change & { readonly action: Exclude<Action, "none"> };

/** Whether a change writes. */
export function writes(change: Change): change is WritingChange {
  return change.action !== "none";
}

/** Whether a plan leaves something to do or to decide. */
export function hasWork({ changes }: Plan): boolean {
  return changes.some((change) => writes(change) || isBlocked(change));
}

/** Whether some field or secret of it cannot be changed on the existing connection. */
export function isBlocked(change: Change): boolean {
  return [...change.fields, ...change.secrets].some((item) => item.state === "blocked");
}
