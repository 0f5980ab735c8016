import type { CreateCheck, ProviderFacts } from "../model/catalogue.js";
import { isObject, type JsonObject, ownValue, valueAt } from "../model/json.js";
import { invalid } from "./answers.js";
import { onlyValue, textAt, UnreadableBody } from "./go-json.js";

/** What a create says, as far as the checks of providers look at it. */
export interface Created {
  /** The flat credentials; absent when the body has none. */
  readonly credentials: JsonObject | undefined;
  readonly syncConfig: JsonObject | undefined;
}

/** Checks what the service checks of a create for its provider, in its order and with its messages. */
export function checkCreate(created: Created, provider: ProviderFacts): void {
  for (const check of provider.server.createChecks) {
    if (!fails(check, created, provider)) continue;
    const { message, hosts, details } = check;
    throw details === undefined ? invalid(message) : invalid(message, { [details]: hosts ?? [] });
  }
}

/** The check that comes with encryption: some providers demand that credentials are there at all. */
export function checkPresent(credentials: JsonObject | undefined, provider: ProviderFacts): void {
  if (credentials === undefined && provider.server.needsSecrets !== undefined)
    throw invalid(provider.server.needsSecrets);
}

function fails(check: CreateCheck, created: Created, provider: ProviderFacts): boolean {
  // Credentials that are not there are refused for that alone, here or when they would be encrypted.
  if (created.credentials === undefined && check.when !== "no-secrets") return false;
  const value = textOf(check, created);
  switch (check.when) {
    case "no-secrets":
      return created.credentials === undefined;
    case "empty":
      return value === "";
    case "no-match": {
      const pattern = check.pattern ?? ownValue(provider.fields, check.field ?? "")?.pattern;
      return pattern !== undefined && !new RegExp(pattern).test(value);
    }
    case "no-json":
      return membersOf(value, check.members ?? []) === undefined;
    case "no-https":
      return !(value.trim() === "" && check.optional) && hostOf(value) === undefined;
    case "other-host":
      return !(value.trim() === "" && check.optional) && !isOneOf(hostOf(value) ?? "", check.hosts ?? []);
  }
}

/** The text that a check looks at: a credential, a member of the JSON in one, or a part of sync_config. */
function textOf({ field = "", inside, syncConfig }: CreateCheck, created: Created): string {
  if (syncConfig !== undefined) {
    const part = valueAt(created.syncConfig, syncConfig.split("."));
    return typeof part === "string" ? part : "";
  }
  const value = textAt(created.credentials ?? {}, field);
  if (inside === undefined) return value;
  return textAt(membersOf(value, [inside]) ?? {}, inside.replace(/\*$/, ""));
}

/** The named members of JSON in a text: texts, but for those marked with `*`, which may hold anything. */
function membersOf(text: string, members: readonly string[]): JsonObject | undefined {
  const fields = members.map((name): [string, "text" | "json"] =>
    name.endsWith("*") ? [name.slice(0, -1), "json"] : [name, "text"],
  );
  try {
    const read = onlyValue(text, { fields: Object.fromEntries(fields) });
    return isObject(read) ? read : {};
  } catch (cause) {
    if (cause instanceof UnreadableBody) return undefined;
    throw cause;
  }
}

/**
 * The host of an https URL, `""` if it names none, `undefined` for everything else. Follows Go's net/url as far as it decides
 * here: which signs may stand in a host and before it, and that a % begins two digits.
 */
function hostOf(text: string): string | undefined {
  const url = text.trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the service refuses them too
  if (!/^https:/i.test(url) || /[\u0000-\u001f\u007f]|%(?![\da-f]{2})/i.test(url)) return undefined;
  const rest = url.slice("https:".length);
  if (!rest.startsWith("//")) return "";
  const [authority = ""] = rest.slice(2).split(/[/?#]/);
  const at = authority.lastIndexOf("@");
  if (at >= 0 && !/^[\w\-.:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) return undefined;
  return /^(\[[\d:.a-f]*\]|[\w\-.~!$&'()*+,;=<>"\u0080-\uffff]*)(?::\d*)?$/i
    .exec(authority.slice(at + 1))?.[1]
    ?.toLowerCase();
}

/** @param hosts - a host of its own, or with a dot in front a domain and everything below it */
function isOneOf(host: string, hosts: readonly string[]): boolean {
  return hosts.some((one) => (one.startsWith(".") ? host === one.slice(1) || host.endsWith(one) : host === one));
}
