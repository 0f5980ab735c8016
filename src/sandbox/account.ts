import type { Catalogue } from "../model/catalogue.js";
import { type Role, type SeededEnvironment, type SeededKey, type SeedFile, seededRow } from "./seed.js";
import { Store, wholeSeconds } from "./store.js";
import { ulid } from "./ulid.js";

/** An API key with the user it belongs to. */
export interface ApiKey {
  readonly id: string;
  readonly key: string;
  readonly userId: string;
  readonly userName: string;
  readonly userType: "user" | "service_account";
  /** Absent on a key from before there were roles. */
  readonly role?: Role;
  /** The environment it was made in, whatever a request asks for; absent for one that must ask. */
  readonly environmentId?: string;
  /** Environments that its user may work in; absent for all. */
  readonly allowed?: readonly string[];
}

export interface Environment {
  readonly id: string;
  readonly name: string;
  readonly type: "development" | "production";
  readonly createdAt: string;
  readonly store: Store;
}

/** A tenant with everything that belongs to it. */
export interface Account {
  readonly tenant: { readonly id: string; readonly name: string; readonly createdAt: string };
  readonly isSuspended: boolean;
  readonly environments: ReadonlyMap<string, Environment>;
  readonly keys: readonly ApiKey[];
}

export interface AccountSettings {
  readonly catalogue: Catalogue;
  readonly apiKey: string;
  readonly environmentId: string;
  readonly seed: SeedFile;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** The account of a sandbox: its own key and environment, and what the seed adds. */
export function accountOf(settings: AccountSettings): Account {
  const { apiKey, environmentId, seed, nowMs } = settings;
  const createdAt = wholeSeconds(nowMs());
  const tenant = { id: `tenant_${ulid(nowMs())}`, name: "Sandbox", createdAt };
  // What a seed says of the sandbox's own environment or key wins.
  const own: SeededEnvironment = { id: environmentId, name: "Sandbox" };
  const known = new Map([own, ...(seed.environments ?? [])].map((one) => [one.id, one]));
  const environments = new Map(
    [...known.values()].map(({ id, name, type = "development" }): [string, Environment] => [
      id,
      { id, name, type, createdAt, store: storeOf(id, tenant.id, settings) },
    ]),
  );
  for (const connection of seed.connections ?? []) {
    // A saved answer names an environment of the real service: its rows belong to the sandbox's own.
    const { store } = environments.get(connection.environment_id ?? "") ?? environments.get(environmentId) ?? {};
    const scope = { environmentId: store?.environmentId ?? environmentId, tenantId: tenant.id };
    store?.put(seededRow(connection, scope, nowMs()));
  }
  const first: SeededKey = { key: apiKey, role: "super_admin", environment_id: environmentId };
  const seeded = new Map([first, ...(seed.keys ?? [])].map((one) => [one.key, one]));
  const keys = [...seeded.values()].map((key) => keyOf(key, nowMs()));
  return { tenant, isSuspended: seed.tenant?.suspended ?? false, environments, keys };
}

function storeOf(environmentId: string, tenantId: string, { catalogue, nowMs }: AccountSettings): Store {
  return new Store({ catalogue, environmentId, tenantId, nowMs });
}

function keyOf(seeded: SeededKey, nowMs: number): ApiKey {
  const { key, role, environment_id: environmentId, user_type: userType = "user", allowed_environments } = seeded;
  return {
    id: `secret_${ulid(nowMs)}`,
    key,
    userId: `user_${ulid(nowMs)}`,
    userName: userType === "user" ? "Sandbox user" : "Sandbox service account",
    userType,
    ...(role === undefined || role === null ? {} : { role }),
    ...(environmentId === undefined || environmentId === null ? {} : { environmentId }),
    ...(allowed_environments === undefined ? {} : { allowed: allowed_environments }),
  };
}
