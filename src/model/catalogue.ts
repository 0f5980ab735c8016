import { type Json, ownValue } from "./json.js";

/**
 * What is known about providers and about sync_config, read from `schema/` when the project is built. Nothing else
 * in the code knows a provider by name.
 */
export interface Catalogue {
  readonly providers: Readonly<Record<string, ProviderFacts>>;
  readonly syncConfig: SyncGroup;
  readonly meanings: GeneralMeanings;
  /** What to say of a value that a field does not take, by the field's path; a list's items are `[]`. */
  readonly messages: Readonly<Record<string, FieldMessage>>;
}

export interface FieldMessage {
  readonly error: string;
  readonly hint?: string;
}

export interface ProviderFacts {
  readonly type: string;
  /** The name people know: "Amazon S3". */
  readonly title: string;
  /** How the row of a definition is found: the one of this provider, or the one of this name. */
  readonly identity: "provider" | "name";
  /** The service rewrites rows of this provider on its own. */
  readonly reread: boolean;
  /** Normally made by consent in a browser. */
  readonly oauth: boolean;
  /** Absent metadata and `{}` behave differently. */
  readonly metadataNullSignificant: boolean;
  readonly fields: Readonly<Record<string, FieldFacts>>;
  /** Facts of fields that are not listed, for a provider that takes any. */
  readonly anyField?: FieldFacts;
  /** The part of sync_config that has the service put its own credentials in place of any, where it is true. */
  readonly ownCredentialsUnder?: string;
  /** Parts of sync_config without which the service refuses to create one, as `aws_marketplace.region`. */
  readonly requiredSyncConfig: readonly string[];
  /** Parts of sync_config that this provider acts on, as `invoice.outbound`, and of the metadata, as `metadata.redirect_url`. */
  readonly effects: Readonly<Record<string, Effect>>;
  readonly server: ServerFacts;
}

export interface FieldFacts {
  readonly title: string;
  /** Stored encrypted: the file may only name a variable. */
  readonly secret: boolean;
  /** What PUT does with it. */
  readonly update: "applied" | "create-only" | "server-managed";
  /** Needed to create; with `unless`, not where that part of sync_config is true. */
  readonly requiredOnCreate: boolean | { readonly unless: string };
  /** A create without it works, but is probably not what was meant. */
  readonly expectedOnCreate: boolean;
  /** POST drops it, so a create is followed by a PUT. */
  readonly afterCreate: boolean;
  /** Other fields that an update must send with this one, or the service refuses it. */
  readonly sentWith: readonly string[];
  readonly pattern?: string;
}

/** What a change of one part of sync_config or of the metadata means for a provider; the sentences override the general ones. */
export interface Effect extends Meaning {
  /** Which change is dangerous, `changed` with `removed`; turning something off always is. */
  readonly danger?: "on" | "changed" | "removed";
}

/** What to say of a change for which there is no sentence of its own. */
export interface GeneralMeanings {
  readonly name: Meaning;
  /** Of metadata that no provider acts on. */
  readonly note: string;
  /** Of a part of sync_config that the provider does not act on. */
  readonly withoutEffect: string;
  /** Of a part of sync_config that nobody here has heard of. */
  readonly unheardOf: string;
}

/** Sentences for a change; `{provider}` stands for the provider's title. */
export interface Meaning {
  readonly on?: string;
  readonly off?: string;
  /** There was nothing, or the service's own choice. */
  readonly filled?: string;
  readonly changed?: string;
  readonly removed?: string;
}

export type SyncNode = SyncField | SyncGroup;

export interface SyncField {
  readonly kind: "field";
  /** What the service takes an absent value for. */
  readonly default: Json;
  readonly update: "applied" | "create-only";
  /** The service fills it in where the block is managed; then it is never compared. */
  readonly serverFilled: boolean;
  readonly meaning: Meaning;
}

export interface SyncGroup {
  readonly kind: "group";
  readonly members: Readonly<Record<string, SyncNode>>;
  /** Name of the member that says the service itself keeps this block. */
  readonly managedBy?: string;
  /** Members that the service demands when the block is there. */
  readonly required: readonly string[];
  /** Members that the service takes all together or not at all. */
  readonly together: readonly string[];
}

/** The same with some credentials, `provider.field`, that an update changes. */
export function assuming(catalogue: Catalogue, updatable: readonly string[]): Catalogue {
  if (updatable.length === 0) return catalogue;
  const providers = { ...catalogue.providers };
  for (const name of updatable) {
    const [type = "", field = ""] = name.split(".");
    const facts = ownValue(providers, type);
    const before = facts === undefined ? undefined : (ownValue(facts.fields, field) ?? facts.anyField);
    if (facts === undefined || before === undefined) continue;
    providers[type] = { ...facts, fields: { ...facts.fields, [field]: { ...before, update: "applied" } } };
  }
  return { ...catalogue, providers };
}

/** How the service treats a provider's credentials; read by the sandbox alone. */
export interface ServerFacts {
  /** Stored as an empty text where absent; others are left out. */
  readonly keepsEmpty: readonly string[];
  /** An environment may hold several. */
  readonly many: boolean;
  /** The service may put its own credentials in place. */
  readonly managed: boolean;
  readonly createChecks: readonly CreateCheck[];
  readonly updateTogether?: { readonly fields: readonly string[]; readonly message: string };
  /** The message when a create has no encrypted_secret_data at all, where that is refused. */
  readonly needsSecrets?: string;
  /** Fields that PUT takes in the nested form only. */
  readonly nestedUpdateOnly: readonly string[];
  /** Fields that PUT reads and drops, so that they must be texts; no create takes them. */
  readonly alsoReads: readonly string[];
  /** Whether PUT reads credentials as the nested form when this provider's block is there. */
  readonly nestedUpdate: boolean;
  /** What happens when this provider's updatable fields are sent to a connection of another one. */
  readonly foreign: "ignored" | "refused" | "rechecked";
  /** Parts of sync_config that the service says it can do for this provider; absent where it says nothing. */
  readonly intent?: readonly string[];
}

/** One thing that the service checks of a create, and what it says. */
export interface CreateCheck {
  /**
   * When it refuses: no credentials at all; a text that is empty, that does not match a pattern (the field's own, unless the
   * check has one), that is not JSON, that is not an https URL, or one to another host.
   */
  readonly when: "no-secrets" | "empty" | "no-match" | "no-json" | "no-https" | "other-host";
  /** The credential that is looked at. */
  readonly field?: string;
  /** The member of the JSON in that credential that is looked at instead of the whole. */
  readonly inside?: string;
  /** The part of sync_config that is looked at instead of a credential, as `aws_marketplace.region`. */
  readonly syncConfig?: string;
  readonly pattern?: string;
  /** For `no-json`: members that are texts, or with a `*` after the name anything. */
  readonly members?: readonly string[];
  /** For `other-host`: hosts, or with a dot in front domains with everything below them. */
  readonly hosts?: readonly string[];
  /** Blank is right, too. */
  readonly optional?: boolean;
  readonly message: string;
  /** The name under which the answer's details list the hosts. */
  readonly details?: string;
}
