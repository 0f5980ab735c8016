import type { JsonObject } from "./json.js";
import { shellWord } from "./problem.js";

/** The name of the file that a replace keeps for a connection; ids are short and plain, but for what file systems do not take. */
export function recoveryFileOf(id: string): string {
  return `flexprice-sync-recovery-${id.replaceAll(/[^\w.-]/g, "_")}.json`;
}

/** Whether a file's name is one of those. */
export function isRecoveryFile(name: string): boolean {
  return /^flexprice-sync-recovery-.+\.json$/.test(name);
}

/** The command that finishes a replace. @param sameTarget - options that lead to the same target, as a part of it */
export function recoverCommand(file: string, name: string, sameTarget = ""): string {
  return `flexprice-sync apply --recover ${shellWord(file)} --only ${shellWord(name)}${sameTarget}`;
}

/** Of the recovery file's form; another one is not read. */
export const RECOVERY_FORMAT = "1.0";

/** Where the connections of a plan or a replace are. */
export interface FileTarget {
  readonly environment: string;
  readonly base_url: string;
  readonly environment_id: string | null;
}

/**
 * What a replace leaves before it archives a connection, so that what the definition does not name can be made anew if the
 * create behind it fails. As it stands in the file; `schema/recovery.schema.json` describes it. It holds no secret.
 */
export interface RecoveryDocument {
  readonly format: "flexprice-sync recovery";
  readonly format_version: string;
  readonly tool: { readonly name: string; readonly version: string };
  readonly target: FileTarget;
  /** Folders and files with definitions, as they were named. */
  readonly paths: readonly string[];
  readonly owner?: string;
  /** Whether stamps are read and written. */
  readonly stamps: boolean;
  readonly definition: {
    readonly name: string;
    readonly file: string;
    /** Of what it says, in whatever spelling. */
    readonly digest: string;
  };
  /** The archived connection, as far as the new one takes it over. */
  readonly connection: {
    readonly id: string;
    readonly name: string;
    readonly provider_type: string;
    /** `null` where it had none at all, which is not always the same as an empty one. */
    readonly metadata: JsonObject | null;
    readonly sync_config: JsonObject;
  };
  /** Paths of the connection that our stamp would own now: what of them leaves the definition is taken away. */
  readonly ours: readonly string[];
  /** Paths that the connection had beyond the definition and that may not stand in a file: they hold or repeat values of the environment. */
  readonly left_out: readonly string[];
  /** By which the stamp of the new connection is known. */
  readonly salt: string;
  readonly digest: string;
}
