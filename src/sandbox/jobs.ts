import type { Catalogue } from "../model/catalogue.js";
import { isObject, ownValue } from "../model/json.js";
import type { Account } from "./account.js";
import type { Store } from "./store.js";
import { type StoredConnection, wholeSeconds } from "./stored.js";

/** A row as a job has read it. */
export interface ReadRow {
  readonly store: Store;
  readonly row: StoredConnection;
}

export interface JobSettings {
  readonly account: Account;
  readonly catalogue: Catalogue;
  readonly nowMs: () => number;
  readonly random: () => number;
}

/** What jobs of the service do beside requests: they write whole rows, in nobody's name. Section 13 of the contract. */
export class Jobs {
  readonly #settings: JobSettings;

  constructor(settings: JobSettings) {
    this.#settings = settings;
  }

  /** A live row of any environment, or nothing. */
  read(id: string): ReadRow | undefined {
    for (const { store } of this.#settings.account.environments.values()) {
      const row = store.live().find((one) => one.id === id);
      if (row !== undefined) return { store, row };
    }
    return undefined;
  }

  /** Gives a row new tokens where it has some. */
  refresh({ store, row }: ReadRow): void {
    const fields = ownValue(this.#settings.catalogue.providers, row.providerType)?.fields ?? {};
    const secrets = Object.entries(row.secrets).map(([field, value]) => {
      const isToken = ownValue(fields, field)?.update === "server-managed" && isObject(value);
      return [field, isToken ? { encrypted: this.#token() } : value] as const;
    });
    store.put({ ...row, ...this.#mark(), secrets: Object.fromEntries(secrets) });
  }

  /** Writes a row as it was read, over whatever became of it meanwhile; one that is archived by now stays so. */
  writeBack({ store, row }: ReadRow): void {
    if (this.read(row.id) !== undefined) store.put({ ...row, ...this.#mark() });
  }

  #mark(): Pick<StoredConnection, "updatedAt" | "updatedBy"> {
    return { updatedAt: wholeSeconds(this.#settings.nowMs()), updatedBy: "" };
  }

  #token(): string {
    return `refreshed_${Math.floor(this.#settings.random() * 2 ** 32).toString(16)}`;
  }
}
