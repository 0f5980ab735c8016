import { isObject, type Json, type JsonObject, ownValue } from "../model/json.js";

/*
 * How the service reads JSON. It is written in Go, whose encoding/json differs from JavaScript's in ways that decide what
 * is stored: keys match whatever their case, unknown ones are dropped, what is written twice is merged, only the first
 * value of a body counts, and a value of another type refuses the whole body.
 */

/** What a field of a request may hold. `json` keeps the text of the value, to be read later. */
export type Shape =
  | "text"
  | "boolean"
  | "integer"
  | "number"
  | "time"
  | "map"
  | "json"
  /** A null in a list is an empty value of its kind, or stays null in a list of pointers. */
  | { readonly list: Shape; readonly ofPointers?: boolean }
  | { readonly fields: Readonly<Record<string, Shape>> };

/** The body is not what the service can read; it answers 400. */
export class UnreadableBody extends Error {
  override readonly name = "UnreadableBody";
}

/** JSON as it is written: members in their order, repeated ones too, and the text of everything. */
type Written = { readonly text: string } & (
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Written])[] }
  | { readonly kind: "list"; readonly items: readonly Written[] }
  | { readonly kind: "plain"; readonly value: string | number | boolean | null }
);

/** Levels of nesting that are read. Go reads 10,000; what is stored is walked here by functions that call themselves. */
const DEEPEST = 1_000;

/**
 * The first JSON value of a text, in the shape of a request: known keys under their own names, unknown ones dropped,
 * `null` the same as absent. What follows the value is ignored.
 *
 * @throws UnreadableBody for an empty text, for one that does not begin with JSON, and for a value of another type
 */
export function firstValue(text: string, shape: Shape): Json {
  const start = text.search(/[^ \t\r\n]/);
  if (start === -1) throw new UnreadableBody("empty");
  return onlyValue(text.slice(start, endOfValue(text, start)), shape);
}

/**
 * Like {@link firstValue}, for a text that holds one value and nothing else.
 *
 * @throws UnreadableBody as there, and when something follows the value
 */
export function onlyValue(text: string, shape: Shape): Json {
  try {
    JSON.parse(text);
    return decoded(new Reader(text).value(0), shape, undefined) ?? null;
  } catch (cause) {
    // JSON.parse says what is no JSON by a SyntaxError, and what is nested too deep for this machine by a RangeError.
    if (cause instanceof SyntaxError || cause instanceof RangeError) throw new UnreadableBody("not JSON");
    throw cause;
  }
}

function endOfValue(text: string, start: number): number {
  if (!'{["'.includes(text.charAt(start))) {
    const literal = /^(?:null|true|false|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/.exec(text.slice(start));
    return start + (literal?.[0].length ?? 1);
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

/** Reads text that is known to be JSON: JSON.parse says whether it is, and forgets what stands there twice. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Written {
    if (depth >= DEEPEST) throw new UnreadableBody("nested too deeply");
    this.#skipBlanks();
    const start = this.#at;
    const opening = this.#text.charAt(start);
    if (opening === "{") {
      const members: (readonly [string, Written])[] = [];
      this.#each("}", () => {
        const key = this.value(depth + 1);
        this.#skipBlanks();
        this.#at += 1;
        members.push([textOf(key), this.value(depth + 1)]);
      });
      return { kind: "object", members, text: this.#text.slice(start, this.#at) };
    }
    if (opening === "[") {
      const items: Written[] = [];
      this.#each("]", () => items.push(this.value(depth + 1)));
      return { kind: "list", items, text: this.#text.slice(start, this.#at) };
    }
    this.#at += opening === '"' ? this.#lengthOfText() : (/^[^\s,\]}]+/.exec(this.#text.slice(start))?.[0].length ?? 1);
    const text = this.#text.slice(start, this.#at);
    const value = JSON.parse(text) as string | number | boolean | null;
    return { kind: "plain", value: typeof value === "string" ? wellFormed(value) : value, text };
  }

  #each(closing: string, read: () => void): void {
    this.#at += 1;
    for (;;) {
      this.#skipBlanks();
      const next = this.#text.charAt(this.#at);
      if (next === closing || next === ",") this.#at += 1;
      if (next === closing) return;
      if (next !== ",") read();
    }
  }

  #lengthOfText(): number {
    let end = this.#at + 1;
    while (this.#text.charAt(end) !== '"') end += this.#text.charAt(end) === "\\" ? 2 : 1;
    return end + 1 - this.#at;
  }

  #skipBlanks(): void {
    while (/[ \t\r\n]/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }
}

function textOf(key: Written): string {
  return key.kind === "plain" ? String(key.value) : "";
}

/** Go has no halves of surrogate pairs: a replacement character stands in their place. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, "\ufffd");
}

/** @param before - what an earlier occurrence of the same key has left: maps and groups are added to */
function decoded(written: Written, shape: Shape, before: Json | undefined): Json | undefined {
  if (shape === "json") return written.text;
  const isNull = written.kind === "plain" && written.value === null;
  if (typeof shape === "object") {
    if (isNull) return undefined;
    if ("list" in shape && written.kind === "list") return decodedList(written.items, shape, before);
    if ("fields" in shape && written.kind === "object") return decodedFields(written.members, shape.fields, before);
    throw anotherType();
  }
  if (shape === "map") {
    if (isNull) return undefined;
    if (written.kind !== "object") throw anotherType();
    return { ...(isObject(before) ? before : {}), ...(free(written) as JsonObject) };
  }
  if (isNull) return before;
  return written.kind === "plain" ? decodedPlain(written.value, written.text, shape) : refuse();
}

function decodedPlain(value: Json, text: string, shape: "text" | "boolean" | "integer" | "number" | "time"): Json {
  switch (shape) {
    case "text":
      return typeof value === "string" ? value : refuse();
    case "boolean":
      return typeof value === "boolean" ? value : refuse();
    case "integer":
      return typeof value === "number" && isInteger(text) ? value : refuse();
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? value : refuse();
    case "time":
      return typeof value === "string" && isTime(value) ? value : refuse();
  }
}

/** Whole numbers of 64 bits, written without a point or an exponent. */
export function isInteger(text: string): boolean {
  if (!/^-?\d+$/.test(text)) return false;
  const value = BigInt(text);
  return value >= -(2n ** 63n) && value < 2n ** 63n;
}

/** RFC 3339, with a date that exists. */
export function isTime(text: string): boolean {
  const parts =
    /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[-+](?:[01]\d|2[0-4]):[0-5]\d)$/.exec(text);
  if (parts === null) return false;
  const [year, month, day] = parts.slice(1, 4).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function decodedList(
  items: readonly Written[],
  { list, ofPointers = false }: Extract<Shape, { readonly list: Shape }>,
  before: Json | undefined,
): Json {
  const earlier: readonly Json[] = Array.isArray(before) ? before : [];
  return items.map((item, index) => {
    const read = decoded(item, list, earlier[index]);
    return read ?? (ofPointers ? null : (earlier[index] ?? emptyOf(list)));
  });
}

function emptyOf(shape: Shape): Json {
  if (typeof shape === "object" && "fields" in shape) return {};
  return shape === "text" ? "" : null;
}

function decodedFields(
  members: readonly (readonly [string, Written])[],
  fields: Readonly<Record<string, Shape>>,
  before: Json | undefined,
): Json {
  const names = Object.keys(fields);
  const found = new Map<string, Json>(Object.entries(isObject(before) ? before : {}));
  for (const [key, item] of members) {
    const name =
      names.find((candidate) => candidate === key) ?? names.find((candidate) => folded(candidate) === folded(key));
    const shape = name === undefined ? undefined : fields[name];
    if (name === undefined || shape === undefined) continue;
    const read = decoded(item, shape, found.get(name));
    if (read === undefined) found.delete(name);
    else found.set(name, read);
  }
  return Object.fromEntries(found);
}

/** Letters that Unicode folds to ASCII ones count as those: the Kelvin sign is a k, the long s is an s. */
function folded(key: string): string {
  return key.toLowerCase().replaceAll("ſ", "s");
}

/** A free value as Go keeps it: of repeated keys the last one, whatever it is. */
function free(written: Written): Json {
  switch (written.kind) {
    case "plain":
      return written.value === Number.POSITIVE_INFINITY || written.value === Number.NEGATIVE_INFINITY
        ? refuse()
        : written.value;
    case "list":
      return written.items.map(free);
    case "object":
      return Object.fromEntries(written.members.map(([key, item]) => [key, free(item)]));
  }
}

function anotherType(): UnreadableBody {
  return new UnreadableBody("a value of another type");
}

function refuse(): never {
  throw anotherType();
}

/** The text at a key; where there is none an empty one, as in Go. */
export function textAt(object: JsonObject, key: string): string {
  const value = ownValue(object, key);
  return typeof value === "string" ? value : "";
}
