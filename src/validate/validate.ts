import type { ConnectionDefinition } from "../generated/connection-definition.js";
import { validateResolved, validateWritten } from "../generated/validators.js";
import type { Catalogue } from "../model/catalogue.js";
import type { CredentialField, Declaration, Definition, Desired, MapName } from "../model/connection.js";
import { fieldFacts, IGNORED_BLOCKS, nestedPointer } from "../model/credentials.js";
import { byText, isObject, type Json, type JsonObject, ownValue } from "../model/json.js";
import { dotted, type Pointer, pointerOf } from "../model/location.js";
import { error, isError, type Problem } from "../model/problem.js";
import { explain } from "./explain.js";
import { rulesOfAll, rulesOfOne, textsOfTooManyBytes } from "./rules.js";

export interface Checked {
  /** In the order of the declarations; a declaration with an error is left out. */
  readonly definitions: readonly Definition[];
  readonly problems: readonly Problem[];
}

/**
 * Holds every declaration against the schema and against the rules that a schema cannot say. All problems of all files at once.
 *
 * @param keyVariables - variables that hold API keys of the settings: no definition may take one
 */
export function validate(
  declarations: readonly Declaration[],
  catalogue: Catalogue,
  keyVariables: ReadonlySet<string> = new Set(),
): Checked {
  const problems: Problem[] = [];
  const definitions: Definition[] = [];
  for (const declaration of declarations) {
    const found = problemsOf(declaration, catalogue, keyVariables);
    for (const problem of found) problems.push(problem);
    const isUsable = declaration.refused.length === 0 && !found.some(isError);
    if (isUsable) definitions.push(definitionOf(declaration, catalogue));
  }
  return { definitions, problems: [...problems, ...rulesOfAll(definitions, catalogue)] };
}

function problemsOf(
  { data, refused, origin }: Declaration,
  catalogue: Catalogue,
  keyVariables: ReadonlySet<string>,
): readonly Problem[] {
  if (looksLikeSettings(data)) {
    const hint = "name the folder with the definitions, such as connections; the settings are checked by themselves.";
    const place = origin.locate([], "value");
    return [error("VALIDATE.NOT_A_DEFINITION", "this is a settings file, not a definition.", { place, hint })];
  }
  const document = { data, origin, catalogue, keyVariables };
  const ruled = rulesOfOne(document);
  // A warning hides no error about the same value.
  const wrong = ruled.filter(({ problem }) => isError(problem));
  const reported = new Set([...refused, ...wrong.map(({ pointer }) => pointer)].map(dotted));
  const violations = validateWritten(data) ? [] : (validateWritten.errors ?? []);
  return [...explain(violations, document, reported), ...ruled.map(({ problem }) => problem)];
}

/** Whether somebody named a folder too high up, where the settings are. */
function looksLikeSettings(data: Json): boolean {
  return (
    isObject(data) && ("environments" in data || "include" in data) && !("provider_type" in data || "name" in data)
  );
}

function definitionOf({ data, origin }: Declaration, catalogue: Catalogue): Definition {
  const checked = data as unknown as ConnectionDefinition;
  const { name, provider_type: providerType, id, metadata, sync_config: syncConfig, exact, protect } = checked;
  return {
    origin,
    name,
    providerType,
    ...(id === undefined ? {} : { id }),
    credentials: credentialsOf(data, providerType, catalogue),
    ...(metadata === undefined ? {} : { metadata: metadata as JsonObject }),
    ...(syncConfig === undefined ? {} : { syncConfig: syncConfig as JsonObject }),
    exact: (exact ?? []) as readonly MapName[],
    protect: protect ?? false,
  };
}

/** Every credential field in the catalogue's order, unlisted ones by name; the blocks that the service ignores are left out. */
function credentialsOf(data: Json, provider: string, catalogue: Catalogue): readonly CredentialField[] {
  const written = isObject(data) ? ownValue(data, "encrypted_secret_data") : undefined;
  if (!isObject(written)) return [];
  const block = ownValue(written, provider);
  const at: Pointer = isObject(block) ? ["encrypted_secret_data", provider] : ["encrypted_secret_data"];
  // Beside flat fields stand the blocks that the service ignores; inside the provider's own these are fields like others.
  const fields = isObject(block)
    ? Object.entries(block)
    : Object.entries(written).filter(([field]) => !IGNORED_BLOCKS.has(field));
  const listed = Object.keys(ownValue(catalogue.providers, provider)?.fields ?? {});
  const rank = (field: string) => (listed.includes(field) ? listed.indexOf(field) : listed.length);
  return fields
    .sort(([left], [right]) => rank(left) - rank(right) || byText(left, right))
    .map(([field, value]) => {
      const pointer = [...at, field];
      return {
        path: dotted(nestedPointer(pointer, provider)),
        field,
        pointer,
        written: value as string | number | boolean,
      };
    });
}

/**
 * Holds resolved values against the schema once more: where a file may say `${NAME}`, the schema could not see the value.
 * The problems name the variable and never its value.
 */
export function recheck(desired: readonly Desired[], catalogue: Catalogue): readonly Problem[] {
  return desired.flatMap((one) => (hasResolvedValues(one) ? recheckOne(one, catalogue) : []));
}

function hasResolvedValues(desired: Desired): boolean {
  const fromVariables = desired.credentials.some(
    ({ variable, value }) => value.kind === "literal" && variable !== undefined,
  );
  return fromVariables || desired.masked.length > 0 || desired.resolvedSettings.length > 0;
}

function recheckOne(desired: Desired, catalogue: Catalogue): readonly Problem[] {
  const { definition } = desired;
  const data = resolvedData(desired, catalogue);
  const violations = validateResolved(data) ? [] : (validateResolved.errors ?? []);
  // What is absent was judged in the file as written; here a field is also absent when its variable is.
  const wrong = violations.filter(({ keyword }) => !["if", "required", "dependentRequired"].includes(keyword));
  const pointers = [...textsOfTooManyBytes(data), ...wrong.map(({ instancePath }) => pointerOf(instancePath, data))];
  const broken = new Map(pointers.map((pointer) => [dotted(pointer), pointer]));
  return [...broken.values()].map((pointer) => {
    const message = ownValue(
      catalogue.messages,
      pointer.map((step) => (typeof step === "number" ? "[]" : step)).join("."),
    );
    const why = message === undefined ? "" : ` (${message.error})`;
    const written = desired.credentials.find(({ path }) => path === dotted(pointer));
    const source = written?.variable ?? "its variable";
    return error("SECRETS.BAD_VALUE", `${dotted(pointer)} does not take the value that ${source} holds${why}.`, {
      place: definition.origin.locate(written?.pointer ?? pointer, "value"),
      hint: message?.hint ?? "set the variable to a value that the field takes.",
    });
  });
}

/** The definition with its values, without secrets and without what is unresolved. */
function resolvedData(desired: Desired, catalogue: Catalogue): JsonObject {
  const { definition } = desired;
  const provider = definition.providerType;
  const plain = desired.credentials.flatMap(({ field, value }) =>
    value.kind === "literal" && fieldFacts(catalogue, provider, field)?.secret === false
      ? [[field, value.literal] as const]
      : [],
  );
  const without = (map: JsonObject | undefined, top: MapName) =>
    map === undefined
      ? undefined
      : withoutUnresolved(map, [top], new Set(desired.unresolved.map(({ pointer }) => dotted(pointer))));
  const metadata = without(desired.metadata, "metadata");
  const syncConfig = without(desired.syncConfig, "sync_config");
  return {
    name: desired.name,
    provider_type: provider,
    ...(desired.id === undefined ? {} : { id: desired.id }),
    encrypted_secret_data: { [provider]: Object.fromEntries(plain) },
    ...(metadata === undefined ? {} : { metadata }),
    ...(syncConfig === undefined ? {} : { sync_config: syncConfig }),
  };
}

function withoutUnresolved(value: Json, pointer: Pointer, unresolved: ReadonlySet<string>): Json {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      const at = [...pointer, index];
      return unresolved.has(dotted(at)) ? [] : [withoutUnresolved(item, at, unresolved)];
    });
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !unresolved.has(dotted([...pointer, key])))
      .map(([key, item]) => [key, withoutUnresolved(item, [...pointer, key], unresolved)]),
  );
}
