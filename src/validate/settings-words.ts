import type { SchemaViolation } from "../generated/validators.js";
import type { Declaration } from "../model/connection.js";
import { type Json, valueAt } from "../model/json.js";
import { dotted, type Pointer, pointerOf } from "../model/location.js";
import { error, type Problem } from "../model/problem.js";
import { hintForType, knownInstead, looksLikeKey, typeNames } from "./words.js";

/** Whether a file is the settings themselves or one that they include. */
export type Kind = "settings" | "included";

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

/** One violation of the schema of settings as a problem that a person can act on. Nothing of a file is repeated that may be a key. */
export function explainSetting(
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
  return error("VALIDATE.UNKNOWN_FIELD", detail, { place, hint: knownInstead(name, known) });
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
