import type { JsonObject } from "../model/json.js";
import { type StoredConnection, ulid } from "./store.js";

/** A connection that exists when the sandbox starts; `schema/seed.schema.json` describes it. */
export interface SeedConnection {
  readonly id?: string;
  readonly name: string;
  readonly provider_type: string;
  readonly encrypted_secret_data?: JsonObject;
  readonly metadata?: JsonObject | null;
  readonly sync_config?: JsonObject | null;
  readonly created_at?: string;
  readonly updated_at?: string;
}

/** The row of a seed: stored as it is given, with what it leaves out made up. */
export function seededRow(seed: SeedConnection, nowMs: number): StoredConnection {
  const now = new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z");
  const secrets = Object.entries(seed.encrypted_secret_data ?? {}).map(([field, value]) => [
    field,
    typeof value === "string" && value !== "" ? { encrypted: value } : value,
  ]);
  return {
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
