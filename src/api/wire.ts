import type { Account, EnvironmentFacts, ErrorShape } from "../model/account.js";
import type { Observed } from "../model/connection.js";
import { isDeeperThan, isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { revealForWire, Secret } from "../model/secret.js";
import type { CreateWish, SentCredential, UpdateWish } from "../model/wish.js";

/*
 * The service's JSON and ours. The only place that knows its field names, and the only one where a secret leaves.
 * Shapes: sections 2-8 of the API contract this project keeps (docs/decisions/0002).
 */

/** Deepest nesting that is read from an answer: everything behind it walks values by recursion. */
const DEEPEST_ANSWER = 200;

/** One page of the list as it came. `total` is absent where the service does not say. */
export interface ConnectionsPage {
  readonly rows: readonly Observed[];
  readonly total?: number;
}

export interface RequestHead {
  readonly apiKey: Secret;
  readonly environmentId?: string;
  readonly requestId: string;
}

/** Headers of every request. The environment is a wish only: a key made in the dashboard has its own, and that wins. */
export function headersOf({ apiKey, environmentId, requestId }: RequestHead, hasBody: boolean): Record<string, string> {
  return {
    accept: "application/json",
    "accept-encoding": "gzip",
    "x-api-key": revealForWire(apiKey),
    "x-request-id": requestId,
    ...(environmentId === undefined ? {} : { "x-environment-id": environmentId }),
    ...(hasBody ? { "content-type": "application/json" } : {}),
  };
}

/** What a proxy is told of who asks: a user and a password with a colon between them. */
export function proxyAuthorization(credentials: Secret): string {
  return `Basic ${Buffer.from(revealForWire(credentials), "utf8").toString("base64")}`;
}

/** The body of a create. Credentials go flat: the nested form is answered with 201 and stores nothing. */
export function createBody(wish: CreateWish): string {
  return JSON.stringify({
    name: wish.name,
    provider_type: wish.providerType,
    ...(wish.credentials.length === 0 ? {} : { encrypted_secret_data: plain(wish.credentials) }),
    ...(wish.metadata === undefined ? {} : { metadata: wish.metadata }),
    ...(wish.syncConfig === undefined ? {} : { sync_config: wish.syncConfig }),
  });
}

/** The body of an update: only the keys that change. Credentials go nested, which every server version reads. */
export function updateBody({ name, metadata, syncConfig, credentials }: UpdateWish): string {
  return JSON.stringify({
    ...(name === undefined ? {} : { name }),
    ...(credentials === undefined
      ? {}
      : { encrypted_secret_data: { [credentials.providerType]: plain(credentials.fields) } }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(syncConfig === undefined ? {} : { sync_config: syncConfig }),
  });
}

function plain(credentials: readonly SentCredential[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    credentials.map(({ field, value }) => [field, value instanceof Secret ? revealForWire(value) : value]),
  );
}

/** What an id may be made of: it goes into a path and onto a terminal. `.` and `..` would lead elsewhere. */
const USABLE_ID = /^(?!\.{1,2}$)[\w.:~-]{1,200}$/;

/** One connection, or `undefined` when the value has another shape. */
export function readConnection(value: unknown): Observed | undefined {
  if (!isObject(value) || isDeeperThan(value, DEEPEST_ANSWER)) return undefined;
  const id = ownValue(value, "id");
  const name = ownValue(value, "name");
  const providerType = ownValue(value, "provider_type");
  const metadata = ownValue(value, "metadata") ?? null;
  const syncConfig = ownValue(value, "sync_config") ?? {};
  if (typeof id !== "string" || !USABLE_ID.test(id) || typeof name !== "string" || typeof providerType !== "string")
    return undefined;
  if ((metadata !== null && !isObject(metadata)) || !isObject(syncConfig)) return undefined;
  const environmentId = ownValue(value, "environment_id");
  return {
    id,
    name,
    providerType,
    environmentId: typeof environmentId === "string" && USABLE_ID.test(environmentId) ? environmentId : null,
    metadata: metadata === null ? null : withoutNothing(metadata),
    syncConfig,
    createdAt: textOr(ownValue(value, "created_at"), ""),
    ...named("createdBy", ownValue(value, "created_by")),
    ...named("tenantId", ownValue(value, "tenant_id")),
    isLive: textOr(ownValue(value, "status"), "published") === "published",
  };
}

/** Absent, null and `{}` look alike in answers, so they are one thing here. */
function withoutNothing(metadata: JsonObject): JsonObject | null {
  return Object.keys(metadata).length === 0 ? null : metadata;
}

/** One page of `GET /connections`, or `undefined` when the value has another shape. No list at all is not an empty one. */
export function readPage(value: unknown): ConnectionsPage | undefined {
  if (!isObject(value) || !Object.hasOwn(value, "connections")) return undefined;
  const listed = value["connections"] ?? [];
  if (!Array.isArray(listed)) return undefined;
  const total = ownValue(value, "total");
  if (total !== undefined && !(typeof total === "number" && Number.isSafeInteger(total) && total >= 0))
    return undefined;
  const rows: Observed[] = [];
  for (const item of listed as readonly Json[]) {
    const row = readConnection(item);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return { rows, ...(total === undefined ? {} : { total }) };
}

/**
 * Whether some number of a JSON text would not be written back as it stands: an integer that a 64-bit float cannot hold, or
 * one beyond its range. A map is replaced whole, so such a number would change although nobody asked for it.
 */
export function hasLossyNumber(text: string): boolean {
  if (!/\d{16}|[eE][-+]?\d{3}/.test(text)) return false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g)) {
    if (token.startsWith('"')) continue;
    const value = Number(token);
    if (!Number.isFinite(value) || (/^-?\d+$/.test(token) && String(value) !== token && token !== "-0")) return true;
  }
  return false;
}

/** What the service says in an error, whichever of its three body shapes it uses. */
export interface ServiceMessage {
  readonly message?: string;
  readonly code?: string;
  readonly existingId?: string;
}

/** Which of the forms that the service has had an error is in. */
export function shapeOfError(value: unknown): ErrorShape {
  if (!isObject(value)) return "other";
  if (typeof ownValue(value, "code") === "string" && typeof ownValue(value, "message") === "string") return "present";
  return ownValue(value, "success") === false && isObject(ownValue(value, "error")) ? "old" : "other";
}

export function readError(value: unknown): ServiceMessage {
  if (!isObject(value)) return {};
  const nested = ownValue(value, "error");
  const source = isObject(nested) ? nested : value;
  const message = ownValue(source, "message") ?? (typeof nested === "string" ? nested : undefined);
  const code = ownValue(source, "code");
  const details = ownValue(source, "details");
  const existingId = isObject(details) ? ownValue(details, "existing_connection_id") : undefined;
  return {
    ...(typeof message === "string" && message !== "" ? { message } : {}),
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof existingId === "string" ? { existingId } : {}),
  };
}

function named<Key extends string>(key: Key, value: Json | undefined): { readonly [name in Key]?: string } {
  return (typeof value === "string" && value !== "" ? { [key]: value } : {}) as { readonly [name in Key]?: string };
}

/** Whom a key belongs to, as `GET /users/me` says. */
export function readAccount(value: unknown): Account | undefined {
  if (!isObject(value)) return undefined;
  const id = ownValue(value, "id");
  const tenant = ownValue(value, "tenant");
  const roles = ownValue(value, "roles") ?? [];
  if (typeof id !== "string" || !isObject(tenant) || !Array.isArray(roles)) return undefined;
  return {
    id,
    ...named("name", ownValue(value, "name")),
    isService: ownValue(value, "type") === "service_account",
    roles: (roles as readonly Json[]).filter((role) => typeof role === "string"),
    tenant: {
      id: textOr(ownValue(tenant, "id"), ""),
      name: textOr(ownValue(tenant, "name"), ""),
      status: textOr(ownValue(tenant, "status"), ""),
    },
  };
}

/** An environment, as `GET /environments/{id}` says. */
export function readEnvironment(value: unknown): EnvironmentFacts | undefined {
  if (!isObject(value)) return undefined;
  const id = ownValue(value, "id");
  if (typeof id !== "string") return undefined;
  return { id, name: textOr(ownValue(value, "name"), ""), type: textOr(ownValue(value, "type"), "") };
}

function textOr(value: Json | undefined, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}
