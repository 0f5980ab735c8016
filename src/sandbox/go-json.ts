import { isObject, type Json, type JsonObject } from "../model/json.js";

/*
 * How the service reads JSON bodies. It is written in Go, whose encoding/json differs from JavaScript's in ways that
 * decide what is stored: keys match whatever their case, unknown keys are dropped, only the first value of a body
 * counts, and a value of another type refuses the whole body.
 */

/** What a field of a request may hold. */
export type Shape =
  | "text"
  | "boolean"
  | "map"
  | "any"
  | { readonly list: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> };

/** The body is not what the service can read; it answers 400. */
export class UnreadableBody extends Error {
  override readonly name = "UnreadableBody";
}

/**
 * The first JSON value of a text; what follows is ignored.
 *
 * @throws UnreadableBody for an empty text and for one that does not begin with a JSON value
 */
export function firstValue(text: string): Json {
  const start = text.search(/\S/);
  if (start === -1) throw new UnreadableBody("empty");
  try {
    return JSON.parse(text.slice(start, endOfValue(text, start))) as Json;
  } catch {
    throw new UnreadableBody("not JSON");
  }
}

function endOfValue(text: string, start: number): number {
  if (!'{["'.includes(text.charAt(start))) {
    const literal = /^[^\s,\]}{["]+/.exec(text.slice(start));
    return start + (literal?.[0].length ?? 0);
  }
  let depth = 0;
  let inText = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (inText) {
      if (character === "\\") at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    if (depth === 0 && !inText) return at + 1;
  }
  return text.length;
}

/**
 * A value in the shape of a request: known keys under their own names, the last of several spellings winning, unknown
 * ones dropped, `null` the same as absent.
 *
 * @throws UnreadableBody when a value has another type
 */
export function decoded(value: Json, shape: Shape): Json {
  if (value === null) return null;
  if (shape === "any") return value;
  if (shape === "text" && typeof value === "string") return value;
  if (shape === "boolean" && typeof value === "boolean") return value;
  if (shape === "map" && isObject(value)) return value;
  if (typeof shape === "object" && "list" in shape && Array.isArray(value))
    return value.map((item) => decoded(item, shape.list));
  if (typeof shape === "object" && "fields" in shape && isObject(value)) return decodedFields(value, shape.fields);
  throw new UnreadableBody("a value of another type");
}

function decodedFields(value: JsonObject, fields: Readonly<Record<string, Shape>>): JsonObject {
  const names = Object.keys(fields);
  const found = new Map<string, Json>();
  for (const [key, item] of Object.entries(value)) {
    const name =
      names.find((candidate) => candidate === key) ??
      names.find((candidate) => candidate.toLowerCase() === key.toLowerCase());
    const shape = name === undefined ? undefined : fields[name];
    if (name === undefined || shape === undefined) continue;
    const read = decoded(item, shape);
    if (read === null) {
      if (shape !== "text" && shape !== "boolean") found.delete(name);
    } else found.set(name, read);
  }
  return Object.fromEntries(found);
}
