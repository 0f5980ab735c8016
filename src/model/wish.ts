import type { JsonObject } from "./json.js";
import type { Secret } from "./secret.js";

/** Credentials as they are sent. */
export interface SentCredential {
  readonly field: string;
  readonly value: Secret | string | number | boolean;
}

/** A connection that should be made. */
export interface CreateWish {
  readonly name: string;
  readonly providerType: string;
  readonly credentials: readonly SentCredential[];
  readonly metadata?: JsonObject;
  readonly syncConfig?: JsonObject;
}

/** What should change on a connection; the two maps replace what is there whole. */
export interface UpdateWish {
  readonly name?: string;
  readonly metadata?: JsonObject;
  readonly syncConfig?: JsonObject;
  readonly credentials?: { readonly providerType: string; readonly fields: readonly SentCredential[] };
}
