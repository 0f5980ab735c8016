import type { Json } from "./json.js";
import type { Action, SecretState, Summary } from "./plan.js";
import type { FileTarget } from "./recovery.js";

/** Of the saved plan's form; another one is not read. */
export const PLAN_FORMAT = "1.0";

/**
 * A plan as it stands in a file, with all that tells later whether it is still the same plan; `schema/plan.schema.json`
 * describes it. It holds no secret and no digest that a guess of one could be held against.
 */
export interface SavedPlan {
  readonly format: "flexprice-sync plan";
  readonly format_version: string;
  readonly tool: { readonly name: string; readonly version: string };
  /** Instants in UTC. */
  readonly created_at: string;
  readonly expires_at: string;
  /** Which key for fingerprints it was made with; `null` for none: then secret values are those at apply time. */
  readonly key_id: string | null;
  readonly adopt: boolean;
  readonly assume_secrets: boolean;
  readonly targets: readonly SavedTarget[];
  readonly digest: string;
}

export interface SavedTarget extends FileTarget {
  readonly owner?: string;
  /** Whether stamps are read and written. */
  readonly stamps: boolean;
  /** Credentials that the settings say this server can change; absent for none. */
  readonly assume_updatable?: readonly string[];
  /** Of all marks in it. */
  readonly salt: string;
  /** Folders and files with definitions. */
  readonly paths: readonly string[];
  /** An option named them. */
  readonly paths_named?: true;
  readonly summary: Readonly<Record<string, number>>;
  /** Every definition that was read; those without a change were not selected. */
  readonly definitions: readonly SavedDefinition[];
  readonly changes: readonly SavedChange[];
}

export interface SavedDefinition {
  readonly name: string;
  readonly provider_type: string;
  readonly file: string;
  readonly line: number;
  /** Of what it says, in whatever spelling. */
  readonly digest: string;
}

export interface SavedChange {
  /** Position in `definitions`. */
  readonly definition: number;
  readonly action: Action;
  /** Absent for a connection that does not exist yet. */
  readonly id?: string;
  readonly stamp: boolean;
  readonly salt?: string;
  readonly fields: readonly SavedField[];
  readonly secrets: readonly SavedSecret[];
  readonly dangers: readonly string[];
  /** Unknown secrets of this definition are sent. */
  readonly write_secrets: boolean;
  /** The row it was planned from; absent for a connection that does not exist yet. */
  readonly row?: RowMarks;
}

export interface SavedField {
  readonly path: string;
  readonly kind: "add" | "edit" | "remove";
  readonly before?: Json;
  readonly after?: Json;
  readonly state?: "blocked" | "unresolved";
  readonly variable?: string;
}

export interface SavedSecret {
  readonly path: string;
  readonly variable?: string;
  /** Absent for a value of the environment in a readable field. */
  readonly state?: SecretState;
  readonly sent: boolean;
  readonly recorded: boolean;
  /** Of the value that it was planned with; absent without a key or a value. */
  readonly fingerprint?: string;
}

/** Marks of the parts of a row: equal for equal parts, volatile ones left out. */
export interface RowMarks {
  readonly name: string;
  readonly metadata: string;
  readonly sync_config: string;
  readonly stamp: string;
}

/** Numbers of a plan's summary under the names that documents use. */
export function summaryNumbers({ keptKeys, unclaimed, previousKey, ...counts }: Summary): Record<string, number> {
  const fingerprints = previousKey === 0 ? {} : { previous_key_fingerprints: previousKey };
  return { ...counts, kept_keys: keptKeys, unclaimed, ...fingerprints };
}

/** What a plan says for an environment: what it has under its name, or all that it has if that is one. */
export function savedFor({ targets }: SavedPlan, environment: string): SavedTarget | undefined {
  const [only, ...more] = targets;
  return targets.find((target) => target.environment === environment) ?? (more.length === 0 ? only : undefined);
}
