import type { Catalogue } from "../model/catalogue.js";
import type { Faults } from "./faults.js";
import { type Role, type SeededEnvironment, type SeededKey, type SeedFile, seededRow } from "./seed.js";
import { oddRows } from "./start-faults.js";
import { Store } from "./store.js";
import { wholeSeconds } from "./stored.js";
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
  /** Errors of the handlers have the body that they had before April 2026. */
  readonly hasOldErrors: boolean;
  /** The sandbox's own environment, which is one of them. */
  readonly home: Environment;
  readonly environments: ReadonlyMap<string, Environment>;
  readonly keys: readonly ApiKey[];
}

export interface AccountSettings {
  readonly catalogue: Catalogue;
  readonly apiKey: string;
  readonly environmentId: string;
  readonly seed: SeedFile;
  readonly faults?: Faults;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** The account of a sandbox: its own key and environment, and what the seed adds. */
export function accountOf(settings: AccountSettings): Account {
  const { catalogue, apiKey, environmentId, seed, faults, nowMs } = settings;
  const createdAt = wholeSeconds(nowMs());
  const tenant = { id: `tenant_${ulid(nowMs())}`, name: "Sandbox", createdAt };
  // What a seed says of the sandbox's own environment or key wins.
  const seededEnvironments = seed.environments ?? [];
  const own = seededEnvironments.find(({ id }) => id === environmentId) ?? { id: environmentId, name: "Sandbox" };
  const open = ({ id, name, type = "development" }: SeededEnvironment): Environment => {
    const store = new Store({ catalogue, environmentId: id, tenantId: tenant.id, nowMs });
    return { id, name, type, createdAt, store };
  };
  const home = open(own);
  const others = seededEnvironments.filter((one) => one !== own).map(open);
  const environments = new Map([home, ...others].map((one) => [one.id, one]));
  for (const connection of seed.connections ?? []) {
    // A saved answer names an environment of the real service: its rows belong to the sandbox's own.
    const { id, store } = environments.get(connection.environment_id ?? "") ?? home;
    store.put(seededRow(connection, { environmentId: id, tenantId: tenant.id }, nowMs()));
  }
  if (faults !== undefined) prepare(home, environments, faults, { tenantId: tenant.id, catalogue, nowMs });
  const first: SeededKey = { key: apiKey, role: "super_admin", environment_id: environmentId };
  const seeded = new Map([first, ...(seed.keys ?? [])].map((one) => [one.key, one]));
  const isReduced = ({ key }: SeededKey) => key === apiKey && faults?.start.isReadOnly === true;
  const keys = [...seeded.values()].map((key) => keyOf(isReduced(key) ? { ...key, role: "all_reader" } : key, nowMs()));
  const hasOldErrors = faults?.start.hasOldErrors ?? false;
  return { tenant, isSuspended: seed.tenant?.suspended ?? false, hasOldErrors, home, environments, keys };
}

/** What faults need of the stores: odd rows in the sandbox's own, and a memory as long as reads lag behind. */
function prepare(
  { id, store }: Environment,
  environments: ReadonlyMap<string, Environment>,
  { start, rules }: Faults,
  { tenantId, ...known }: Pick<AccountSettings, "catalogue" | "nowMs"> & { readonly tenantId: string },
): void {
  for (const row of oddRows(start, store.live(), { environmentId: id, tenantId }, known)) store.put(row);
  const longestLagMs = Math.max(0, ...rules.map(({ fault }) => (fault.kind === "lag" ? fault.ms : 0)));
  if (longestLagMs === 0) return;
  for (const environment of environments.values()) environment.store.keepHistory(longestLagMs);
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
