import type { Json, JsonObject } from "./json.js";
import type { Origin, Pointer } from "./location.js";
import type { Secret } from "./secret.js";

/** A YAML document that could be read; nothing is known of its shape yet. */
export interface Declaration {
  readonly origin: Origin;
  readonly data: Json;
  /** Where a value could not be taken and `null` stands for it: there is a problem about it already. */
  readonly refused: readonly Pointer[];
}

/** The two maps that the service replaces whole. */
export type MapName = "metadata" | "sync_config";

/** A declaration that fits the schema, its references still unresolved. */
export interface Definition {
  readonly origin: Origin;
  readonly name: string;
  readonly providerType: string;
  readonly id?: string;
  readonly credentials: readonly CredentialField[];
  readonly metadata?: JsonObject;
  readonly syncConfig?: JsonObject;
  /** Maps that hold exactly what the file says. */
  readonly exact: readonly MapName[];
  readonly protect: boolean;
}

/** One field under `encrypted_secret_data`, wherever in the file it was written. */
export interface CredentialField {
  /** Always the nested path, also when the file has the flat form. */
  readonly path: string;
  readonly field: string;
  readonly pointer: Pointer;
  /** A text, which may hold references, or a plain number or boolean. */
  readonly written: string | number | boolean;
}

/** Why a reference has no value. */
export type Unavailable =
  | { readonly reason: "unset" }
  | { readonly reason: "empty"; readonly fromFile: boolean }
  | { readonly reason: "unreadable"; readonly cause: string }
  | { readonly reason: "no-setting" };

export interface UnresolvedReference {
  readonly variable: string;
  readonly pointer: Pointer;
  readonly why: Unavailable;
}

/** A definition with its references resolved: what the service should have. */
export interface Desired {
  readonly definition: Definition;
  /** May differ from the definition's by a settings variable. */
  readonly name: string;
  readonly id?: string;
  readonly metadata?: JsonObject;
  readonly syncConfig?: JsonObject;
  /** Values that come from the environment, in metadata and sync_config: never shown. */
  readonly masked: readonly Pointer[];
  /** Values of metadata and sync_config that come from the settings file: shown, but not yet held against the schema. */
  readonly resolvedSettings: readonly Pointer[];
  /** References in metadata and sync_config without a value: these fields are left out of the comparison. */
  readonly unresolved: readonly UnresolvedReference[];
  readonly credentials: readonly DesiredCredential[];
}

export interface DesiredCredential {
  readonly path: string;
  readonly field: string;
  readonly pointer: Pointer;
  /** The environment variable it comes from; absent for a literal. */
  readonly variable?: string;
  readonly value: CredentialValue;
}

export type CredentialValue =
  | { readonly kind: "secret"; readonly secret: Secret }
  | { readonly kind: "literal"; readonly literal: string | number | boolean }
  | { readonly kind: "unresolved"; readonly reference: UnresolvedReference };

/** A connection as the service shows it. Secrets are never part of an answer. */
export interface Observed {
  readonly id: string;
  readonly name: string;
  readonly providerType: string;
  readonly environmentId: string | null;
  /** `null` when the answer leaves it out, which it does for an empty one. */
  readonly metadata: JsonObject | null;
  readonly syncConfig: JsonObject;
  readonly createdAt: string;
  /** Who made it; for one that was begun by consent in a browser that is its tenant. */
  readonly createdBy?: string;
  readonly tenantId?: string;
  /** Not archived or deleted; the service of today never shows such rows. */
  readonly isLive: boolean;
}

/** The one metadata key that is ours: people neither see nor set it. */
export const STAMP_KEY = "flexprice_sync";
