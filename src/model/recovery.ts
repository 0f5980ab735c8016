import type { JsonObject } from "./json.js";

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
  readonly definition: { readonly name: string; readonly file: string };
  /** The archived connection, as far as the new one takes it over. */
  readonly connection: {
    readonly id: string;
    readonly name: string;
    readonly provider_type: string;
    readonly metadata: JsonObject;
    readonly sync_config: JsonObject;
  };
  /** Paths that the connection had beyond the definition and that may not stand in a file: values of the environment. */
  readonly left_out: readonly string[];
  /** By which the stamp of the new connection is known. */
  readonly salt: string;
  readonly digest: string;
}
