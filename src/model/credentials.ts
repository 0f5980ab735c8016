import type { Catalogue, FieldFacts } from "./catalogue.js";
import { type JsonObject, ownValue, valueAt } from "./json.js";
import type { Pointer } from "./location.js";

/** Blocks that the API reference lists and the service ignores. */
export const IGNORED_BLOCKS: ReadonlySet<string> = new Set(["generic", "settings"]);

/** What is known of one credential field, or `undefined` when the provider has no such field. */
export function fieldFacts(catalogue: Catalogue, provider: string, field: string): FieldFacts | undefined {
  const facts = ownValue(catalogue.providers, provider);
  return facts === undefined ? undefined : (ownValue(facts.fields, field) ?? facts.anyField);
}

/** Whether the service puts its own credentials in place of any that the connection is given. */
export function isKeptCredential(catalogue: Catalogue, provider: string, syncConfig: JsonObject | undefined): boolean {
  const under = ownValue(catalogue.providers, provider)?.ownCredentialsUnder;
  return under !== undefined && valueAt(syncConfig, under.split(".")) === true;
}

/** The pointer in the nested form, which every output uses; pointers elsewhere are given back as they are. */
export function nestedPointer(pointer: Pointer, provider: string): Pointer {
  const [top, second, ...rest] = pointer;
  const flat = top === "encrypted_secret_data" && second !== undefined && second !== provider;
  return flat && !IGNORED_BLOCKS.has(String(second)) ? [top, provider, second, ...rest] : pointer;
}

/**
 * How a key is named in a message. Under the credentials only what is certainly the name of a field is shown: somebody may
 * have pasted the secret where the key belongs.
 */
export function nameOfKey(key: string, parent: Pointer): string {
  if (parent[0] === "encrypted_secret_data" && !/^[a-z]+(?:_[a-z]+)*$/.test(key)) return "a key";
  return key.length > 60 ? `${key.slice(0, 59)}…` : key;
}

/** How live credentials begin; what stands in a file stays in its history. */
const CREDENTIAL =
  /(?:^|[^A-Za-z0-9])(?:(?:sk|rk)_(?:live|test)_|sk_[0-9A-Za-z]{16}|whsec_|rzp_(?:live|test)_|AKIA[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{16}|xox[abprs]-|eyJ[\w-]{10,}\.|SG\.[\w-]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|(?:Bearer|Basic) +(?=\S*\d)[\w.~+/=-]{16})|:\/\/[^\s/:@]*:[^\s/@]+@/;

/** Whether a text has the look of a live credential. */
export function looksLive(text: string): boolean {
  return CREDENTIAL.test(text);
}
