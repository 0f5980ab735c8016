import type { JsonObject } from "./json.js";
import type { Secret } from "./secret.js";

/** Credentials as they are sent. */
export interface SentCredential {
  readonly field: string;
  readonly value: Secret | string | number | boolean;
}

/** The two maps that the service replaces whole; one that is absent is not sent. */
export interface WishedMaps {
  readonly metadata?: JsonObject;
  readonly syncConfig?: JsonObject;
}

/** A connection that should be made. */
export interface CreateWish extends WishedMaps {
  readonly name: string;
  readonly providerType: string;
  readonly credentials: readonly SentCredential[];
}

/** What should change on a connection. */
export interface UpdateWish extends WishedMaps {
  readonly name?: string;
  readonly credentials?: { readonly providerType: string; readonly fields: readonly SentCredential[] };
}
