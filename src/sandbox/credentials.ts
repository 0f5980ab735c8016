import type { Catalogue, ProviderFacts } from "../model/catalogue.js";
import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { invalid } from "./answers.js";
import { onlyValue, type Shape, textAt } from "./go-json.js";

/** A stored credential: encrypted, or as it is. */
export type StoredValue = { readonly encrypted: string } | Json;
export type StoredSecrets = Readonly<Record<string, StoredValue>>;

/** Blocks that an update reads as the nested form when they hold an object, apart from the providers' own. */
const OTHER_BLOCKS: Readonly<Record<string, Shape>> = {
  generic: { fields: { data: "map" } },
  settings: { fields: { invoice_sync_enable: "boolean" } },
};

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
export function readUpdate(text: string, shape: Shape, catalogue: Catalogue): CredentialUpdate {
  const structured = onlyValue(text, shape);
  const blocks = Object.entries(isObject(structured) ? structured : {}).flatMap(([name, block]) =>
    isObject(block) ? [[name, block] as const] : [],
  );
  const isNested = blocks.some(([name]) => ownValue(catalogue.providers, name)?.server.nestedUpdate ?? true);
  if (isNested) return { form: "nested", blocks: Object.fromEntries(blocks) };
  const values = onlyValue(text, "map");
  return { form: "flat", values: isObject(values) ? values : {} };
}

/** The shape of the credentials of an update in the nested form. */
export function blockShape(catalogue: Catalogue): Shape {
  const own = Object.values(catalogue.providers).filter(({ anyField }) => anyField === undefined);
  const shapes = own.map(({ type, fields, server }): [string, Shape] => [
    type,
    { fields: Object.fromEntries([...Object.keys(fields), ...server.alsoReads].map((field) => [field, "text"])) },
  ]);
  return { fields: { ...OTHER_BLOCKS, ...Object.fromEntries(shapes) } };
}

/** The credentials after an update. Four groups of fields are taken; everything else is answered with 200 and dropped. */
export function updated(
  secrets: StoredSecrets,
  update: CredentialUpdate,
  provider: ProviderFacts,
  catalogue: Catalogue,
): StoredSecrets {
  if (update.form === "nested") checkBlocks(update.blocks, provider, catalogue);
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

/**
 * Blocks of other providers. One of them has the receiver's own block demanded, as if it were created; others are refused
 * when they hold a field that could be updated.
 */
function checkBlocks(
  blocks: Readonly<Record<string, JsonObject>>,
  receiver: ProviderFacts,
  catalogue: Catalogue,
): void {
  const sent = Object.keys(blocks).flatMap((name) => ownValue(catalogue.providers, name) ?? []);
  const isRechecked = sent.some(({ server }) => server.foreign === "rechecked");
  if (isRechecked && receiver.server.needsSecrets !== undefined && ownValue(blocks, receiver.type) === undefined)
    throw invalid(receiver.server.needsSecrets);
  for (const { type, server, fields } of sent) {
    if (type === receiver.type || server.foreign !== "refused") continue;
    const block = ownValue(blocks, type) ?? {};
    if (Object.keys(fields).some((field) => fields[field]?.update === "applied" && textAt(block, field) !== ""))
      throw invalid();
  }
}
