import type { JsonObject } from "../model/json.js";
import { type StoredConnection, wholeSeconds } from "./stored.js";
import { ulid } from "./ulid.js";

/** What a key may do; copied onto it when it is made. */
export type Role = "super_admin" | "all_writer" | "all_reader" | "event_ingestor" | "event_reader";

/** What a sandbox starts with; `schema/seed.schema.json` describes it. */
export interface SeedFile {
  readonly connections?: readonly SeedConnection[] | null;
  readonly environments?: readonly SeededEnvironment[];
  readonly keys?: readonly SeededKey[];
  readonly tenant?: { readonly suspended?: boolean };
}

/** A connection that exists when the sandbox starts. */
export interface SeedConnection {
  readonly id?: string;
  readonly name: string;
  readonly provider_type: string;
  readonly environment_id?: string;
  readonly encrypted_secret_data?: JsonObject;
  readonly metadata?: JsonObject | null;
  readonly sync_config?: JsonObject | null;
  readonly created_at?: string;
  readonly updated_at?: string;
}

/** An environment beside the sandbox's own. */
export interface SeededEnvironment {
  readonly id: string;
  readonly name: string;
  readonly type?: "development" | "production";
}

/** A key beside the sandbox's own. */
export interface SeededKey {
  readonly key: string;
  readonly role?: Role | null;
  readonly environment_id?: string | null;
  readonly user_type?: "user" | "service_account";
  readonly allowed_environments?: readonly string[];
}

/** The row of a seed: stored as it is given, with what it leaves out made up. */
export function seededRow(
  seed: SeedConnection,
  scope: Pick<StoredConnection, "environmentId" | "tenantId">,
  nowMs: number,
): StoredConnection {
  const now = wholeSeconds(nowMs);
  const secrets = Object.entries(seed.encrypted_secret_data ?? {}).map(([field, value]) => [
    field,
    typeof value === "string" && value !== "" ? { encrypted: value } : value,
  ]);
  return {
    ...scope,
    id: seed.id ?? `conn_${ulid(nowMs)}`,
    name: seed.name,
    providerType: seed.provider_type,
    status: "published",
    secrets: Object.fromEntries(secrets),
    metadata: seed.metadata ?? null,
    syncConfig: seed.sync_config ?? null,
    createdAt: seed.created_at ?? now,
    updatedAt: seed.updated_at ?? seed.created_at ?? now,
    createdBy: "",
    updatedBy: "",
  };
}
