import type { Catalogue, ProviderFacts } from "../model/catalogue.js";
import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { badRequestFormat, invalid } from "./answers.js";
import { decoded, type Shape } from "./go-json.js";

/** A stored credential: encrypted, or as it is. */
export type StoredValue = { readonly encrypted: string } | Json;
export type StoredSecrets = Readonly<Record<string, StoredValue>>;

/** Blocks that an update reads as the nested form when they hold an object, apart from the providers' own. */
const OTHER_BLOCKS: Readonly<Record<string, Shape>> = {
  generic: { fields: { data: "map" } },
  settings: { fields: { invoice_sync_enable: "boolean" } },
};

/** Providers whose updatable fields are refused on connections of another one, with those fields. Known before they have a schema here. */
const REFUSED_BLOCKS: Readonly<Record<string, readonly string[]>> = {
  zoho_books: ["webhook_secret"],
  whop: ["webhook_secret"],
};

/** Nested blocks of providers that have no schema here: recognised, and otherwise without effect. */
const UNLISTED_BLOCKS = [
  "nomod",
  "moyasar",
  "paddle",
  "zoho_books",
  "whop",
  "tabs",
  "aws_marketplace",
  "gcp_marketplace",
];

/** Checks what the service checks of the credentials of a create, with its messages. `flat` is absent when the body has none. */
export function checkCreate(flat: JsonObject | undefined, provider: ProviderFacts): void {
  for (const { when, field = "", message } of provider.server.createChecks) {
    const value = textAt(flat ?? {}, field);
    const pattern = ownValue(provider.fields, field)?.pattern;
    const fails =
      when === "no-secrets"
        ? flat === undefined
        : when === "empty"
          ? value === ""
          : pattern !== undefined && !new RegExp(pattern).test(value);
    if (fails) throw invalid(message);
  }
}

/** The check that comes with encryption: some providers demand that credentials are there at all. */
export function checkPresent(flat: JsonObject | undefined, provider: ProviderFacts): void {
  if (flat === undefined && provider.server.needsSecrets !== undefined) throw invalid(provider.server.needsSecrets);
}

/** What is stored of a create: flat keys that are texts, under their exact names; a nested block is just an unknown key. */
export function storedFromCreate(flat: JsonObject | undefined, provider: ProviderFacts): StoredSecrets {
  if (flat === undefined) return {};
  if (provider.anyField !== undefined) {
    return Object.fromEntries(
      Object.entries(flat).map(([key, value]) => [key, typeof value === "string" ? encrypted(value) : value]),
    );
  }
  const known = Object.entries(provider.fields).filter(([, facts]) => !facts.afterCreate);
  const texts = Object.fromEntries(known.map(([field]) => [field, textAt(flat, field)]));
  return withEmpties(
    Object.fromEntries(
      known.map(([field, facts]) => [field, facts.secret ? encrypted(texts[field] ?? "") : (texts[field] ?? "")]),
    ),
    provider,
  );
}

/** A row that is read and written back has an empty text for every field that its provider always stores. */
export function withEmpties(secrets: StoredSecrets, provider: ProviderFacts): StoredSecrets {
  if (provider.anyField !== undefined) return secrets;
  const filled = Object.entries(secrets).filter(([, value]) => value !== "");
  const empties = provider.server.keepsEmpty
    .filter((field) => !filled.some(([name]) => name === field))
    .map((field) => [field, ""] as const);
  return Object.fromEntries([...filled, ...empties]);
}

function encrypted(value: string): StoredValue {
  return value === "" ? "" : { encrypted: value };
}

/** What an update says about credentials: blocks by provider, or flat keys for the connection's own. */
export type CredentialUpdate =
  | { readonly form: "nested"; readonly blocks: Readonly<Record<string, JsonObject>> }
  | { readonly form: "flat"; readonly values: JsonObject };

/** Tells nested from flat: nested as soon as one known block holds an object, and then flat keys beside it are lost. */
export function readUpdate(value: Json, catalogue: Catalogue): CredentialUpdate {
  if (!isObject(value)) throw badRequestFormat();
  const own = Object.values(catalogue.providers).filter(({ anyField }) => anyField === undefined);
  const shapes: Record<string, Shape> = {
    ...OTHER_BLOCKS,
    ...Object.fromEntries(UNLISTED_BLOCKS.map((name) => [name, "map" as const])),
    ...Object.fromEntries(
      own.map(({ type, fields }) => [
        type,
        { fields: Object.fromEntries(Object.keys(fields).map((field) => [field, "text" as const])) },
      ]),
    ),
  };
  const blocks = decoded(value, { fields: shapes });
  if (!isObject(blocks)) throw badRequestFormat();
  const nested = Object.entries(blocks).flatMap(([name, block]) => (isObject(block) ? [[name, block] as const] : []));
  return nested.length > 0 ? { form: "nested", blocks: Object.fromEntries(nested) } : { form: "flat", values: value };
}

/** The credentials after an update. Four groups of fields are taken; everything else is answered with 200 and dropped. */
export function updated(
  secrets: StoredSecrets,
  update: CredentialUpdate,
  provider: ProviderFacts,
  catalogue: Catalogue,
): StoredSecrets {
  if (update.form === "nested") checkForeign(update.blocks, provider, catalogue);
  const values = update.form === "flat" ? update.values : (ownValue(update.blocks, provider.type) ?? {});
  const together = provider.server.updateTogether;
  if (together !== undefined) {
    const given = together.fields.filter((field) => textAt(values, field) !== "");
    if (given.length > 0 && given.length < together.fields.length) throw invalid(together.message);
  }
  const taken = Object.entries(provider.fields).filter(([field, facts]) => {
    const isNestedOnly = provider.server.nestedUpdateOnly.includes(field);
    return facts.update === "applied" && textAt(values, field) !== "" && !(isNestedOnly && update.form === "flat");
  });
  return { ...secrets, ...Object.fromEntries(taken.map(([field]) => [field, encrypted(textAt(values, field))])) };
}

/** Blocks of other providers: a few are refused when they hold an updatable field, one has the receiver checked anew. */
function checkForeign(
  blocks: Readonly<Record<string, JsonObject>>,
  receiver: ProviderFacts,
  catalogue: Catalogue,
): void {
  for (const [name, block] of Object.entries(blocks)) {
    if (name === receiver.type) continue;
    const facts = ownValue(catalogue.providers, name);
    const refused =
      facts?.server.foreign === "refused"
        ? Object.keys(facts.fields).filter((field) => facts.fields[field]?.update === "applied")
        : (ownValue(REFUSED_BLOCKS, name) ?? []);
    if (refused.some((field) => textAt(block, field) !== "")) throw invalid();
    if (facts?.server.foreign === "rechecked" && receiver.server.needsSecrets !== undefined)
      throw invalid(receiver.server.needsSecrets);
  }
}

function textAt(object: JsonObject, key: string): string {
  const value = ownValue(object, key);
  return typeof value === "string" ? value : "";
}
