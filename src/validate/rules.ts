import type { Catalogue } from "../model/catalogue.js";
import type { Definition } from "../model/connection.js";
import { fieldFacts, IGNORED_BLOCKS, nestedPointer } from "../model/credentials.js";
import { isObject, type Json, type JsonObject, ownValue, valueAt } from "../model/json.js";
import { dotted, type Pointer } from "../model/location.js";
import { error, type Problem, warning } from "../model/problem.js";
import { parseText, variablesIn } from "../model/reference.js";
import type { Explained } from "./explain.js";

/** A problem with the value it is about. */
export interface Ruled {
  readonly pointer: Pointer;
  readonly problem: Problem;
}

/** What a schema cannot say of one document: references, characters, fields that depend on each other's values. */
export function rulesOfOne(document: Explained): readonly Ruled[] {
  const { data } = document;
  if (!isObject(data)) return [];
  return [
    ...textRules(data, [], document),
    ...customFieldRules(data, document),
    ...byteRules(data, document),
    ...ignoredBlockRules(data, document),
    ...metadataRules(ownValue(data, "metadata") ?? null, ["metadata"], document, secretVariables(data, document)),
  ];
}

/** Fields that a reference to the environment would make unpredictable: they name the connection. */
const NAMING_FIELDS: ReadonlySet<string> = new Set(["name", "id", "provider_type", "exact"]);

function textRules(value: Json, pointer: Pointer, document: Explained): readonly Ruled[] {
  if (typeof value === "string") return textRule(value, pointer, document);
  if (Array.isArray(value)) return value.flatMap((item, index) => textRules(item, [...pointer, index], document));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...keyRule(key, [...pointer, key], document),
    ...textRules(item, [...pointer, key], document),
  ]);
}

function keyRule(key: string, pointer: Pointer, { origin }: Explained): readonly Ruled[] {
  if (!isStorable(key)) {
    const where = `a key${pointer.length > 1 ? ` under ${dotted(pointer.slice(0, -1))}` : ""}`;
    return [badCharacter(pointer, where, origin.locate(pointer, "key"))];
  }
  if (!key.includes("${")) return [];
  const place = origin.locate(pointer, "key");
  const detail = "a key holds a reference; only values are resolved.";
  return [{ pointer, problem: error("VALIDATE.BAD_REFERENCE", detail, { place, hint: "write the key out." }) }];
}

function textRule(text: string, pointer: Pointer, document: Explained): readonly Ruled[] {
  const { data, origin, catalogue, keyVariables } = document;
  if (!isStorable(text)) return [badCharacter(pointer, dotted(pointer), origin.locate(pointer, "value"))];
  const parsed = parseText(text);
  if (parsed.ok && parsed.parts.every(({ kind }) => kind !== "environment")) return [];
  const place = origin.locate(pointer, "value");
  const provider = isObject(data) ? ownValue(data, "provider_type") : undefined;
  const where = dotted(
    typeof provider === "string" && Object.hasOwn(catalogue.providers, provider)
      ? nestedPointer(pointer, provider)
      : pointer,
  );
  if (!parsed.ok) {
    // The reference itself is not repeated: it may be a key that was pasted between the braces.
    const problem = error("VALIDATE.BAD_REFERENCE", `${where} holds a malformed reference.`, {
      place,
      hint: "a reference is ${NAME}, with letters, digits and _ in the name; write $${ for a literal ${.",
    });
    return [{ pointer, problem }];
  }
  return parsed.parts.flatMap((part) => {
    if (part.kind !== "environment") return [];
    if (NAMING_FIELDS.has(String(pointer[0]))) {
      const detail = `${where} takes no environment variable: it says which connection this is.`;
      const hint = "write it out, or take a text of the settings: ${var.NAME}.";
      return [{ pointer, problem: error("VALIDATE.FORBIDDEN_REFERENCE", detail, { place, hint }) }];
    }
    if (part.name.startsWith("FLEXPRICE_")) {
      const detail = `${where} refers to ${part.name}; variables of flexprice-sync itself are not for definitions.`;
      const hint = "use a variable with another name.";
      return [{ pointer, problem: error("VALIDATE.FORBIDDEN_REFERENCE", detail, { place, hint }) }];
    }
    if (keyVariables.has(part.name)) {
      const detail = `${where} refers to ${part.name}, which holds an API key of the settings; those are not for definitions.`;
      const hint = "use a variable with another name.";
      return [{ pointer, problem: error("VALIDATE.FORBIDDEN_REFERENCE", detail, { place, hint }) }];
    }
    return [];
  });
}

/** Characters that the service's database cannot store: NUL, and halves of surrogate pairs, which are no Unicode text. */
function isStorable(text: string): boolean {
  return !/\0|\p{Surrogate}/u.test(text);
}

function badCharacter(pointer: Pointer, where: string, place: ReturnType<Explained["origin"]["locate"]>): Ruled {
  const detail = `${where} holds a NUL or half of a surrogate pair, which the service cannot store.`;
  return { pointer, problem: error("VALIDATE.BAD_CHARACTER", detail, { place, hint: "remove that character." }) };
}

/** Each custom field takes one value: it is used once, and not also for the service period, which needs both ends. */
function customFieldRules(data: Json, { origin }: Explained): readonly Ruled[] {
  const at: Pointer = ["sync_config", "invoice_sync_settings"];
  const settings = valueAt(data, at);
  if (!isObject(settings)) return [];
  const found: Ruled[] = [];
  const used = new Map<string, string>();
  const period = ownValue(settings, "service_period_custom_fields");
  if (isObject(period)) {
    const ends = ["start_field_id", "end_field_id"].map((end) => [end, ownValue(period, end)] as const);
    for (const [end, field] of ends) if (typeof field === "string" && field !== "") used.set(field.trim(), end);
    if (
      used.size === 1 &&
      ends.every(([, field]) => typeof field === "string") &&
      ends.some(([, field]) => field === "")
    ) {
      const pointer = [...at, "service_period_custom_fields"];
      const detail = `${dotted(pointer)} has only one of start_field_id and end_field_id.`;
      found.push({
        pointer,
        problem: error("VALIDATE.INCOMPLETE_PAIR", detail, {
          place: origin.locate(pointer, "key"),
          hint: "write both, or neither.",
        }),
      });
    }
  }
  const fields = ownValue(settings, "metadata_custom_fields");
  for (const [index, item] of (Array.isArray(fields) ? fields : []).entries()) {
    const field = isObject(item) ? ownValue(item, "field") : undefined;
    if (typeof field !== "string") continue;
    const pointer = [...at, "metadata_custom_fields", index, "field"];
    const before = used.get(field.trim());
    if (before !== undefined) {
      const detail = `the custom field ${JSON.stringify(field)} is already used by ${before}.`;
      found.push({
        pointer,
        problem: error("VALIDATE.DUPLICATE_FIELD", detail, {
          place: origin.locate(pointer, "value"),
          hint: "map it once.",
        }),
      });
    }
    used.set(field.trim(), `metadata_custom_fields[${index}]`);
  }
  return found;
}

/** The service says characters and counts bytes. */
const MOST_BYTES = 255;

/**
 * Where a text of a custom field has more bytes than the service takes, though not more characters: that is the schema's.
 *
 * @param data - a definition, as written or with its references resolved
 */
export function textsOfTooManyBytes(data: Json): readonly Pointer[] {
  const at: Pointer = ["sync_config", "invoice_sync_settings", "metadata_custom_fields"];
  const fields = valueAt(data, at);
  return (Array.isArray(fields) ? fields : []).flatMap((item, index) =>
    ["metadata_key", "field"].flatMap((name): readonly Pointer[] => {
      const value = isObject(item) ? ownValue(item, name) : undefined;
      if (typeof value !== "string" || [...value.trim()].length > MOST_BYTES) return [];
      const isTooLong = new TextEncoder().encode(value.trim()).length > MOST_BYTES;
      return isTooLong ? [[...at, index, name]] : [];
    }),
  );
}

function byteRules(data: Json, { origin }: Explained): readonly Ruled[] {
  return textsOfTooManyBytes(data).map((pointer) => {
    const detail = `${dotted(pointer)} is longer than ${MOST_BYTES} bytes; the service counts bytes, not characters (é is two).`;
    const place = origin.locate(pointer, "value");
    return { pointer, problem: error("VALIDATE.WRONG_LENGTH", detail, { place, hint: "shorten it." }) };
  });
}

/** How live credentials of the providers begin. */
const CREDENTIAL = /^(?:(?:sk|rk)_(?:live|test)_|whsec_|rzp_(?:live|test)_|AKIA[0-9A-Z]{16}$)/;

/** Metadata can be read by everybody with a key: a credential in it is probably a mistake. */
function metadataRules(
  value: Json,
  pointer: Pointer,
  document: Explained,
  credentials: ReadonlySet<string>,
): readonly Ruled[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => metadataRules(item, [...pointer, index], document, credentials));
  if (isObject(value))
    return Object.entries(value).flatMap(([key, item]) =>
      metadataRules(item, [...pointer, key], document, credentials),
    );
  if (typeof value !== "string") return [];
  const shared = variablesIn(value).find((name) => credentials.has(name));
  if (shared === undefined && !CREDENTIAL.test(value)) return [];
  const what = shared === undefined ? "looks like a credential" : `takes ${shared}, which is a secret here`;
  const detail = `${dotted(pointer)} ${what}, and metadata can be read by everybody with an API key.`;
  const place = document.origin.locate(pointer, "value");
  const hint =
    shared === undefined
      ? "if it is one, take it out of the file and replace it at the provider."
      : "take it out; where it was applied already, replace the secret at the provider.";
  return [{ pointer, problem: warning("VALIDATE.SECRET_IN_METADATA", detail, { place, hint }) }];
}

/** Variables that the definition takes secrets from; its other credentials are no secrets. */
function secretVariables(data: JsonObject, { catalogue }: Explained): ReadonlySet<string> {
  const provider = ownValue(data, "provider_type");
  const written = ownValue(data, "encrypted_secret_data");
  if (typeof provider !== "string" || !isObject(written)) return new Set();
  const block = ownValue(written, provider);
  const fields = Object.entries(isObject(block) ? block : written);
  return new Set(
    fields.flatMap(([field, value]) =>
      typeof value === "string" && fieldFacts(catalogue, provider, field)?.secret === true ? variablesIn(value) : [],
    ),
  );
}

function ignoredBlockRules(data: Json, { origin, catalogue }: Explained): readonly Ruled[] {
  const credentials = isObject(data) ? ownValue(data, "encrypted_secret_data") : undefined;
  if (!isObject(credentials)) return [];
  return Object.keys(credentials)
    .filter((key) => IGNORED_BLOCKS.has(key) && !Object.hasOwn(catalogue.providers, key))
    .map((key) => {
      const pointer = ["encrypted_secret_data", key];
      const detail = `encrypted_secret_data.${key} is ignored by the service, so it is not sent.`;
      return {
        pointer,
        problem: warning("VALIDATE.IGNORED_BLOCK", detail, { place: origin.locate(pointer, "key"), hint: "drop it." }),
      };
    });
}

/** What only shows when all definitions are seen together: two that claim one connection. */
export function rulesOfAll(definitions: readonly Definition[], catalogue: Catalogue): readonly Problem[] {
  const claims = new Map<string, Definition>();
  const sought = new Set(definitions.filter(({ id }) => id === undefined).map((one) => searchOf(one, catalogue).claim));
  return definitions.flatMap((definition) =>
    claimsOf(definition, sought, catalogue).flatMap(({ claim, words }) => {
      const first = claims.get(claim);
      if (first === undefined) {
        claims.set(claim, definition);
        return [];
      }
      const { file, line } = first.origin;
      const detail = `"${definition.name}" claims ${words}, and so does "${first.name}" at ${file}:${line}.`;
      const isByName = ownValue(catalogue.providers, definition.providerType)?.identity === "name";
      const pointer = definition.id !== undefined ? ["id"] : isByName ? ["name"] : ["provider_type"];
      const hint = isByName
        ? "give them different names; only where the service really has several of one name, give each its id."
        : "keep one of them; only where the service really has several, give each its id.";
      return [error("VALIDATE.SAME_CONNECTION", detail, { place: definition.origin.locate(pointer, "value"), hint })];
    }),
  );
}

/** What a definition lays claim to, in a form to compare and in words. */
interface Claim {
  readonly claim: string;
  readonly words: string;
}

/** @param sought - claims of the definitions without an id */
function claimsOf(definition: Definition, sought: ReadonlySet<string>, catalogue: Catalogue): readonly Claim[] {
  const { id } = definition;
  const search = searchOf(definition, catalogue);
  if (id === undefined) return [search];
  const byId: Claim = { claim: `id ${id}`, words: `the connection ${id}` };
  // Whoever has no id means whatever row is found, and that may be this one, now or after a rename.
  return sought.has(search.claim) ? [byId, search] : [byId];
}

/** A provider's way of finding a row. */
function searchOf({ name, providerType }: Definition, catalogue: Catalogue): Claim {
  if (ownValue(catalogue.providers, providerType)?.identity === "name")
    return { claim: `name ${providerType} ${name}`, words: `the ${providerType} connection named "${name}"` };
  return { claim: `provider ${providerType}`, words: `the ${providerType} connection` };
}
