import type { Catalogue } from "../model/catalogue.js";
import { isObject, type JsonObject, ownValue } from "../model/json.js";
import { Bug } from "../model/problem.js";
import type { Caller, Demand } from "./access.js";
import type { Account, ApiKey, Environment } from "./account.js";
import { type Answer, badQuery, environmentNotFound, foreignTenant, notFound } from "./answers.js";
import { type Filter, filtered, filterOfBody, filterOfQuery, integerOf } from "./filter.js";
import type { Store } from "./store.js";
import type { StoredConnection } from "./stored.js";
import { allOff } from "./sync-config.js";

/** A request that has been let in. */
export interface Call {
  readonly caller: Caller;
  /** The `:id` of the path, or `""`. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** How far behind the rows are that a read of connections shows. */
  readonly lagMs: number;
  readonly body: () => Promise<string>;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly needs: Demand;
  readonly answer: (call: Call) => Answer | Promise<Answer>;
}

/** The paths of the API that the sandbox has, and its own under `/sandbox`, which show what is stored. */
export function routesOf(account: Account, catalogue: Catalogue, random: () => number): readonly Route[] {
  return [...connectionRoutes(random), ...accountRoutes(account, catalogue), ...ownRoutes()];
}

/** Sections 2 and 6 to 12 of the contract. */
function connectionRoutes(random: () => number): readonly Route[] {
  const list = (call: Call, filter: Filter): Answer => {
    const store = storeOf(call);
    const rows = filtered(store.live(call.lagMs), filter, random);
    const connections = rows.length === 0 ? null : rows.map((row) => store.shown(row));
    return { status: 200, body: { connections, total: rows.length, limit: filter.limit, offset: filter.offset } };
  };
  const shown = (status: number, call: Call, row: StoredConnection): Answer => ({
    status,
    body: storeOf(call).shown(row),
  });
  const actor = ({ caller }: Call) => caller.key.userId;
  return [
    {
      method: "GET",
      path: "/v1/connections",
      needs: "none",
      answer: (call) => list(call, filterOfQuery(call.query)),
    },
    {
      method: "POST",
      path: "/v1/connections",
      needs: "write",
      answer: async (call) => shown(201, call, storeOf(call).create(await call.body(), actor(call))),
    },
    {
      method: "POST",
      path: "/v1/connections/search",
      needs: "none",
      answer: async (call) => list(call, filterOfBody(await call.body())),
    },
    {
      method: "GET",
      path: "/v1/connections/:id",
      needs: "none",
      answer: (call) => shown(200, call, storeOf(call).find(call.id, call.lagMs)),
    },
    {
      method: "PUT",
      path: "/v1/connections/:id",
      needs: "write",
      answer: async (call) => shown(200, call, storeOf(call).update(call.id, await call.body(), actor(call))),
    },
    {
      method: "DELETE",
      path: "/v1/connections/:id",
      needs: "write",
      answer: (call) => {
        storeOf(call).archive(call.id, actor(call));
        return { status: 204 };
      },
    },
  ];
}

/** What a client checks its credentials by: section 2 of the contract. */
function accountRoutes(account: Account, catalogue: Catalogue): readonly Route[] {
  const { tenant, environments, keys } = account;
  const tenantShown = {
    id: tenant.id,
    name: tenant.name,
    status: "published",
    created_at: tenant.createdAt,
    updated_at: tenant.createdAt,
  };
  return [
    {
      method: "GET",
      path: "/v1/users/me",
      needs: "none",
      answer: ({ caller }) => ({ status: 200, body: { ...userShown(caller.key), tenant: tenantShown } }),
    },
    {
      method: "GET",
      path: "/v1/environments",
      needs: "read",
      answer: ({ caller, query }) => {
        const limit = pageNumber(query, "limit", 50);
        const offset = pageNumber(query, "offset", 0);
        const { allowed } = caller.key;
        // The newest first; the page is cut before it is filtered by what the user may see.
        const page = [...environments.values()].reverse().slice(offset, limit === 0 ? undefined : offset + limit);
        const seen = page.filter(({ id }) => allowed?.includes(id) ?? true).map(environmentShown);
        return { status: 200, body: { environments: seen, total: seen.length, offset, limit } };
      },
    },
    {
      method: "GET",
      path: "/v1/environments/:id",
      needs: "read",
      answer: ({ id }) => {
        const environment = environments.get(id);
        if (environment === undefined) throw environmentNotFound(id, tenant.id);
        return { status: 200, body: environmentShown(environment) };
      },
    },
    {
      method: "GET",
      path: "/v1/tenants/:id",
      needs: "none",
      answer: ({ id }) => {
        if (id !== tenant.id) throw foreignTenant();
        return { status: 200, body: tenantShown };
      },
    },
    {
      method: "GET",
      path: "/v1/integrations/config",
      needs: "none",
      answer: (call) => {
        const rows = storeOf(call).live();
        return { status: 200, body: { integrations: rows.flatMap((row) => integrationShown(row, catalogue)) } };
      },
    },
    {
      // Another list by whose rows a client could tell the environment of its key; here there are none.
      method: "GET",
      path: "/v1/customers",
      needs: "none",
      answer: ({ query }) => {
        const limit = pageNumber(query, "limit", 50);
        return {
          status: 200,
          body: { items: [], pagination: { total: 0, limit, offset: pageNumber(query, "offset", 0) } },
        };
      },
    },
    {
      method: "GET",
      path: "/v1/secrets/api/keys",
      needs: "read",
      answer: () => ({
        status: 200,
        body: {
          items: keys.map((key) => keyShown(key, tenant.createdAt)),
          pagination: { total: keys.length, limit: 50, offset: 0 },
        },
      }),
    },
  ];
}

/** Not the API's: what is stored, with values that the service would encrypt under `encrypted`. Archived rows too. */
function ownRoutes(): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/sandbox/connections",
      needs: "none",
      answer: (call) => {
        const store = storeOf(call);
        return { status: 200, body: { connections: store.all().map((row) => storedShown(row, store)) } };
      },
    },
    {
      method: "GET",
      path: "/sandbox/connections/:id",
      needs: "none",
      answer: (call) => {
        const store = storeOf(call);
        const row = store.all().find(({ id }) => id === call.id);
        if (row === undefined) throw notFound(call.id);
        return { status: 200, body: storedShown(row, store) };
      },
    },
  ];
}

function storeOf({ caller }: Call): Store {
  if (caller.environment === undefined) throw new Bug("a caller without an environment reached its connections");
  return caller.environment.store;
}

/** A row as an answer shows it, and what an answer leaves out. */
function storedShown(row: StoredConnection, store: Store): JsonObject {
  return { ...store.shown(row), secrets: row.secrets, metadata: row.metadata, sync_config: row.syncConfig };
}

function userShown({ userId, userName, userType, role }: ApiKey): JsonObject {
  return {
    id: userId,
    name: userName,
    ...(userType === "user" ? { email: "sandbox@example.com" } : {}),
    type: userType,
    ...(role === undefined ? {} : { roles: [role] }),
  };
}

function environmentShown({ id, name, type, createdAt }: Environment): JsonObject {
  return { id, name, type, created_at: createdAt, updated_at: createdAt };
}

/** A key without its value: five characters of its beginning and two of its end. */
function keyShown({ id, key, userId, userName, userType, role }: ApiKey, createdAt: string): JsonObject {
  return {
    id,
    name: userName,
    type: "private_key",
    provider: "flexprice",
    // A key of the service has 29 characters; a shorter one of ours would show too much.
    display_id: key.length < 20 ? "***" : `${key.slice(0, 5)}***${key.slice(-2)}`,
    ...(role === undefined ? {} : { roles: [role] }),
    user_type: userType,
    user_id: userId,
    ...(userType === "service_account" ? { service_account_name: userName } : {}),
    status: "published",
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** What the service says a provider can do, which is no valid input, and which entities are on; some parts are left out. */
function integrationShown({ providerType, syncConfig }: StoredConnection, catalogue: Catalogue): readonly JsonObject[] {
  const intent = ownValue(catalogue.providers, providerType)?.server.intent;
  if (intent === undefined) return [];
  const off = allOff(catalogue.syncConfig);
  const base = Object.entries(off).map(([entity, directions]) => [
    entity,
    Object.fromEntries(
      Object.keys(isObject(directions) ? directions : {}).map((name) => [name, intent.includes(`${entity}.${name}`)]),
    ),
  ]);
  const entities = Object.keys(off).filter((entity) => entity !== "price");
  const current = Object.entries(syncConfig ?? off).filter(([name]) => entities.includes(name));
  return [
    {
      provider: providerType,
      base_config: Object.fromEntries(base),
      current_config: Object.fromEntries(current),
    },
  ];
}

function pageNumber(query: URLSearchParams, name: string, fallback: number): number {
  if (!query.has(name)) return fallback;
  const value = integerOf(query.get(name));
  if (value === undefined || value < 0) throw badQuery();
  return value;
}
