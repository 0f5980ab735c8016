import { validateIncluded, validateSettings } from "../generated/validators.js";
import type { Catalogue } from "../model/catalogue.js";
import type { Declaration } from "../model/connection.js";
import { fieldFacts } from "../model/credentials.js";
import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { dotted, type Pointer, pointerOf } from "../model/location.js";
import { error, isError, type Problem } from "../model/problem.js";
import type { Settings } from "../model/settings.js";
import { listAt, mapAt, settingsOf, type WrittenSettings } from "./settings-data.js";
import { explainSetting, type Kind } from "./settings-words.js";

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
    .map((violation) => explainSetting(violation, kind, declaration));
  return [...explained, ...(explained.length > 0 ? [] : rulesOf(declaration, catalogue))];
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

/** Environments of all files together, as many as one file may have by the schema. */
const MOST_ENVIRONMENTS = 10_000;

/** Environments that two files, or a file twice in other letters, call by one name; and where there are too many of them. */
function sameNames(declarations: readonly Declaration[]): readonly Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { data, origin } of declarations) {
    for (const name of Object.keys(mapAt(data, "environments"))) {
      const place = origin.locate(["environments", name], "key");
      if (seen.size >= MOST_ENVIRONMENTS) {
        const detail = `the files have more than ${MOST_ENVIRONMENTS} environments together.`;
        const hint = "share them out over several settings files, and name one with -c.";
        return [...problems, error("VALIDATE.WRONG_LENGTH", detail, { place, hint })];
      }
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
