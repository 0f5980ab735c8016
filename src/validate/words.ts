import { closestMatch } from "leven";
import { looksLive } from "../model/credentials.js";
import { isObject, type Json } from "../model/json.js";
import type { Pointer } from "../model/location.js";

/*
 * How values and types are named in a problem.
 */

/** A value with its type visible. Nothing of the credentials is repeated, whatever the field. */
export function shown(value: Json, pointer: Pointer): string {
  return pointer[0] === "encrypted_secret_data" ? kindOf(value) : described(value);
}

function described(value: Json): string {
  if (typeof value === "string" && looksLikeKey(value)) return "a text";
  if (typeof value === "string")
    return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value)}`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return kindOf(value);
}

/** Whether a text has the look of a credential, pasted where it does not belong: a known beginning, or long without a blank. */
export function looksLikeKey(text: string): boolean {
  const isKnown = /^(?:sk|pk|rk|whsec|rzp|pat|xox[a-z]|gh[pousr])[-_]|^AKIA|^eyJ/.test(text);
  return (
    isKnown || looksLive(text) || (text.length >= 20 && /^\S+$/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text))
  );
}

/** What a value is, without anything of it. */
export function kindOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "a map";
  if (typeof value === "string") return "a text";
  return typeof value === "number" ? "a number" : "true or false";
}

export function typeNames(type: unknown): string {
  const names: Record<string, string> = {
    object: "a map",
    array: "a list",
    string: "text",
    boolean: "true or false",
    number: "a number",
    integer: "a whole number",
    null: "null",
  };
  return (Array.isArray(type) ? type : [type]).map((one) => names[String(one)] ?? String(one)).join(" or ");
}

export function hintForType(value: Json, type: unknown): { readonly hint: string } {
  if (type === "boolean" && typeof value === "string") {
    if (["true", "false"].includes(value)) return { hint: `write ${value} without quotes.` };
    if (value.startsWith("${")) return { hint: "this field takes no variable; write true or false." };
    return { hint: "write true or false, without quotes." };
  }
  if (type === "string" && typeof value !== "object") return { hint: "write it in quotes." };
  return { hint: `write ${typeNames(type)}.` };
}

export function lengthDetail(keyword: string, where: string, limit: unknown): string {
  if (keyword === "minLength") return `${where} must not be empty.`;
  return `${where} may have at most ${String(limit)} ${keyword === "maxItems" ? "entries" : "characters"}.`;
}

/** `did you mean NAME?` and a blank, where one that is known is near; else nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  // Nobody types names that long.
  if (name.length > 60) return "";
  const nearest = closestMatch(name, known, { maxDistance: Math.ceil(name.length / 3) });
  return nearest === undefined ? "" : `did you mean ${nearest}? `;
}

/** The names that are known in place of one that is not. */
export function knownInstead(name: string, known: readonly string[]): string {
  return `${didYouMean(name, known)}known here: ${known.join(", ")}.`;
}

export function list(values: unknown): string {
  return Array.isArray(values) ? values.map(String).join(", ") : String(values);
}
