import { type SchemaViolation, validateIncluded, validateSettings } from "../generated/validators.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Declaration } from "../model/connection.js";
import { fieldFacts } from "../model/credentials.js";
import { byText, isObject, type Json, type JsonObject, ownValue, valueAt } from "../model/json.js";
import { dotted, type Pointer, pointerOf } from "../model/location.js";
import { error, isError, type Problem } from "../model/problem.js";
import { soleVariable } from "../model/reference.js";
import type { EnvironmentSettings, Settings, SettingText } from "../model/settings.js";
import { hintForType, looksLikeKey, typeNames } from "./words.js";

/** A settings file with its included files. */
export interface WrittenSettings {
  readonly main: Declaration;
  readonly included: readonly Declaration[];
  /** Where paths in them start. */
  readonly folder: string;
  /** Where definitions are, unless an environment says otherwise. */
  readonly usualFolder: string;
}

export interface CheckedSettings {
  /** Absent when something is wrong: half of the settings are none. */
  readonly settings?: Settings;
  readonly problems: readonly Problem[];
}

/** Holds the settings against their schema and against what a schema cannot say. All problems of all files at once. */
export function checkSettings(written: WrittenSettings, catalogue: Catalogue): CheckedSettings {
  const { main, included } = written;
  const problems = [
    ...problemsOf(main, "settings", catalogue),
    ...included.flatMap((declaration) => problemsOf(declaration, "included", catalogue)),
    ...sameNames([main, ...included]),
  ];
  return problems.some(isError) ? { problems } : { settings: settingsOf(written), problems };
}

type Kind = "settings" | "included";

function problemsOf(declaration: Declaration, kind: Kind, catalogue: Catalogue): readonly Problem[] {
  const { data, refused } = declaration;
  const validator = kind === "settings" ? validateSettings : validateIncluded;
  const violations = validator(data) ? [] : (validator.errors ?? []);
  const unsaid = new Set(refused.map(dotted));
  const wrongType = new Set(
    violations.filter(({ keyword }) => keyword === "type").map(({ instancePath }) => instancePath),
  );
  const explained = violations
    .filter(({ keyword, instancePath }) => keyword === "type" || !wrongType.has(instancePath))
    .filter(({ instancePath }) => !unsaid.has(dotted(pointerOf(instancePath, data))))
    .map((violation) => explain(violation, kind, declaration));
  return [...explained, ...(explained.length > 0 ? [] : rulesOf(declaration, catalogue))];
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  settings: ["owner", "stamp", "assume_updatable", "environments", "include", "defaults"],
  included: ["environments"],
  environment: ["base_url", "api_key", "environment_id", "connections", "vars", "owner", "stamp", "assume_updatable"],
  defaults: ["parallelism", "timeout", "deadline", "max_changes"],
};

/** What kind of map stands at a place. */
function kindAt([top, , below]: Pointer, kind: Kind): string {
  if (top === undefined) return kind;
  if (top === "environments" && below === undefined) return "environment";
  return top === "environments" && below === "vars" ? "vars" : String(top);
}

function explain(
  { keyword, instancePath, params }: SchemaViolation,
  kind: Kind,
  { data, origin }: Declaration,
): Problem {
  const pointer = pointerOf(instancePath, data);
  const where = dotted(pointer);
  const value = valueAt(data, pointer) ?? null;
  const place = origin.locate(pointer, "value");
  if (keyword === "additionalProperties")
    return unknownKey(String(params["additionalProperty"]), pointer, kind, origin);
  if (pointer.length === 0 && keyword === "type") {
    const hint = "flexprice-sync schema settings prints the fields.";
    return error("VALIDATE.WRONG_TYPE", "settings are a map of fields.", { place, hint });
  }
  if (keyword === "required") {
    const detail = `the file has no ${String(params["missingProperty"])}.`;
    const hint = "an included file is environments: with the environments in it by name, and nothing else.";
    return error("VALIDATE.MISSING", detail, { place: origin.locate(pointer, "key"), hint });
  }
  if (value === null)
    return error("VALIDATE.NULL", `${where} has no value.`, { place, hint: "give it one or drop the line." });
  if (pointer.at(-1) === "api_key") return wrongKey(value, where, place);
  if (keyword === "type") {
    const detail = `${where} is of another type; it takes ${typeNames(params["type"])}.`;
    return error("VALIDATE.WRONG_TYPE", detail, { place, ...hintForType(value, params["type"]) });
  }
  return error("VALIDATE.NOT_ALLOWED", `${where} ${faultOf(pointer, keyword, params)}.`, {
    place,
    hint: hintFor(pointer),
  });
}

function unknownKey(name: string, pointer: Pointer, kind: Kind, origin: Declaration["origin"]): Problem {
  const place = origin.locate([...pointer, name], "key");
  const where = dotted(pointer);
  // Somebody may have put a key where its name belongs.
  const shown = looksLikeKey(name) || name.length > 60 ? "a key" : JSON.stringify(name);
  const at = kindAt(pointer, kind);
  if (at === "environment" && pointer.length === 1) {
    const hint = "begin with a letter or digit, and use letters, digits, dots, dashes and underscores, 63 at most.";
    return error("VALIDATE.NOT_ALLOWED", `${shown} is no name for an environment.`, { place, hint });
  }
  if (at === "vars") {
    const hint = "use letters, digits and underscores, and begin with no digit.";
    return error("VALIDATE.NOT_ALLOWED", `${shown} is no name for a variable under ${where}.`, { place, hint });
  }
  const known = KNOWN[at] ?? [];
  const detail = `${shown} is not a field${where === "" ? ` of ${kind === "settings" ? "the settings" : "an included file"}` : ` of ${where}`}.`;
  return error("VALIDATE.UNKNOWN_FIELD", detail, { place, hint: `known here: ${known.join(", ")}.` });
}

/** Never repeats the value: it may be a live key. */
function wrongKey(value: Json, where: string, place: Problem["place"]): Problem {
  const at = place === undefined ? {} : { place };
  if (typeof value === "string" && value.includes("${")) {
    const hint = "write ${NAME} and put the whole key into that variable.";
    return error("VALIDATE.SECRET_FORM", `${where} takes exactly one \${NAME} and no text around it.`, { ...at, hint });
  }
  const hint =
    "write ${NAME}, with braces, and set that variable. If this file was shared, treat the key as leaked and revoke it.";
  return error("VALIDATE.LITERAL_SECRET", `${where} has the key in the file; it must come from the environment.`, {
    ...at,
    hint,
  });
}

function faultOf(pointer: Pointer, keyword: string, params: SchemaViolation["params"]): string {
  const limit = String(params["limit"]);
  switch (keyword) {
    case "minLength":
    case "minItems":
    case "minProperties":
      return "must not be empty";
    case "maxLength":
      return `may have at most ${limit} characters`;
    case "maxItems":
    case "maxProperties":
      return `may have at most ${limit} entries`;
    case "uniqueItems":
      return "names the same thing twice";
    case "minimum":
      return `must be at least ${limit}`;
    case "exclusiveMinimum":
      return `must be above ${limit}`;
    case "maximum":
      return `must be at most ${limit}`;
    default:
      return pointer.at(-1) === "base_url" ? "is no address of the service" : "does not have the form that it takes";
  }
}

function hintFor(pointer: Pointer): string {
  const field = String(pointer.findLast((step) => typeof step === "string"));
  const hints: Readonly<Record<string, string>> = {
    base_url: "give it as scheme, host and path, such as https://us.api.flexprice.io/v1; it takes no variable.",
    environment_id: "write the id of the environment (env_…), or drop the line to go without the check.",
    max_changes: "write a whole number, or a share from 0% to 100% in quotes.",
    assume_updatable: "write provider.field, such as stripe.secret_key.",
  };
  return hints[field] ?? "flexprice-sync schema settings prints what it takes.";
}

/** What the schema cannot say of one file. */
function rulesOf({ data, origin }: Declaration, catalogue: Catalogue): readonly Problem[] {
  const problems: Problem[] = [];
  const assumed = (map: JsonObject, at: Pointer) => {
    for (const [index, written] of listAt(map, "assume_updatable").entries()) {
      const [provider = "", field = ""] = String(written).split(".");
      if (fieldFacts(catalogue, provider, field) !== undefined) continue;
      const place = origin.locate([...at, "assume_updatable", index], "value");
      const known = Object.hasOwn(catalogue.providers, provider)
        ? `fields of ${provider}: ${Object.keys(ownValue(catalogue.providers, provider)?.fields ?? {}).join(", ")}.`
        : `providers: ${Object.keys(catalogue.providers).join(", ")}.`;
      problems.push(error("VALIDATE.NOT_ALLOWED", `${String(written)} is no credential.`, { place, hint: known }));
    }
  };
  const texts = (value: Json, at: Pointer) => {
    if (typeof value === "string" && /[\p{C}\p{Zl}\p{Zp}]/u.test(value) && !at.includes("vars")) {
      const hint = "remove it.";
      const detail = `${dotted(at)} holds a character that does not show.`;
      problems.push(error("VALIDATE.BAD_CHARACTER", detail, { place: origin.locate(at, "value"), hint }));
    }
    if (typeof value === "object" && value !== null)
      for (const [key, inner] of Object.entries(value)) texts(inner, [...at, Array.isArray(value) ? Number(key) : key]);
  };
  if (!isObject(data)) return [];
  texts(data, []);
  assumed(data, []);
  for (const [name, environment] of Object.entries(mapAt(data, "environments"))) {
    if (!isObject(environment)) continue;
    assumed(environment, ["environments", name]);
    for (const [variable, value] of Object.entries(mapAt(environment, "vars")))
      problems.push(...varRule(String(value), ["environments", name, "vars", variable], origin));
  }
  return problems;
}

function varRule(value: string, pointer: Pointer, origin: Declaration["origin"]): readonly Problem[] {
  const place = origin.locate(pointer, "value");
  if (value.includes("${")) {
    const hint = "write the value out; a definition takes a variable of the environment itself, with ${NAME}.";
    return [error("VALIDATE.FORBIDDEN_REFERENCE", `${dotted(pointer)} takes no reference.`, { place, hint })];
  }
  if (!/^(?:[sr]k|whsec|rzp_live|pat|xox[a-z]|gh[pousr])[-_]|^AKIA|^eyJ|\0|\p{Surrogate}/u.test(value)) return [];
  if (/\0|\p{Surrogate}/u.test(value)) {
    const detail = `${dotted(pointer)} holds a NUL or half of a surrogate pair, which the service cannot store.`;
    return [error("VALIDATE.BAD_CHARACTER", detail, { place, hint: "remove that character." })];
  }
  const hint =
    "these variables are in git and are shown. Take a secret from the environment, with ${NAME} in the definition; if this file was shared, replace the secret at the provider.";
  return [error("VALIDATE.LITERAL_SECRET", `${dotted(pointer)} looks like a secret.`, { place, hint })];
}

/** Environments that two files, or a file twice in other letters, call by one name. */
function sameNames(declarations: readonly Declaration[]): readonly Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { data, origin } of declarations) {
    for (const name of Object.keys(mapAt(data, "environments"))) {
      const place = origin.locate(["environments", name], "key");
      const first = seen.get(name.toLowerCase());
      if (first === undefined) seen.set(name.toLowerCase(), `${place.file}:${place.line}`);
      else {
        const detail = `the environment ${name} stands at ${first} already; letter case makes no difference.`;
        problems.push(
          error("SETTINGS.SAME_ENVIRONMENT", detail, { place, hint: "give each environment its own name." }),
        );
      }
    }
  }
  return problems;
}

function settingsOf({ main, included, folder, usualFolder }: WrittenSettings): Settings {
  const usualPaths = [`${folder}${usualFolder}`];
  const data = main.data as JsonObject;
  const top = commonOf(data, [], main);
  const { parallelism, timeout, deadline, max_changes: maxChanges } = mapAt(data, "defaults");
  const environments = [main, ...included].flatMap((declaration) =>
    Object.entries(mapAt(declaration.data, "environments")).map(([name, written]) =>
      environmentOf(name, written as JsonObject, declaration, { top, folder, usualPaths }),
    ),
  );
  return {
    file: main.origin.file,
    folder,
    ...(top.owner === undefined ? {} : { owner: top.owner }),
    ...(top.stamp === undefined ? {} : { stamp: top.stamp }),
    assumeUpdatable: top.assumeUpdatable ?? [],
    usualPaths,
    defaults: {
      ...(parallelism === undefined ? {} : { parallelism: Number(parallelism) }),
      ...(timeout === undefined ? {} : { timeoutSeconds: Number(timeout) }),
      ...(deadline === undefined ? {} : { deadlineSeconds: Number(deadline) }),
      ...(maxChanges === undefined ? {} : { maxChanges: String(maxChanges) }),
    },
    environments: environments.sort((left, right) => byText(left.name, right.name)),
  };
}

interface Common {
  readonly owner?: SettingText;
  readonly stamp?: boolean;
  readonly assumeUpdatable?: readonly string[];
}

/** What can be said for all environments, and for one of them. */
function commonOf(map: JsonObject, at: Pointer, { origin }: Declaration): Common {
  const owner = ownValue(map, "owner");
  const stamp = ownValue(map, "stamp");
  return {
    ...(typeof owner === "string" ? { owner: { text: owner, place: origin.locate([...at, "owner"], "value") } } : {}),
    ...(typeof stamp === "boolean" ? { stamp } : {}),
    ...(Object.hasOwn(map, "assume_updatable") ? { assumeUpdatable: listAt(map, "assume_updatable").map(String) } : {}),
  };
}

function environmentOf(
  name: string,
  map: JsonObject,
  declaration: Declaration,
  {
    top,
    folder,
    usualPaths,
  }: { readonly top: Common; readonly folder: string; readonly usualPaths: readonly string[] },
): EnvironmentSettings {
  const { origin } = declaration;
  const at: Pointer = ["environments", name];
  const textAt = (key: string): SettingText | undefined => {
    const text = ownValue(map, key);
    return typeof text === "string" ? { text, place: origin.locate([...at, key], "value") } : undefined;
  };
  const baseUrl = textAt("base_url");
  const apiKey = textAt("api_key");
  const environmentId = textAt("environment_id");
  const connections = ownValue(map, "connections");
  const { owner, stamp, assumeUpdatable = [] } = { ...top, ...commonOf(map, at, declaration) };
  return {
    name,
    place: origin.locate(at, "key"),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(apiKey === undefined ? {} : { apiKey: { ...apiKey, text: soleVariable(apiKey.text) ?? "" } }),
    ...(environmentId === undefined ? {} : { environmentId }),
    connections: Array.isArray(connections)
      ? connections.map((path) => (String(path).startsWith("/") ? String(path) : `${folder}${path}`))
      : usualPaths,
    vars: mapAt(map, "vars") as Readonly<Record<string, string>>,
    ...(owner === undefined ? {} : { owner }),
    ...(stamp === undefined ? {} : { stamp }),
    assumeUpdatable,
  };
}

function mapAt(value: Json, key: string): JsonObject {
  const map = isObject(value) ? ownValue(value, key) : undefined;
  return isObject(map) ? map : {};
}

function listAt(map: JsonObject, key: string): readonly Json[] {
  const list = ownValue(map, key);
  return Array.isArray(list) ? list : [];
}
