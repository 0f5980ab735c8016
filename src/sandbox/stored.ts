import type { JsonObject } from "../model/json.js";
import type { StoredSecrets } from "./credentials.js";

/** A connection as the service keeps it. */
export interface StoredConnection {
  readonly id: string;
  readonly name: string;
  readonly providerType: string;
  readonly environmentId: string;
  readonly tenantId: string;
  readonly status: "published" | "archived";
  readonly secrets: StoredSecrets;
  readonly metadata: JsonObject | null;
  readonly syncConfig: JsonObject | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly createdBy: string;
  readonly updatedBy: string;
}

/** A time as the service shows it: RFC 3339 in UTC, with whole seconds. */
export function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
