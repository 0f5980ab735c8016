import type { Catalogue } from "../model/catalogue.js";
import type {
  CredentialField,
  Definition,
  Desired,
  DesiredCredential,
  Unavailable,
  UnresolvedReference,
} from "../model/connection.js";
import { fieldFacts } from "../model/credentials.js";
import { isObject, type Json, type JsonObject } from "../model/json.js";
import { dotted, type Pointer } from "../model/location.js";
import { assertNever, Bug, error, type Problem, type ProblemCode, warning } from "../model/problem.js";
import { parseText, soleVariable } from "../model/reference.js";
import { Secret } from "../model/secret.js";
import type { Lookup, Variables } from "./variables.js";

export interface Resolved {
  readonly desired: readonly Desired[];
  /** Values that cannot be what was meant. That a variable is missing is no problem yet: it depends on what is written. */
  readonly problems: readonly Problem[];
  /** Everything that must never be shown. */
  readonly secrets: readonly Secret[];
}

/**
 * Puts values in place of references, once: what a variable holds is a text, is never read as YAML and never looked
 * through for more references. A reference without a value is a mark on the definition, not a stop.
 *
 * @param settings - the values of `${var.NAME}`
 */
export function resolve(
  definitions: readonly Definition[],
  variables: Variables,
  settings: Readonly<Record<string, string>>,
  catalogue: Catalogue,
): Resolved {
  const resolver = new Resolver(variables, settings, catalogue);
  const desired = definitions.map((definition) => resolver.resolve(definition));
  return { desired, problems: resolver.problems, secrets: resolver.secrets };
}

type Text =
  | { readonly kind: "value"; readonly text: string; readonly fromEnvironment: boolean; readonly fromSettings: boolean }
  | { readonly kind: "too-long" }
  | { readonly kind: "unresolved"; readonly references: readonly UnresolvedReference[] };

/** Characters of one value after its references are resolved. */
export const LONGEST_VALUE = 1024 * 1024;

/** What was found on the way through one map. */
interface Found {
  readonly masked: Pointer[];
  readonly settings: Pointer[];
  readonly unresolved: UnresolvedReference[];
}

class Resolver {
  readonly problems: Problem[] = [];
  readonly secrets: Secret[] = [];
  readonly #variables: Variables;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #catalogue: Catalogue;
  /** A file behind a variable is read once, so that two fields never see two values. */
  readonly #seen = new Map<string, Lookup>();

  constructor(variables: Variables, settings: Readonly<Record<string, string>>, catalogue: Catalogue) {
    this.#variables = variables;
    this.#settings = settings;
    this.#catalogue = catalogue;
  }

  resolve(definition: Definition): Desired {
    const found: Found = { masked: [], settings: [], unresolved: [] };
    const id = definition.id === undefined ? undefined : this.#naming(definition, definition.id, "id");
    const metadata = this.#map(definition, definition.metadata, "metadata", found);
    const syncConfig = this.#map(definition, definition.syncConfig, "sync_config", found);
    for (const { pointer, variable, why } of found.unresolved) {
      if (why.reason === "no-setting") this.#noSetting(definition, variable, pointer);
    }
    return {
      definition,
      name: this.#naming(definition, definition.name, "name"),
      ...(id === undefined ? {} : { id }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(syncConfig === undefined ? {} : { syncConfig }),
      masked: found.masked,
      resolvedSettings: found.settings,
      unresolved: found.unresolved,
      credentials: definition.credentials.map((field) => this.#credential(definition, field)),
    };
  }

  /** Name and id: only settings variables can stand here, so either it has a value or there is a problem. */
  #naming(definition: Definition, written: string, key: "name" | "id"): string {
    const text = this.#text(written, [key]);
    if (text.kind === "value") return text.text;
    if (text.kind === "too-long") {
      this.#tooLong(definition, [key]);
      return written;
    }
    for (const { variable } of text.references) this.#noSetting(definition, variable, [key]);
    return written;
  }

  #noSetting({ origin }: Definition, variable: string, pointer: Pointer): void {
    const detail = `var.${variable} is not defined: the settings of the environment have no such variable.`;
    const hint = `define it in flexprice-sync.yaml, or the file that -c names, under the environment: vars: { ${variable}: … }; or write the value out.`;
    this.problems.push(error("SECRETS.NO_SETTING", detail, { place: origin.locate(pointer, "value"), hint }));
  }

  #map(definition: Definition, map: JsonObject | undefined, top: string, found: Found): JsonObject | undefined {
    if (map === undefined) return undefined;
    const resolved = this.#value(definition, map, [top], found);
    if (!isObject(resolved)) throw new Bug("a map resolved to something else");
    return resolved;
  }

  #value(definition: Definition, value: Json, pointer: Pointer, found: Found): Json {
    if (Array.isArray(value))
      return value.map((item, index) => this.#value(definition, item, [...pointer, index], found));
    if (isObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, this.#value(definition, item, [...pointer, key], found)]),
      );
    }
    if (typeof value !== "string") return value;
    const text = this.#text(value, pointer);
    if (text.kind === "too-long") {
      this.#tooLong(definition, pointer);
      return "";
    }
    if (text.kind === "unresolved") {
      for (const reference of text.references) found.unresolved.push(reference);
      return value;
    }
    if (text.fromEnvironment) {
      found.masked.push(pointer);
      const secret = new Secret(text.text);
      this.secrets.push(secret);
      this.#checkStorable(definition.origin, secret, dotted(pointer), pointer);
    }
    if (text.fromSettings) found.settings.push(pointer);
    return text.text;
  }

  #credential(definition: Definition, { path, field, pointer, written }: CredentialField): DesiredCredential {
    if (typeof written !== "string") return { path, field, pointer, value: { kind: "literal", literal: written } };
    const isSecret = fieldFacts(this.#catalogue, definition.providerType, field)?.secret ?? true;
    const text = this.#text(written, pointer);
    if (text.kind === "too-long") {
      this.#tooLong(definition, pointer);
      return { path, field, pointer, value: { kind: "literal", literal: "" } };
    }
    if (text.kind === "unresolved") {
      const [reference] = text.references;
      if (reference === undefined) throw new Bug("an unresolved text without a reference");
      if (reference.why.reason === "no-setting") this.#noSetting(definition, reference.variable, pointer);
      return { path, field, pointer, variable: reference.variable, value: { kind: "unresolved", reference } };
    }
    const variable = soleVariable(written);
    const named = variable === undefined ? {} : { variable };
    if (!isSecret && !text.fromEnvironment)
      return { path, field, pointer, ...named, value: { kind: "literal", literal: text.text } };
    const secret = new Secret(text.text);
    this.secrets.push(secret);
    this.#checkStorable(definition.origin, secret, path, pointer);
    if (isSecret) this.#checkMask(definition, secret, path, pointer, variable);
    else return { path, field, pointer, ...named, value: { kind: "literal", literal: text.text } };
    return { path, field, pointer, ...named, value: { kind: "secret", secret } };
  }

  #checkMask(
    { origin }: Definition,
    secret: Secret,
    path: string,
    pointer: Pointer,
    variable: string | undefined,
  ): void {
    if (!secret.isMask()) return;
    const place = origin.locate(pointer, "value");
    const detail = `${path} would be set to a mask: ${variable ?? "its variable"} does not hold the secret itself.`;
    this.problems.push(error("SECRETS.MASK", detail, { place, hint: "put the real value into the variable." }));
  }

  #checkStorable(origin: Definition["origin"], secret: Secret, path: string, pointer: Pointer): void {
    if (secret.isStorable()) return;
    const place = origin.locate(pointer, "value");
    const detail = `the value of ${path} would hold a NUL, which the service cannot store.`;
    this.problems.push(error("VALIDATE.BAD_CHARACTER", detail, { place, hint: "remove it from the variable." }));
  }

  #tooLong({ origin }: Definition, pointer: Pointer): void {
    const detail = `${dotted(pointer)} would have more than ${LONGEST_VALUE} characters.`;
    const place = origin.locate(pointer, "value");
    this.problems.push(
      error("SECRETS.BAD_VALUE", detail, { place, hint: "a setting is far smaller; check what its variables hold." }),
    );
  }

  #text(written: string, pointer: Pointer): Text {
    const parsed = parseText(written);
    if (!parsed.ok) throw new Bug("a malformed reference passed validation");
    const unresolved: UnresolvedReference[] = [];
    let text = "";
    for (const part of parsed.parts) {
      if (text.length > LONGEST_VALUE) return { kind: "too-long" };
      if (part.kind === "text") text += part.text;
      else if (part.kind === "setting") {
        const value = Object.hasOwn(this.#settings, part.name) ? this.#settings[part.name] : undefined;
        if (value === undefined) unresolved.push({ variable: part.name, pointer, why: { reason: "no-setting" } });
        else text += value;
      } else {
        const found = this.#lookUp(part.name);
        if (found.state === "set") text += found.value;
        else unresolved.push({ variable: part.name, pointer, why: unavailable(found) });
      }
    }
    if (unresolved.length > 0) return { kind: "unresolved", references: unresolved };
    if (text.length > LONGEST_VALUE) return { kind: "too-long" };
    const fromEnvironment = parsed.parts.some(({ kind }) => kind === "environment");
    return { kind: "value", text, fromEnvironment, fromSettings: parsed.parts.some(({ kind }) => kind === "setting") };
  }

  #lookUp(name: string): Lookup {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    const found = this.#variables.lookUp(name);
    this.#seen.set(name, found);
    // By itself too: somebody may repeat the value without the text that a definition puts around it.
    if (found.state === "set") this.secrets.push(new Secret(found.value), new Secret(found.value.trim()));
    return found;
  }
}

function unavailable(found: Exclude<Lookup, { state: "set" }>): Unavailable {
  switch (found.state) {
    case "unset":
      return { reason: "unset" };
    case "empty":
      return { reason: "empty", fromFile: found.fromFile };
    case "unreadable":
      return { reason: "unreadable", cause: found.cause };
    default:
      return assertNever(found);
  }
}

/** Every reference of a definition that has no value, in the order of the file's fields. */
export function unresolvedOf(desired: Desired): readonly UnresolvedReference[] {
  const inCredentials = desired.credentials.flatMap(({ value }) =>
    value.kind === "unresolved" ? [value.reference] : [],
  );
  return [...inCredentials, ...desired.unresolved].filter(({ why }) => why.reason !== "no-setting");
}

/** One problem per reference without a value, at the line that asks for it. */
export function problemOfReference(
  desired: Desired,
  reference: UnresolvedReference,
  severity: Problem["severity"],
): Problem {
  const { variable, pointer, why } = reference;
  const [code, detail, hint] = wordsFor(variable, why);
  const place = desired.definition.origin.locate(pointer, "value");
  return (severity === "error" ? error : warning)(code, detail, { place, hint });
}

function wordsFor(variable: string, why: Unavailable): readonly [ProblemCode, string, string] {
  switch (why.reason) {
    case "unset":
      return [
        "SECRETS.UNSET",
        `${variable} is not set.`,
        `set ${variable}, or ${variable}_FILE to the path of a file that holds the value.`,
      ];
    case "empty": {
      if (why.fromFile) {
        return ["SECRETS.EMPTY", `the file that ${variable}_FILE names is empty.`, "put the value into the file."];
      }
      const hint = `give ${variable} a value, or unset it and set ${variable}_FILE to the path of a file that holds the value.`;
      return ["SECRETS.EMPTY", `${variable} is set but empty.`, hint];
    }
    case "unreadable":
      return [
        "SECRETS.UNREADABLE",
        `the file that ${variable}_FILE names cannot be read: ${why.cause}.`,
        `set ${variable}_FILE to the path of a readable text file.`,
      ];
    case "no-setting":
      return ["SECRETS.NO_SETTING", `var.${variable} is not defined.`, "write the value out."];
    default:
      return assertNever(why);
  }
}
