import type { Catalogue, ProviderFacts } from "../model/catalogue.js";
import { byText, isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { alreadyExists, badRequestFormat, databaseError, invalid, notFound } from "./answers.js";
import { checkCreate, checkPresent } from "./create-checks.js";
import { blockShape, readUpdate, type StoredSecrets, storedFromCreate, updated, withEmpties } from "./credentials.js";
import { firstValue, type Shape, textAt, UnreadableBody } from "./go-json.js";
import { History } from "./history.js";
import { type StoredConnection, wholeSeconds } from "./stored.js";
import { allOff, checkSyncConfig, stored, syncConfigShape } from "./sync-config.js";
import { ulid } from "./ulid.js";

export interface StoreSettings {
  readonly catalogue: Catalogue;
  readonly environmentId: string;
  readonly tenantId: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** What the service fills in for storage that it keeps itself. */
const MANAGED = { bucket: "flexprice-sandbox-exports", region: "us-east-1", secret: "kept-by-flexprice" } as const;

const LONGEST_NAME = 255;

/** The connections of one environment, under the service's rules: sections 5 and 7 to 12 of its contract. Everything is in memory. */
export class Store {
  readonly #settings: StoreSettings;
  readonly #rows = new Map<string, StoredConnection>();
  readonly #syncShape: Shape;
  readonly #blockShape: Shape;
  #history: History | undefined;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
    this.#syncShape = syncConfigShape(settings.catalogue.syncConfig);
    this.#blockShape = blockShape(settings.catalogue);
  }

  /** Every row there ever was, archived ones too, in the order of their making. */
  all(): readonly StoredConnection[] {
    return [...this.#rows.values()];
  }

  /** Live connections, in the order of their making. @param lagMs - as they were so long ago */
  live(lagMs = 0): readonly StoredConnection[] {
    return this.#seen(lagMs).filter(({ status }) => status === "published");
  }

  /** @param lagMs - as it was so long ago */
  find(id: string, lagMs = 0): StoredConnection {
    const row = lagMs === 0 ? this.#rows.get(id) : this.#seen(lagMs).find((one) => one.id === id);
    if (row === undefined || row.status !== "published") throw notFound(id);
    return row;
  }

  /** Takes a row as it is, without any check: seeds may hold what the service would refuse today. */
  put(row: StoredConnection): void {
    this.#rows.set(row.id, row);
    this.#history?.add(row, this.#settings.nowMs());
  }

  /** Remembers from now on what was there before, so far back. What is there now has been there since ever. */
  keepHistory(longestMs: number): void {
    this.#history = new History(this.all(), longestMs);
  }

  /** @param actorId - the user whose key asks for it; in `update` and `archive` too */
  create(body: string, actorId: string): StoredConnection {
    const fields = readBody(body, {
      name: "text",
      provider_type: "text",
      encrypted_secret_data: "map",
      metadata: "map",
      sync_config: this.#syncShape,
    });
    const name = textAt(fields, "name");
    const provider = this.#provider(textAt(fields, "provider_type"));
    const metadata = mapAt(fields, "metadata");
    const flat = mapAt(fields, "encrypted_secret_data");
    const syncConfig = this.#checkedSync(fields);
    if (!provider.server.many) {
      const twin = this.live().find(({ providerType }) => providerType === provider.type);
      if (twin !== undefined) throw alreadyExists(provider.type, twin.id, twin.environmentId, twin.tenantId);
    }
    checkCreate({ credentials: flat, syncConfig }, provider);
    const managed = provider.server.managed && isManaged(syncConfig);
    if (!managed) checkPresent(flat, provider);
    if (name === "" || [...name].length > LONGEST_NAME) throw databaseError("Failed to create connection");
    const { environmentId, tenantId } = this.#settings;
    const now = this.#now();
    const row: StoredConnection = {
      id: `conn_${ulid(this.#settings.nowMs())}`,
      name,
      providerType: provider.type,
      environmentId,
      tenantId,
      status: "published",
      secrets: managed ? managedSecrets(provider) : storedFromCreate(flat, provider),
      metadata: metadata ?? null,
      syncConfig: managed ? this.#managedSync(syncConfig) : (syncConfig ?? null),
      createdAt: now,
      updatedAt: now,
      createdBy: actorId,
      updatedBy: actorId,
    };
    checkCharacters(row, "Failed to create connection");
    this.put(row);
    return row;
  }

  update(id: string, body: string, actorId: string): StoredConnection {
    const fields = readBody(body, {
      name: "text",
      metadata: "map",
      sync_config: this.#syncShape,
      encrypted_secret_data: "json",
    });
    const sent = ownValue(fields, "encrypted_secret_data");
    const credentials =
      typeof sent === "string"
        ? readable(() => readUpdate(sent, this.#blockShape, this.#settings.catalogue))
        : undefined;
    const syncConfig = this.#checkedSync(fields);
    const row = this.find(id);
    const provider = this.#provider(row.providerType);
    const secrets =
      credentials === undefined ? row.secrets : updated(row.secrets, credentials, provider, this.#settings.catalogue);
    const name = textAt(fields, "name") || row.name;
    const next: StoredConnection = {
      ...row,
      name,
      secrets: withEmpties(secrets, provider),
      metadata: mapAt(fields, "metadata") ?? row.metadata,
      syncConfig: syncConfig ?? row.syncConfig,
      updatedAt: this.#now(),
      updatedBy: actorId,
    };
    if ([...name].length > LONGEST_NAME) throw databaseError("Failed to update connection");
    checkCharacters(next, "Failed to update connection");
    this.#checkStored(next);
    this.put(next);
    return next;
  }

  archive(id: string, actorId: string): void {
    const row = this.find(id);
    this.put({ ...row, status: "archived", updatedAt: this.#now(), updatedBy: actorId });
  }

  /** A connection as an answer shows it: never a secret, no empty metadata, always a sync_config. */
  shown(row: StoredConnection): JsonObject {
    const { metadata, syncConfig } = row;
    return {
      id: row.id,
      name: row.name,
      provider_type: row.providerType,
      environment_id: row.environmentId,
      tenant_id: row.tenantId,
      status: row.status,
      ...(metadata === null || Object.keys(metadata).length === 0 ? {} : { metadata: sorted(metadata) }),
      sync_config: syncConfig ?? allOff(this.#settings.catalogue.syncConfig),
      created_at: row.createdAt,
      updated_at: row.updatedAt,
      created_by: row.createdBy,
      updated_by: row.updatedBy,
    };
  }

  #seen(lagMs: number): readonly StoredConnection[] {
    const past = lagMs > 0 ? this.#history?.at(this.#settings.nowMs() - lagMs) : undefined;
    return past ?? this.all();
  }

  #provider(type: string): ProviderFacts {
    const facts = ownValue(this.#settings.catalogue.providers, type);
    if (facts === undefined) throw invalid("Invalid secret provider");
    return facts;
  }

  #checkedSync(fields: JsonObject): JsonObject | undefined {
    const sent = mapAt(fields, "sync_config");
    if (sent === undefined) return undefined;
    checkSyncConfig(sent);
    return stored(sent, this.#settings.catalogue.syncConfig);
  }

  #managedSync(syncConfig: JsonObject | undefined): JsonObject {
    const s3 = ownValue(syncConfig ?? {}, "s3");
    const { environmentId, tenantId, catalogue } = this.#settings;
    const filled = {
      ...(isObject(s3) ? s3 : {}),
      bucket: MANAGED.bucket,
      region: MANAGED.region,
      key_prefix: `${tenantId}/${environmentId}`,
    };
    return stored({ ...syncConfig, s3: filled }, catalogue.syncConfig);
  }

  /** A row stored before a rule existed makes every update fail that does not bring a valid sync_config. */
  #checkStored({ syncConfig }: StoredConnection): void {
    try {
      checkSyncConfig(syncConfig ?? {});
    } catch {
      throw databaseError("Failed to update connection");
    }
  }

  /** Times have whole seconds. */
  #now(): string {
    return wholeSeconds(this.#settings.nowMs());
  }
}

function readBody(body: string, fields: Readonly<Record<string, Shape>>): JsonObject {
  const value = readable(() => firstValue(body, { fields }));
  return isObject(value) ? value : {};
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof UnreadableBody) throw badRequestFormat();
    throw cause;
  }
}

/** The database behind the service stores no NUL; encrypted values have none. */
function checkCharacters({ name, metadata, syncConfig, secrets }: StoredConnection, message: string): void {
  const plain = Object.values(secrets).filter((value) => !isObject(value) || !Object.hasOwn(value, "encrypted"));
  const hasNul = (value: Json): boolean => {
    if (typeof value === "string") return value.includes("\0");
    if (Array.isArray(value)) return value.some(hasNul);
    return isObject(value) && Object.entries(value).some(([key, item]) => hasNul(key) || hasNul(item));
  };
  if (hasNul([name, metadata, syncConfig, ...plain])) throw databaseError(message);
}

/** Go writes maps with their keys in order, at every depth. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort(byText);
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}

function isManaged(syncConfig: JsonObject | undefined): boolean {
  const s3 = ownValue(syncConfig ?? {}, "s3");
  return isObject(s3) && ownValue(s3, "is_flexprice_managed") === true;
}

function managedSecrets({ server }: ProviderFacts): StoredSecrets {
  return Object.fromEntries(server.keepsEmpty.map((field) => [field, { encrypted: MANAGED.secret }]));
}

function mapAt(object: JsonObject, key: string): JsonObject | undefined {
  const value = ownValue(object, key);
  return isObject(value) ? value : undefined;
}
