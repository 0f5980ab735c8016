import type { SchemaViolation } from "../generated/validators.js";
import type { Catalogue } from "../model/catalogue.js";
import { fieldFacts, nameOfKey, nestedPointer } from "../model/credentials.js";
import { isObject, type Json, ownValue, valueAt } from "../model/json.js";
import { dotted, type Origin, type Pointer, pointerOf } from "../model/location.js";
import { error, type Problem, type ProblemCode } from "../model/problem.js";
import { isMaskText } from "../model/secret.js";
import { didYouMean, hintForType, kindOf, knownInstead, lengthDetail, list, shown, typeNames } from "./words.js";

/** A document that broke the schema, with what is needed to talk about it. */
export interface Explained {
  readonly data: Json;
  readonly origin: Origin;
  readonly catalogue: Catalogue;
  /** Variables that hold API keys of the settings. */
  readonly keyVariables: ReadonlySet<string>;
}

/**
 * The violations of one document as problems that a person can act on: one mistake, one problem, at its line.
 *
 * @param alreadyReported - pointers, as text, of values that another check has explained better
 */
export function explain(
  violations: readonly SchemaViolation[],
  document: Explained,
  alreadyReported: ReadonlySet<string>,
): readonly Problem[] {
  const causes = violations
    .filter((violation) => violation.keyword !== "if")
    .map((violation) => ({
      violation,
      pointer: pointerOf(violation.instancePath, document.data),
    }));
  // A value of the wrong type also fails the enum or the pattern behind it.
  const wrongType = new Set(
    causes.filter(({ violation }) => violation.keyword === "type").map(({ violation }) => violation.instancePath),
  );
  return causes
    .filter(({ violation }) => violation.keyword === "type" || !wrongType.has(violation.instancePath))
    .filter(({ violation, pointer }) => !isAboutValue(violation) || !alreadyReported.has(dotted(pointer)))
    .map(({ violation, pointer }) => explainOne(violation, pointer, document));
}

function isAboutValue({ keyword }: SchemaViolation): boolean {
  return !["required", "additionalProperties", "dependentRequired"].includes(keyword);
}

function explainOne(violation: SchemaViolation, pointer: Pointer, document: Explained): Problem {
  const { keyword, params } = violation;
  if (keyword === "required") return missing(String(params["missingProperty"]), pointer, document);
  if (keyword === "additionalProperties") return unknownField(String(params["additionalProperty"]), pointer, document);
  if (keyword === "dependentRequired") {
    const detail = `${path([...pointer, String(params["property"])], document)} needs ${String(params["missingProperty"])} beside it.`;
    const place = document.origin.locate([...pointer, String(params["property"])], "key");
    return error("VALIDATE.INCOMPLETE_PAIR", detail, { place, hint: "write both, or neither." });
  }
  return wrongValue(violation, pointer, document);
}

function missing(name: string, pointer: Pointer, { data, origin }: Explained): Problem {
  const place = origin.locate(pointer, "key");
  if (pointer.length === 0 && (name === "metadata" || name === "sync_config")) {
    return error("VALIDATE.MISSING", `exact names ${name}, but the definition has no ${name}.`, {
      place: origin.locate(["exact"], "key"),
      hint: `write ${name}: {} to remove every key of it, or take ${name} out of exact.`,
    });
  }
  const where = pointer.length === 0 ? nameOf(data) : dotted(pointer);
  return error("VALIDATE.MISSING", `${where} has no ${name}.`, { place, hint: `add ${name}.` });
}

function nameOf(data: Json): string {
  const name = isObject(data) ? ownValue(data, "name") : undefined;
  return typeof name === "string" && name !== "" ? `the definition "${name}"` : "the definition";
}

function unknownField(name: string, pointer: Pointer, document: Explained): Problem {
  const { data, origin, catalogue } = document;
  const place = origin.locate([...pointer, name], "key");
  const provider = providerOf(data);
  if (provider !== undefined && dotted(pointer) === "encrypted_secret_data") {
    const block = valueAt(data, pointer);
    const isNested = isObject(block) && Object.hasOwn(block, provider);
    if (Object.hasOwn(catalogue.providers, name)) {
      const detail = `encrypted_secret_data.${name} stands in a definition of ${provider}.`;
      return error("VALIDATE.OTHER_PROVIDER", detail, {
        place,
        hint: `only encrypted_secret_data.${provider} belongs here.`,
      });
    }
    if (isNested && fieldFacts(catalogue, provider, name) !== undefined) {
      const detail = `${name} stands beside the ${provider} block, which holds the fields of ${provider}.`;
      return error("VALIDATE.MIXED_FORMS", detail, { place, hint: `move ${name} into the ${provider} block.` });
    }
  }
  const known = knownFields(pointer, document);
  const isAnswers = pointer.length === 0 && SET_BY_SERVICE.has(name);
  const hint = isAnswers
    ? "the service sets it itself; drop the line."
    : known.length === 0
      ? "drop it."
      : knownInstead(name, known);
  const where = path(pointer, document);
  const shown = nameOfKey(name, pointer);
  const isPlain = shown === name && /^[A-Za-z_][\w-]*$/.test(name);
  const field = isPlain ? path([...pointer, name], document) : `${shown}${where === "" ? "" : ` under ${where}`}`;
  return error("VALIDATE.UNKNOWN_FIELD", `${field} is not a field.`, { place, hint });
}

/** Fields of the service's answers, which a definition that was pasted from one may have. */
const SET_BY_SERVICE: ReadonlySet<string> = new Set([
  "environment_id",
  "tenant_id",
  "status",
  "created_at",
  "updated_at",
  "created_by",
  "updated_by",
]);

/** What may stand at a place, for a hint; empty where nothing is known of it. */
function knownFields(pointer: Pointer, { data, catalogue }: Explained): readonly string[] {
  const [top, ...rest] = pointer;
  if (top === undefined) {
    return ["name", "provider_type", "id", "encrypted_secret_data", "metadata", "sync_config", "exact", "protect"];
  }
  const provider = providerOf(data);
  if (top === "encrypted_secret_data" && provider !== undefined) {
    return Object.keys(ownValue(catalogue.providers, provider)?.fields ?? {});
  }
  if (top !== "sync_config") return [];
  let node = catalogue.syncConfig;
  for (const step of rest) {
    const member = ownValue(node.members, String(step));
    if (member?.kind !== "group") return [];
    node = member;
  }
  return Object.keys(node.members);
}

function wrongValue({ keyword, params }: SchemaViolation, pointer: Pointer, document: Explained): Problem {
  const { data, origin, catalogue } = document;
  const place = origin.locate(pointer, "value");
  const value = valueAt(data, pointer) ?? null;
  const where = path(pointer, document);
  if (pointer.length === 0) {
    // A file that is no definition may be anything, so nothing of it is repeated.
    return error("VALIDATE.NOT_A_DEFINITION", `the document is ${kindOf(value)}; a definition is a map of fields.`, {
      place,
      hint: "start with name: and provider_type:.",
    });
  }
  if (isSecretField(pointer, document)) return wrongSecret(value, where, place);
  if (value === null) {
    const hint =
      pointer.length === 1 && keyword === "type" && params["type"] === "object"
        ? "use {} or drop the line."
        : "give it a value or drop the line.";
    return error("VALIDATE.NULL", `${where} is null, which is not a value here.`, { place, hint });
  }
  if (keyword === "type") {
    const detail = `${where} is ${shown(value, pointer)}; this field takes ${typeNames(params["type"])}.`;
    return error("VALIDATE.WRONG_TYPE", detail, { place, ...hintForType(value, params["type"]) });
  }
  if (dotted(pointer) === "provider_type") {
    const allowed = list(params["allowedValues"]);
    return error(
      "VALIDATE.UNKNOWN_PROVIDER",
      `provider_type is ${shown(value, pointer)}; it takes one of ${allowed}.`,
      {
        place,
        hint: `${typeof value === "string" ? didYouMean(value, Object.keys(catalogue.providers)) : ""}write it exactly as it stands in that list.`,
      },
    );
  }
  if (keyword === "minLength" || keyword === "maxLength" || keyword === "maxItems") {
    return error("VALIDATE.WRONG_LENGTH", lengthDetail(keyword, where, params["limit"]), {
      place,
      hint: keyword === "minLength" ? "give it a value, or drop the line if it is optional." : "shorten it.",
    });
  }
  if (typeof value === "string" && value.startsWith("${")) {
    return error("VALIDATE.NOT_ALLOWED", `${where} mixes a reference with other text; here it must stand alone.`, {
      place,
      hint: "put the whole value into the variable.",
    });
  }
  const message = ownValue(catalogue.messages, messageKey(pointer, document));
  if (message !== undefined) {
    return error("VALIDATE.NOT_ALLOWED", `${where}: ${message.error}.`, {
      place,
      hint: message.hint ?? "use one of the values named.",
    });
  }
  return notAllowed(keyword, params, where, value, pointer, place);
}

function notAllowed(
  keyword: string,
  params: SchemaViolation["params"],
  where: string,
  value: Json,
  pointer: Pointer,
  place: ReturnType<Origin["locate"]>,
): Problem {
  const code: ProblemCode = "VALIDATE.NOT_ALLOWED";
  if (keyword === "enum") {
    const detail = `${where} is ${shown(value, pointer)}; it takes one of ${list(params["allowedValues"])}.`;
    return error(code, detail, { place, hint: "use one of the values named." });
  }
  if (keyword === "uniqueItems") {
    return error(code, `${where} names the same thing twice.`, { place, hint: "drop the second." });
  }
  return error(code, `${where} does not have the form that this field takes.`, {
    place,
    hint: "see the field's description: flexprice-sync schema.",
  });
}

/** Never repeats the value: it may be a live key. */
function wrongSecret(value: Json, where: string, place: ReturnType<Origin["locate"]>): Problem {
  if (value === null) {
    return error("VALIDATE.NULL", `${where} has no value.`, {
      place,
      hint: "write ${NAME} with the variable's name, or drop the line.",
    });
  }
  if (typeof value === "string" && value.includes("${")) {
    return error("VALIDATE.SECRET_FORM", `${where} takes exactly one \${NAME} and no text around it.`, {
      place,
      hint: "put the whole value into one variable.",
    });
  }
  if (typeof value === "string" && isMaskText(value)) {
    return error("VALIDATE.MASK", `${where} holds the mask that some tool printed, not a secret.`, {
      place,
      hint: "write ${NAME} and put the real value into that variable.",
    });
  }
  return error(
    "VALIDATE.LITERAL_SECRET",
    `${where} has its value in the file; a secret must come from the environment.`,
    {
      place,
      hint: "write ${NAME}, with braces, and set that variable. If this file was shared, treat the value as leaked and replace it at the provider.",
    },
  );
}

function isSecretField(pointer: Pointer, { data, catalogue }: Explained): boolean {
  const [top] = pointer;
  if (top !== "encrypted_secret_data" || pointer.length < 2) return false;
  const provider = providerOf(data);
  // Not knowing the provider, nothing under here may be shown.
  if (provider === undefined || !Object.hasOwn(catalogue.providers, provider)) return true;
  const nested = nestedPointer(pointer, provider);
  const facts = nested.length === 3 ? fieldFacts(catalogue, provider, String(nested[2])) : undefined;
  return facts?.secret ?? false;
}

function providerOf(data: Json): string | undefined {
  const provider = isObject(data) ? ownValue(data, "provider_type") : undefined;
  return typeof provider === "string" ? provider : undefined;
}

/** A field's path as every output shows it: credentials always nested. */
function path(pointer: Pointer, { data, catalogue }: Explained): string {
  const provider = providerOf(data);
  const known = provider !== undefined && Object.hasOwn(catalogue.providers, provider);
  return dotted(known ? nestedPointer(pointer, provider) : pointer);
}

function messageKey(pointer: Pointer, { data }: Explained): string {
  return nestedPointer(pointer, providerOf(data) ?? "")
    .map((step) => (typeof step === "number" ? "[]" : step))
    .join(".");
}
